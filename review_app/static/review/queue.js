/**
 * The reviewer's queue: the clip on the screen, the next ones, and the decisions on their way to
 * the server. Free of DOM and fetch.
 *
 * The list on the screen is the list that the server has confirmed plus the edits that it has not
 * answered yet, so the next clip shows at once. Edits are sent one after the other, each with the
 * latest version of its clip. A refused edit is dropped, which brings its clip back. While the
 * server can't be reached, everything stays as it is and is retried.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {import('../shared/courier.js').Refusal} Refusal
 * @typedef {import('./list.js').Handed} Handed
 * @typedef {import('./journal.js').Entry} Entry
 * @typedef {import('./journal.js').Done} Done
 * @typedef {{event_id: number, clips: Clip[], undone?: number}} Answer
 *   `undone`: how many decisions
 * @typedef {{decide: (id: number, body: object) => Promise<Answer>,
 *   latest: () => Promise<number | null>, undo: (eventId: number | null) => Promise<Answer>,
 *   load: (limit: number, only?: number) => Promise<Handed>}} Server  they throw a Refusal; `only`:
 *   load that clip alone
 * @typedef {{text: string, bad: boolean}} Notice
 */

import { Courier, GONE, unlessRefused } from '../shared/courier.js';
import { notSaved, sentence, unreachable } from '../shared/words.js';
import { alsoDecided, awaits, changedBetween, clampedCut, whyNot } from './edits.js';
import { Journal } from './journal.js';
import { ClipList } from './list.js';

/** No answer, or a gateway's: the server may or may not have received the request. */
const UNCLEAR = new Set([0, 502, 504]);
const LOW = 8;
const MOST = 200;
const REST_MS = 200;

/** Actions that do not count as decisions. */
const UNCOUNTED = new Set(['nudge', 'annotate']);

/** Stands for the clip of an undo, whose target has the clips. */
const NO_CLIP = /** @type {Clip} */ ({ id: 0 });

export class ReviewQueue {
  decidedToday = 0;
  /** @type {Notice | null} */ notice = null;
  /** True once the server has answered for the first time. */
  loaded = false;
  #server;
  #onchange;
  #now;
  #courier;
  #list = new ClipList();
  #journal = new Journal();
  /** The server's ids of clips by the ids that they had on the screen before.
   * @type {Map<number, number>} */
  #named = new Map();
  /** The clip to begin with. @type {number | null} */ #wish = null;
  /** @type {{promise: Promise<void>, resolve: () => void} | null} */ #loading = null;
  #restsUntil = 0;

  /** @param {{server: Server, onchange: () => void, delay?: (ms: number) => Promise<void>,
   *   now?: () => number}} options */
  constructor({ server, onchange, delay, now = () => performance.now() }) {
    this.#server = server;
    this.#onchange = onchange;
    this.#now = now;
    this.#courier = new Courier({ next: () => this.#task(), onchange, delay });
  }

  get clips() {
    return this.#list.clips;
  }

  /** The clip on the screen. */
  get current() {
    return this.#list.current;
  }

  get next() {
    return this.#list.next;
  }

  get position() {
    return this.#list.position;
  }

  get pending() {
    return this.#list.pending;
  }

  get withOthers() {
    return this.#list.withOthers;
  }

  get inOtherPages() {
    return this.#list.inOtherPages;
  }

  /** True when no clip is left, here or on the server. */
  get isOver() {
    return this.loaded && !this.current && !this.#list.hasMore;
  }

  /** True while only the server's answer can tell what the screen shows next. */
  get busy() {
    return this.#journal.edits.some(awaits);
  }

  /** Edits on their way. */
  get unsaved() {
    return this.#journal.edits.length;
  }

  /** Why nothing reaches the server right now, and what waits for it. */
  get trouble() {
    const { trouble } = this.#courier;
    return trouble && unreachable(trouble, this.unsaved);
  }

  /** This reviewer's decisions that are not undone, newest first, including unsaved ones. */
  get done() {
    return this.#journal.done;
  }

  /** @param {{recent: Done[], today: number}} mine this reviewer's decisions from the server */
  remember({ recent, today }) {
    this.#journal.remember(recent);
    this.decidedToday = today;
    this.#onchange();
  }

  // --- The list -------------------------------------------------------------------------------

  /** Fetches more clips when few are left: new ones appear, and other reviewers return some. */
  async refill() {
    if (this.#list.left < LOW) await this.renew();
  }

  /** Renews the leases of the clips that are here, and fetches more when few are left. */
  renew() {
    if (!this.#loading) {
      let resolve = () => {};
      const promise = /** @type {Promise<void>} */ (new Promise((done) => { resolve = done; }));
      this.#loading = { promise, resolve };
      this.#courier.wake();
    }
    return this.#loading.promise;
  }

  /** Begins another list, at the clip `wish` if there is one. @param {number | null} [wish] */
  begin(wish = null) {
    this.#list = new ClipList();
    this.#wish = wish;
    this.loaded = false;
    this.notice = null;
    this.#onchange();
    return this.renew();
  }

  /** Moves on to another clip without a decision. @param {number} by */
  look(by) {
    const at = this.#list.at + by;
    if (!this.clips[at]) return;
    this.#list.at = at;
    this.notice = null;
    this.#onchange();
    this.#fetchMore();
  }

  /** @param {number} id of a clip in the list */
  show(id) {
    this.look(this.clips.findIndex((clip) => clip.id === id) - this.#list.at);
  }

  // --- Decisions ------------------------------------------------------------------------------

  /** @param {string} action approve, skip, archive, group, merge or split
   * @param {Record<string, any>} [fields] what else the server needs to know */
  decide(action, fields = {}) {
    const clip = this.current;
    if (!clip || this.busy) return;
    const why = whyNot(action, clip, fields);
    this.notice = null;
    if (why) {
      this.#say(why, false);
    } else {
      this.#add(action, clip, { fields });
      if (alsoDecided(action, clip)) this.#say('Grouped: 2 clips approved.', false);
    }
    this.#onchange();
  }

  /** Describes a clip, which need not be on the screen. @param {number} id
   * @param {{labels?: string[], rating?: number | null, note?: string | null}} fields */
  annotate(id, fields) {
    const known = this.#named.get(id) ?? id;
    const clip = this.clips.find((each) => each.id === known);
    if (!clip) return;
    this.notice = null;
    this.#add('annotate', clip, { fields });
    this.#onchange();
  }

  /** Moves the cut at one edge of the clip on the screen. @param {'start' | 'end'} edge
   * @param {number} by frames @returns {boolean} true if it has moved */
  nudge(edge, by) {
    const clip = this.current;
    if (!clip || this.busy) return false;
    const why = whyNot('nudge', clip, { edge });
    const from = edge === 'start' ? clip.start_frame : clip.end_frame;
    const frame = clampedCut(clip, edge, from + by);
    if (why || frame === from) {
      this.#say(why ?? "The cut can't go there: each clip keeps at least one frame.", false);
      this.#onchange();
      return false;
    }
    this.notice = null;
    this.#restsUntil = this.#now() + REST_MS;
    const last = this.#journal.edits.at(-1);
    if (last?.fate === 'resting' && last.clip.id === clip.id && last.fields.edge === edge) {
      last.fields.frame = frame;
      this.#refresh();
    } else {
      this.#add('nudge', clip, { fields: { edge, frame }, fate: 'resting' });
    }
    this.#onchange();
    return true;
  }

  /** Undoes a decision: the given one, or the latest. @param {Done} [done] */
  undo(done = this.done[0]) {
    const target = done?.edit ?? null;
    const focus = target?.clip.id ?? null;
    this.notice = null;
    if (target && this.#journal.canDrop(target)) {
      this.#journal.drop(target);
      this.#refresh(focus);
    } else {
      const place = this.current?.id ?? null;
      const rest = { target, eventId: done?.id ?? null, place, fields: { action: done?.action } };
      this.#add('undo', NO_CLIP, rest, focus);
    }
    if (target) this.#say('Undone.', false);
    this.#onchange();
  }

  /** Shows a notice that no decision caused. @param {string} text
   * @param {boolean} [bad] */
  tell(text, bad = false) {
    this.#say(text, bad);
    this.#onchange();
  }

  /** Sends at once what waits: a nudge that rests, or edits that wait for the server. */
  flush() {
    this.#restsUntil = 0;
    this.#courier.wake({ force: true });
  }

  /** @param {string} action @param {Clip} clip @param {Partial<Entry>} rest
   * @param {number | null} [focus] the clip to show then; by default the first one made */
  #add(action, clip, rest, focus = null) {
    const old = this.clips;
    const edit = this.#journal.add(action, clip, rest);
    this.#refresh(focus ?? edit.made[0]);
    edit.before = changedBetween(old, this.clips);
    this.#courier.wake();
    this.#fetchMore();
  }

  /** Fetches more clips when few are left and the server has more. */
  #fetchMore() {
    if (this.#list.hasMore) void this.refill();
  }

  /** @param {number | null} [focus] @param {Map<number, number>} [names] */
  #refresh(focus, names) {
    this.#list.refresh(this.#journal.edits, focus, names);
  }

  /** @param {string} text @param {boolean} bad */
  #say(text, bad) {
    this.notice = { text, bad };
  }

  // --- To the server and back -----------------------------------------------------------------

  /** Lists are loaded between two edits, so that they hold exactly the confirmed state. */
  #task() {
    const [edit] = this.#journal.edits;
    if (this.#loading) return () => this.#load();
    if (!edit) return null;
    const rest = this.#restsUntil - this.#now();
    const rests = edit.fate === 'resting' && this.#journal.edits.length === 1 && rest > 0;
    return rests ? rest : () => this.#send(edit);
  }

  async #load() {
    const [list, wish] = [this.#list, this.#wish];
    const limit = Math.min(MOST, list.length + (list.left < LOW ? LOW : 0));
    const handed = await unlessRefused(this.#read(Math.max(1, limit), wish), (refusal) => {
      this.#say(`The clips can't be loaded. ${sentence(refusal)}`, true);
    });
    if (list !== this.#list) return; // another list has begun, and is loaded next
    if (handed) {
      list.take(handed, this.#journal.edits);
      this.loaded = true;
      this.#wish = null;
      this.#refresh(wish);
    }
    this.#loading?.resolve();
    this.#loading = null;
  }

  /** @param {number} limit @param {number | null} wish @returns {Promise<Handed>} */
  async #read(limit, wish) {
    const handed = await this.#server.load(limit);
    if (wish === null || handed.clips.some((clip) => clip.id === wish)) return handed;
    const { clips } = await this.#server.load(1, wish);
    return { ...handed, clips: [...clips, ...handed.clips] };
  }

  /** @param {Entry} edit */
  async #send(edit) {
    const { action, clip, fields } = edit;
    edit.fate = 'sent';
    const request = action === 'undo'
      ? this.#takeBack(edit)
      : this.#server.decide(clip.id, { action, version: clip.version, ...fields });
    const answer = await unlessRefused(
      request.catch((refusal) => {
        edit.isUnclear ||= UNCLEAR.has(refusal.status);
        edit.fate = edit.isUnclear ? 'unanswered' : 'failed';
        throw refusal;
      }),
      (refusal) => this.#refused(edit, refusal),
    );
    if (answer) this.#save(edit, answer);
    this.#fetchMore();
  }

  /** @param {Entry} edit */
  async #takeBack(edit) {
    // By its id, so that a retry after a lost answer undoes nothing else.
    edit.eventId ??= edit.target?.eventId ?? await this.#server.latest();
    return this.#server.undo(edit.eventId);
  }

  /** @param {Entry} edit @param {Answer} answer */
  #save(edit, { event_id: id, clips, undone = 1 }) {
    const wasUnclear = awaits(edit);
    const arrived = this.#list.settle(edit, clips);
    const names = this.#journal.confirm(edit, id, clips, arrived);
    for (const [before, now] of names) this.#named.set(before, now);
    const isUndo = edit.action === 'undo';
    if (!UNCOUNTED.has(isUndo ? edit.fields.action : edit.action)) {
      this.decidedToday = Math.max(0, this.decidedToday + (isUndo ? -undone : 1));
    }
    if (isUndo && wasUnclear) this.#say('Undone.', false);
    this.#refresh(wasUnclear ? arrived[0]?.id : null, names);
  }

  /** @param {Entry} edit @param {Refusal} refusal */
  #refused(edit, refusal) {
    if (edit.action === 'undo' && edit.isUnclear && refusal.status === GONE) {
      this.#wasUndone(edit);
      return;
    }
    const others = this.#journal.drop(edit);
    if (refusal.body?.clip) this.#list.correct(refusal.body.clip);
    if (edit.action === 'undo') {
      if (refusal.status === GONE) this.#journal.forget(edit.eventId);
      this.#say(`Nothing was undone. ${sentence(refusal)}`, true);
    } else {
      this.#say(notSaved(edit, refusal, others), true);
    }
    this.#refresh(edit.clip.id);
  }

  /** Handles an undo whose first answer was lost: its clips are as they were before, and reloading
   * the list brings their versions. @param {Entry} edit */
  #wasUndone(edit) {
    void this.renew();
    this.#save(edit, { event_id: 0, clips: edit.target?.before ?? [] });
    this.#say('Undone.', false);
  }
}

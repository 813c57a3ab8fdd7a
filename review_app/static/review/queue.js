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
 * @typedef {import('./journal.js').Mine} Mine
 * @typedef {{event_id: number, clips: Clip[], today?: number}} Answer  `clips`: of a
 *   clip that was marked or annotated, maybe only what that may change; `today`: of an undo, how many
 *   decisions of today stand
 * @typedef {{decide: (id: number, body: object, task: object) => Promise<Answer>,
 *   mine: (before?: number) => Promise<Mine>,
 *   undo: (eventId: number | null, task: object) => Promise<Answer>,
 *   decideAll: (body: object, task: object) => Promise<{event_id: number | null, clips: Clip[],
 *     refused: {error: string, clip: Clip | null}[]}>,
 *   open: (id: number) => Promise<{clip: Clip}>,
 *   load: (limit: number, options?: {only?: number, anew?: boolean}) => Promise<Handed>}} Server
 *   they throw a Refusal; `open`: a clip in any state; `only`: load that clip alone; `anew`: what
 *   was handed out before does not come first
 * @typedef {{text: string, bad: boolean}} Notice
 */

import { Courier, GONE, unlessRefused } from '../shared/courier.js';
import { Stacks } from '../shared/stacks.js';
import {
  clipName, count, doneWord, notSaved, sentence, stateTold, unreachable,
} from '../shared/words.js';
import { alsoDone, awaits, changedBetween, clampedCut, STACKED, whyNot } from './edits.js';
import { Journal } from './journal.js';
import { latestUndoable } from './latest.js';
import { ClipList } from './list.js';
import { Walk } from './walk.js';

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
  /** True once a clip was decided on, on this page. */
  hasDecided = false;
  #server;
  #onchange;
  #now;
  #courier;
  #stacks;
  #list;
  #journal = new Journal();
  /** The server's ids of clips by the ids that they had on the screen before.
   * @type {Map<number, number>} */
  #named = new Map();
  /** The clip to begin with. @type {number | null} */ #wish = null;
  /** True for a list that has not been handed out before. */ #isAnew = false;
  /** True while this reviewer's decisions are to be asked for. */ #asksMine = false;
  /** The clip that the reviewer goes to, which the server has yet to hand out.
   * @type {number | null} */
  #goal = null;
  /** @type {{promise: Promise<void>, resolve: () => void} | null} */ #loading = null;
  #restsUntil = 0;
  #walk = new Walk({
    journal: this.#journal,
    list: () => this.#list,
    goal: () => this.#goal,
    look: (by) => this.look(by),
    show: (id) => this.show(id),
    tell: (text) => this.tell(text),
  });

  /** @param {{server: Server, onchange: () => void, stacks?: Stacks,
   *   delay?: (ms: number) => Promise<void>, now?: () => number}} options `stacks` learn which clips
   *   show the same */
  constructor({ server, onchange, stacks = new Stacks(), delay, now = () => performance.now() }) {
    this.#server = server;
    this.#stacks = stacks;
    this.#list = new ClipList(0, stacks);
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

  /** How many clips of this list were decided on. */
  get decided() {
    return this.#list.decided;
  }

  /** The clips that a decision on one is meant for: those of its closed stack, itself included.
   * @param {Clip} clip */
  under(clip) {
    return this.#list.under(clip);
  }

  /** True while the screen shows a clip that the list does not have. */
  get hasGuest() {
    return this.#list.hasGuest;
  }

  /** True where the server has clips for this page that are not here. */
  get hasMore() {
    return this.#list.hasMore;
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
    return this.#goal !== null || this.#journal.edits.some(awaits);
  }

  /** Edits on their way. */
  get unsaved() {
    return this.#journal.edits.length;
  }

  /** True where a page that closes now may lose an edit. The one that is sent first arrives. */
  get mayLose() {
    return this.unsaved > 1 || (this.unsaved === 1 && this.#courier.trouble !== null);
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

  /** Asks for this reviewer's decisions. */
  recall() {
    this.#asksMine = true;
    this.#courier.wake();
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

  /** Begins another list. @param {{wish?: number | null, decided?: number, goesOn?: boolean}}
   * [options] `wish`: the clip to begin with, if it is there; `decided`: how many clips of the list
   * were decided on before; `goesOn`: it was handed out before, and the same clips come first */
  begin({ wish = null, decided = 0, goesOn = false } = {}) {
    this.#list = new ClipList(decided, this.#stacks);
    this.#wish = wish;
    this.#isAnew = !goesOn;
    this.#goal = null;
    this.loaded = false;
    this.notice = null;
    this.#onchange();
    return this.renew();
  }

  /** Moves on to another clip without a decision. @param {number} by */
  look(by) {
    const clip = this.#list.beside(by);
    if (clip) this.#turnTo(clip.id);
  }

  /** @param {number} id of a clip of the list */
  #turnTo(id) {
    this.#goal = null;
    this.notice = null;
    this.#refresh(id);
    this.#onchange();
    this.#fetchMore();
  }

  /** Goes to a clip, which need not be in the list. @param {number} id */
  show(id) {
    if (this.clips.some((clip) => clip.id === id)) {
      this.#turnTo(id);
      return;
    }
    const { trouble } = this.#courier;
    if (trouble) {
      this.tell(`The ${clipName(id)} can't be opened. ${sentence(trouble)}`, true);
      return;
    }
    this.notice = null;
    this.#goal = id;
    this.#restsUntil = 0;
    this.#courier.wake();
    this.#onchange();
  }

  /** Goes back: to the clip before in the list, then through those that were decided on. */
  goBack() {
    this.#walk.back();
    this.#courier.wake();
  }

  /** Goes forward: through the clips that were decided on, then to the next one of the list. */
  goForward() {
    this.#walk.forward();
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
      const also = STACKED.has(action) ? this.under(clip).filter((each) => each !== clip) : [];
      this.#add(action, clip, { fields, also });
      this.hasDecided = true;
      const more = also.length > 0
        ? `${doneWord(action, [])}: ${count(also.length + 1, 'clip')} that show the same.`
        : alsoDone(action, clip, fields);
      if (more) this.#say(more, false);
    }
    this.#onchange();
  }

  /** Describes a clip, which need not be on the screen. @param {number} id
   * @param {{labels?: string[], rating?: number | null, note?: string | null,
   *   chosen_frames?: number[]}} fields */
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

  /** Undoes a decision: the given one, or the latest that can be undone. @param {Done} [done] */
  undo(done = this.#journal.undoable) {
    this.#goal = null;
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
    if (this.#asksMine) return () => this.#recall();
    const before = this.#journal.wantsBefore;
    if (before !== null) return () => this.#recallBefore(before);
    const goal = this.#goal;
    if (!edit) return goal === null ? null : () => this.#open(goal);
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
      this.#isAnew = false;
      this.#wish = null;
      this.#refresh(wish);
    }
    this.#loading?.resolve();
    this.#loading = null;
  }

  /** @param {number} limit @param {number | null} wish @returns {Promise<Handed>} */
  async #read(limit, wish) {
    const handed = await this.#server.load(limit, { anew: this.#isAnew });
    if (wish === null || handed.clips.some((clip) => clip.id === wish)) return handed;
    const { clips } = await this.#server.load(1, { only: wish });
    return { ...handed, clips: [...clips, ...handed.clips] };
  }

  async #recall() {
    const mine = await unlessRefused(this.#server.mine(), () => {});
    this.#asksMine = false;
    if (!mine) return;
    this.#journal.remember(mine);
    this.decidedToday = mine.today;
  }

  /** @param {number} before */
  async #recallBefore(before) {
    const mine = await unlessRefused(this.#server.mine(before), () => this.#journal.endHere());
    if (mine) this.#journal.recall(mine);
  }

  /** Shows the clip that the reviewer goes to. It is not tried again: they can.
   * @param {number} goal */
  async #open(goal) {
    const id = this.#named.get(goal) ?? goal;
    const opened = await this.#server.open(id).catch((/** @type {Refusal} */ refusal) => refusal);
    if (this.#goal !== goal) return;
    this.#goal = null;
    if (!('clip' in opened)) {
      this.#say(`The ${clipName(id)} can't be opened. ${sentence(opened)}`, true);
      return;
    }
    const { clip } = opened;
    this.#list.receive(clip, this.#journal.edits);
    if (!this.hasGuest) return;
    this.#say(`Clip ${id}: ${stateTold(clip, new Date())}. Decide anew, or go on.`, false);
  }

  /** @param {Entry} edit */
  async #send(edit) {
    const { action, clip, fields } = edit;
    edit.fate = 'sent';
    const request = action === 'undo'
      ? this.#takeBack(edit)
      : edit.also.length > 0
        ? this.#decideAll(edit)
        : this.#server.decide(clip.id, { action, version: clip.version, ...fields }, edit);
    const answer = await unlessRefused(
      request.catch((refusal) => {
        edit.isUnclear ||= UNCLEAR.has(refusal.status);
        edit.fate = edit.isUnclear ? 'unanswered' : 'failed';
        this.#goal = null;
        throw refusal;
      }),
      (refusal) => this.#refused(edit, refusal),
    );
    if (answer) this.#save(edit, answer);
    this.#fetchMore();
  }

  /** Decides on a whole stack. What the server refuses of it comes back.
   * @param {Entry} edit @returns {Promise<Answer>} */
  async #decideAll(edit) {
    const { action, clip, also } = edit;
    const clips = [clip, ...also].map(({ id, version }) => ({ id, version }));
    const { event_id: id, clips: decided, refused } = await this.#server.decideAll({ action, clips }, edit);
    const [first] = refused;
    if (id === null) {
      throw Object.assign(new Error(first.error), { status: 409, body: { clip: first.clip } });
    }
    for (const { clip: now } of refused) if (now) this.#list.correct(now);
    if (first) {
      void this.renew();
      const some = `${refused.length} of ${count(clips.length, 'clip')}`;
      this.#say(`Not ${doneWord(action, []).toLowerCase()}: ${some}. ${sentence({ message: first.error })}`, true);
    }
    return { event_id: id, clips: decided };
  }

  /** @param {Entry} edit learns what it takes back */
  async #takeBack(edit) {
    // By its id, so that a retry after a lost answer undoes nothing else.
    edit.eventId ??= edit.target?.eventId ?? null;
    if (edit.eventId === null) {
      const latest = await latestUndoable(
        (before) => this.#server.mine(before), (id) => this.#journal.isStuck(id),
      );
      edit.eventId = latest?.id ?? null;
      if (latest) edit.fields.action = latest.action;
    }
    return this.#server.undo(edit.eventId, edit);
  }

  /** @param {Entry} edit @param {Answer} answer */
  #save(edit, { event_id: id, clips, today }) {
    const wasUnclear = awaits(edit);
    const arrived = this.#list.settle(edit, clips);
    const names = this.#journal.confirm(edit, id, clips, arrived);
    for (const [before, now] of names) this.#named.set(before, now);
    const isUndo = edit.action === 'undo';
    const decisions = edit.also.length > 0 ? clips.length : 1;
    if (!isUndo) this.decidedToday += UNCOUNTED.has(edit.action) ? 0 : decisions;
    else if (today === undefined) this.#asksMine = true;
    else this.decidedToday = today;
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
    void this.renew(); // its neighbours may have changed, too
    if (edit.action === 'undo') {
      const isGone = refusal.status === GONE;
      if (isGone) this.#journal.forget(edit.eventId);
      else if (edit.eventId !== null) this.#journal.stick(edit.eventId, sentence(refusal));
      const next = this.#journal.undoable && edit.eventId !== null
        ? ' The next undo takes back the one before.'
        : '';
      this.#say(`Nothing was undone. ${sentence(refusal)}${next}`, true);
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

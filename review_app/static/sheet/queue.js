/**
 * The clips of the contact sheet, and decisions on many of them at once. Free of DOM and fetch.
 *
 * The sheet shows the clips that the server has confirmed without those decided on since, so
 * decided clips leave at once. Batches are sent one after the other. A clip that the server refuses
 * comes back with the reason. While the server can't be reached, everything waits and is retried.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {import('../shared/courier.js').Refusal} Refusal
 * @typedef {{clips: Clip[], pending: number, with_others: number, total: number,
 *   available: number, stacks: number[][]}} Handed  `stacks`: ids of clips that show the same
 * @typedef {{id: number, error: string, clip: Clip | null}} Refused
 * @typedef {{event_id: number | null, batch_id: number | null, clips: Clip[],
 *   refused: Refused[]}} Answer
 * @typedef {{load: (limit: number, anew: boolean) => Promise<Handed>,
 *   decide: (body: object, task: object) => Promise<Answer>,
 *   latest: () => Promise<number | null>,
 *   undo: (eventId: number | null, task: object) => Promise<{clips: Clip[]}>}} Server  they throw a Refusal
 * @typedef {{rating?: number | null, note?: string | null, add_labels?: string[],
 *   remove_labels?: string[]}} Fields
 * @typedef {{action: string, fields: Fields, versions: Map<number, number>,
 *   fate: 'waiting' | 'sent' | 'unanswered', eventId: number | null}} Batch  `versions` by clip
 * @typedef {{action: 'undo', of: Batch | null, fate: Batch['fate'], eventId: number | null}} Undo
 *   without `of`: of the latest decision from before this page
 * @typedef {{text: string, bad: boolean}} Notice
 */

import { Courier, GONE, unlessRefused } from '../shared/courier.js';
import { Stacks } from '../shared/stacks.js';
import { count, doneWord, inOtherPages, sentence } from '../shared/words.js';

/** The states that follow from decisions. @type {Record<string, string>} */
const AFTER = { approve: 'review_approved', skip: 'review_skipped', archive: 'review_archived' };

export class SheetQueue {
  /** @type {Notice | null} */ notice = null;
  /** True once the server has answered for the first time. */
  loaded = false;
  /** Clips of the selection, including those that other reviewers have. */
  total = 0;
  /** Those of them that this page can have and did not ask for yet. */
  more = 0;
  withOthers = 0;
  /** Pending clips that other tabs of this reviewer have. */
  inOtherPages = 0;
  decidedToday = 0;
  /** Why a clip came back. @type {Map<number, string>} */ refusals = new Map();
  #server;
  #belongs;
  #onchange;
  #stacks;
  #courier;
  /** As the server has confirmed them. @type {Map<number, Clip>} */ #clips = new Map();
  /** The ids of all clips that have been here, in the order of the sheet.
   * @type {number[]} */
  #order = [];
  /** Versions of clips that have left: an older answer must not bring them back.
   * @type {Map<number, number>} */
  #left = new Map();
  /** Not answered yet, oldest first. @type {(Batch | Undo)[]} */ #edits = [];
  /** This page's saved decisions that are not undone, the latest last.
   * @type {Batch[]} */
  #saved = [];
  /** Why the clips can't be loaded. @type {string | null} */ #unread = null;
  /** True until the first clips of another list are here: they come in its own order, not with
   * those first that the page has on lease. */
  #isAnew = false;
  /** Raised when another list begins: answers about the previous one are ignored. */
  #list = 0;
  /** The list that is being loaded, and when it is.
   * @type {{list: number, answer: Promise<void>} | null} */
  #loading = null;
  /** How many clips were wanted last. */
  #most = 0;

  /** @param {{server: Server, belongs: (clip: {state: string}) => boolean, onchange: () => void,
   *   stacks?: Stacks, delay?: (ms: number) => Promise<void>}} options `belongs`: whether a clip is
   *   in a state that this sheet shows; `stacks` learn which clips show the same */
  constructor({ server, belongs, onchange, stacks = new Stacks(), delay }) {
    this.#server = server;
    this.#belongs = belongs;
    this.#onchange = onchange;
    this.#stacks = stacks;
    this.#courier = new Courier({ next: () => this.#task(), onchange, delay });
  }

  /** What is shown, in order. @returns {Clip[]} */
  get clips() {
    const decided = idsOf(this.#leaving());
    const shown = this.#order.flatMap((id) => this.#clips.get(id) ?? []);
    return shown.filter(({ id }) => !decided.has(id)).map((clip) => this.#described(clip));
  }

  /** Why nothing reaches the server right now, and what waits for it. */
  get trouble() {
    const { trouble } = this.#courier;
    if (!trouble) return this.#unread;
    const clips = this.unsaved;
    const what = clips ? `Decisions on ${count(clips, 'clip')} wait here.` : 'The undo waits here.';
    return `${sentence(trouble)} ${what}`;
  }

  /** Clips whose decision or rating is not saved yet. */
  get unsaved() {
    return idsOf(this.#batches()).size;
  }

  /** Clips whose decision is on its way, so that they are not shown. */
  get leaving() {
    return idsOf(this.#leaving()).size;
  }

  /** Clips that stay although something about them is on its way. */
  get saving() {
    const leaving = new Set(this.#leaving());
    return idsOf(this.#batches().filter((batch) => !leaving.has(batch)));
  }

  /** Renews the leases of the clips that are here, and fetches more, up to `most`; while it does,
   * another call waits for the same answer. @param {number} most @returns {Promise<void>} */
  renew(most) {
    const list = this.#list;
    if (this.#loading?.list !== list) {
      const answer = this.#load(most, list).finally(() => {
        if (this.#loading?.answer === answer) this.#loading = null;
      });
      this.#loading = { list, answer };
    }
    return this.#loading.answer;
  }

  /** @param {number} most @param {number} list */
  async #load(most, list) {
    this.#most = most;
    const asked = new Map(this.#clips);
    try {
      const handed = await this.#server.load(most, this.#isAnew);
      if (list !== this.#list) return;
      this.total = handed.total;
      this.more = Math.max(0, handed.available - handed.clips.length);
      this.#stacks.take(handed.stacks, handed.clips);
      this.withOthers = handed.with_others;
      this.inOtherPages = inOtherPages(handed);
      this.loaded = true;
      this.#isAnew = false;
      this.#take(handed.clips, asked);
      this.#unread = null;
    } catch (error) {
      if (list !== this.#list) return; // another list has begun, and is loaded by its own call
      const told = sentence(/** @type {Refusal} */ (error));
      this.#unread = `The clips can't be loaded. ${told} Retrying.`;
    }
    this.#onchange();
  }

  /** Begins another list. Decisions that are on their way are still sent. */
  begin() {
    this.#clips.clear();
    this.#order = [];
    this.#left.clear();
    this.refusals.clear();
    this.more = 0;
    this.loaded = false;
    this.notice = null;
    this.#isAnew = true;
    this.#list += 1;
    this.#onchange();
  }

  /** @param {string} action approve, skip, archive or annotate @param {Clip[]} clips
   * @param {Fields} [fields] */
  decide(action, clips, fields = {}) {
    if (clips.length === 0) return;
    for (const { id } of clips) this.refusals.delete(id);
    this.notice = null;
    const versions = new Map(clips.map(({ id, version }) => [id, version]));
    this.#enqueue({ action, fields, versions, fate: 'waiting', eventId: null });
  }

  /** Undoes the whole latest batch. */
  undo() {
    this.notice = null;
    const undone = new Set(this.#edits.map((edit) => ('of' in edit ? edit.of : null)));
    const latest = this.#batches().filter((batch) => !undone.has(batch)).at(-1);
    if (latest?.fate === 'waiting') {
      // The server has never heard of it.
      this.#edits = this.#edits.filter((edit) => edit !== latest);
      this.#undone(latest.versions.size);
      this.#onchange();
      return;
    }
    const of = latest ?? this.#saved.filter((batch) => !undone.has(batch)).at(-1) ?? null;
    this.#enqueue({ action: 'undo', of, fate: 'waiting', eventId: null });
  }

  /** Retries at once what waits. */
  repeat() {
    this.#courier.wake({ force: true });
    if (this.#unread) void this.renew(this.#most);
  }

  #batches() {
    return this.#edits.filter((edit) => 'versions' in edit);
  }

  /** Batches whose clips leave the sheet. */
  #leaving() {
    return this.#batches().filter(({ action }) =>
      action in AFTER && !this.#belongs({ state: AFTER[action] }));
  }

  /** The clip with what is not saved of it yet. @param {Clip} clip */
  #described(clip) {
    return this.#batches()
      .filter(({ action, versions }) => action === 'annotate' && versions.has(clip.id))
      .reduce((now, { fields }) => described(now, fields), clip);
  }

  /** @param {Batch | Undo} edit */
  #enqueue(edit) {
    this.#edits.push(edit);
    this.#onchange();
    this.#courier.wake();
  }

  #task() {
    const [edit] = this.#edits;
    return edit ? () => this.#carry(edit) : null;
  }

  /** @param {Batch | Undo} edit */
  async #carry(edit) {
    const wasUnclear = edit.fate === 'unanswered';
    edit.fate = 'sent';
    try {
      if ('versions' in edit) await this.#send(edit);
      else await this.#sendUndo(edit, wasUnclear);
      if (this.#unread) void this.renew(this.#most);
    } catch (error) {
      edit.fate = 'unanswered';
      throw error;
    }
  }

  /** @param {Batch} batch */
  async #send(batch) {
    const clips = [...batch.versions].map(([id, version]) => ({ id, version }));
    const { action, fields } = batch;
    const request = this.#server.decide({ action, clips, ...fields }, batch);
    const answer = await unlessRefused(request, (refusal) => {
      this.#say(`${notDone(batch, clips.length)} ${sentence(refusal)}`, true);
    });
    this.#drop(batch);
    if (!answer) return;
    batch.eventId = answer.batch_id ?? answer.event_id;
    if (answer.clips.length > 0) this.#saved.push(batch);
    if (batch.action in AFTER) this.decidedToday += answer.clips.length;
    this.#confirm(answer.clips);
    if (batch.action in AFTER) this.#leaveToOthers(answer.clips);
    if (answer.refused.length > 0) this.#refuse(batch, answer.refused);
    else if (clips.length > 1) this.#say(`${wordOf(batch)}: ${count(clips.length, 'clip')}.`);
  }

  /** @param {Batch} batch @param {Refused[]} refused */
  #refuse(batch, refused) {
    for (const { id, error, clip } of refused) {
      if (clip) this.#put(clip);
      else this.#clips.delete(id);
      this.refusals.set(id, error);
    }
    const { size } = batch.versions;
    const many = refused.length > 1 ? ` ${notDone(batch, refused.length, size)}` : '';
    this.#say(`${sentence({ message: refused[0].error })}${many}`, true);
  }

  /** @param {Undo} undo @param {boolean} wasUnclear the answer to an earlier request was lost */
  async #sendUndo(undo, wasUnclear) {
    const { of } = undo;
    const isOfNothing = of && of.eventId === null; // the server refused the whole batch
    const answer = isOfNothing ? null : await unlessRefused(this.#takeBack(undo), (refusal) =>
      this.#undoRefused(of, refusal, wasUnclear));
    this.#drop(undo);
    if (!answer) return;
    this.#forget(of);
    for (const { id } of answer.clips) {
      this.#left.delete(id);
      if (!this.#order.includes(id)) this.#order.unshift(id);
    }
    this.#confirm(answer.clips);
    this.#undone(answer.clips.length);
    if (of && of.action in AFTER) {
      this.decidedToday = Math.max(0, this.decidedToday - answer.clips.length);
    }
  }

  /** @param {Undo} undo */
  async #takeBack(undo) {
    // By its id, so that a retry after a lost answer undoes nothing else.
    undo.eventId ??= undo.of ? undo.of.eventId : await this.#server.latest();
    return this.#server.undo(undo.eventId, undo);
  }

  /** @param {Batch | null} batch @param {Refusal} refusal @param {boolean} wasUnclear */
  #undoRefused(batch, refusal, wasUnclear) {
    const isGone = refusal.status === GONE;
    if (isGone) this.#forget(batch);
    if (isGone && wasUnclear) {
      this.#say('Undone.');
      void this.renew(this.#most); // which brings the clips
    } else {
      this.#say(`Nothing was undone. ${sentence(refusal)}`, true);
    }
  }

  /** @param {number} number */
  #undone(number) {
    this.#say(`Undone: ${count(number, 'clip')}.`);
  }

  /** @param {string} text @param {boolean} [bad] */
  #say(text, bad = false) {
    this.notice = { text, bad };
  }

  /** @param {Batch | Undo} edit */
  #drop(edit) {
    this.#edits = this.#edits.filter((other) => other !== edit);
  }

  /** @param {Batch | null} batch */
  #forget(batch) {
    this.#saved = this.#saved.filter((other) => other !== batch);
  }

  /** Takes in clips as our own request left them: waiting batches build on their new versions.
   * @param {Clip[]} clips */
  #confirm(clips) {
    for (const clip of clips) {
      this.#put(clip);
      for (const { versions } of this.#batches()) {
        if (versions.has(clip.id)) versions.set(clip.id, clip.version);
      }
    }
  }

  /** Clips that still wait after our decision wait for somebody else's. @param {Clip[]} clips */
  #leaveToOthers(clips) {
    for (const { id, state, version } of clips) {
      if (state !== 'pending_review') continue;
      this.#clips.delete(id);
      this.#left.set(id, version);
    }
  }

  /** @param {Clip} clip */
  #put(clip) {
    if (this.#belongs(clip)) {
      this.#clips.set(clip.id, clip);
    } else {
      this.#clips.delete(clip.id);
      this.#left.set(clip.id, clip.version);
    }
  }

  /** Brings the sheet in line with the clips that the server handed out. Clips that have changed
   * here since the request stay. @param {Clip[]} handed @param {Map<number, Clip>} asked */
  #take(handed, asked) {
    const fresh = new Set(handed.map(({ id }) => id));
    const decided = idsOf(this.#batches());
    for (const [id, clip] of this.#clips) {
      if (asked.get(id) === clip && !fresh.has(id) && !decided.has(id)) this.#clips.delete(id);
    }
    let place = 0;
    for (const clip of handed) {
      if (clip.version <= (this.#left.get(clip.id) ?? 0)) continue;
      if (clip.version >= (this.#clips.get(clip.id)?.version ?? 0)) this.#clips.set(clip.id, clip);
      const known = this.#order.indexOf(clip.id);
      if (known < 0) this.#order.splice(place, 0, clip.id);
      place = (known < 0 ? place : known) + 1;
    }
  }
}

/** @param {Batch} batch */
function wordOf({ action, fields }) {
  const changed = Object.keys(fields).map((name) => name.replace(/^(add|remove)_/, ''));
  return doneWord(action, [...new Set(changed)]);
}

/** @param {Clip} clip @param {Fields} fields @returns {Clip} */
function described(clip, { add_labels: added = [], remove_labels: removed = [], ...rest }) {
  const kept = clip.labels.filter((label) => !removed.includes(label));
  return { ...clip, ...rest, labels: [...new Set([...kept, ...added])] };
}

/** @param {Batch[]} batches */
const idsOf = (batches) => new Set(batches.flatMap(({ versions }) => [...versions.keys()]));

/** @param {Batch} batch @param {number} number @param {number} [of] */
function notDone(batch, number, of = number) {
  const some = of === number ? count(number, 'clip') : `${number} of ${count(of, 'clip')}`;
  return `Not ${wordOf(batch).toLowerCase()}: ${some}.`;
}

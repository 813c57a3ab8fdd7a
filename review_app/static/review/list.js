/**
 * The reviewer's list: the clips as the server has confirmed them, and as the screen shows them
 * with unconfirmed edits applied. Free of DOM and fetch.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {import('./edits.js').Edit} Edit
 * @typedef {{clips: Clip[], pending: number, with_others: number, total: number,
 *   available: number}} Handed  what the server keeps for this page, how many clips wait in all,
 *   how many other reviewers have, how many the selection has, and how many of those this page can
 *   have
 */

import { applied, isDecision, isPending, settled } from './edits.js';
import { inOtherPages } from '../shared/words.js';

/** @param {Clip[]} clips */
const countPending = (clips) => clips.filter(isPending).length;

/** True for a decision that takes clips off the list, or the undo of one. @param {Edit} edit */
const decides = (edit) => isDecision(edit.target ?? edit);

export class ClipList {
  /** In the order of review. @type {Clip[]} */ clips = [];
  /** The index of the clip on the screen. */
  at = 0;
  /** How many pending clips other reviewers have. */
  withOthers = 0;
  /** Pending clips that other tabs of this reviewer have. */
  inOtherPages = 0;
  /** @type {Clip[]} */ #confirmed = [];
  #pending = 0;
  #total = 0;
  /** Of the total, those that no other page has. */
  #available = 0;
  /** How many clips of this list were decided on here. */
  #decided = 0;
  /** How many more of them the decisions on their way take off the list. */
  #leaving = 0;

  get current() {
    return this.clips[this.at] ?? null;
  }

  /** The clips after it, in the order in which they will come. */
  get next() {
    return [...this.clips.slice(this.at + 1), ...this.clips.slice(0, this.at)];
  }

  /** How many clips come before the skipped-over ones come again. */
  get left() {
    return this.clips.length - this.at - 1;
  }

  /** True where the server has clips for this page that are not here. */
  get hasMore() {
    return this.#available > this.length;
  }

  /** How many the server has handed out. */
  get length() {
    return this.#confirmed.length;
  }

  /** The position of the clip, counted from 1, and the number of clips, including decided ones. */
  get position() {
    return { at: this.#decided + this.#leaving + this.at + 1, of: this.#decided + this.#total };
  }

  /** Clips that wait for a decision. */
  get pending() {
    return Math.max(0, this.#pending - this.#leaving);
  }

  /** Recomputes the clips on the screen. The current clip stays, or the next one comes.
   * @param {readonly Edit[]} edits not confirmed yet
   * @param {number | null} [focus] the clip to show, if it is there
   * @param {Map<number, number>} [names] new ids of clips */
  refresh(edits, focus = null, names = new Map()) {
    const candidates = this.current ? [this.current, ...this.next] : [];
    this.clips = this.#confirmed;
    this.#leaving = 0;
    for (const edit of edits) {
      const before = this.clips.length;
      this.clips = applied(this.clips, edit);
      if (decides(edit)) this.#leaving += before - this.clips.length;
    }
    const places = new Map(this.clips.map(({ id }, i) => [id, i]));
    const ids = [focus, ...candidates.map(({ id }) => names.get(id) ?? id)];
    this.at = ids.map((id) => places.get(id ?? 0)).find((place) => place !== undefined) ?? 0;
  }

  /** Takes in what the server hands out. What is on the screen stays, and so does what an edit may
   * have to bring back. @param {Handed} handed @param {readonly Edit[]} edits */
  take(handed, edits) {
    const { clips, pending, with_others: withOthers, total, available } = handed;
    const fresh = new Map(clips.map((clip) => [clip.id, clip]));
    const edited = edits.flatMap(({ clip, before }) => [clip, ...before]);
    const kept = new Set([this.current, ...edited].map((clip) => clip?.id));
    const old = this.#confirmed.filter(({ id }) => fresh.has(id) || kept.has(id));
    const known = new Set(old.map(({ id }) => id));
    this.#confirmed = [
      ...old.map((clip) => fresh.get(clip.id) ?? clip),
      ...clips.filter(({ id }) => !known.has(id)),
    ];
    this.#pending = pending;
    this.#total = total;
    this.#available = available;
    this.withOthers = withOthers;
    this.inOtherPages = inOtherPages(handed);
  }

  /** Takes in the server's answer to an edit. @param {Edit} edit @param {Clip[]} answered
   * @returns {Clip[]} the clips that are new in the list */
  settle(edit, answered) {
    const before = this.#confirmed;
    this.#confirmed = settled(before, edit, answered);
    const more = this.#confirmed.length - before.length;
    this.#total += more;
    this.#available += more;
    this.#pending += countPending(this.#confirmed) - countPending(before);
    if (decides(edit)) this.#decided = Math.max(0, this.#decided - more);
    const known = new Set(before.map(({ id }) => id));
    return this.#confirmed.filter(({ id }) => !known.has(id));
  }

  /** Takes in a clip that somebody else has changed: it stays if its state is the same.
   * @param {Clip} now */
  correct(now) {
    this.#confirmed = this.#confirmed
      .filter(({ id, state }) => id !== now.id || state === now.state)
      .map((clip) => (clip.id === now.id ? now : clip));
  }
}

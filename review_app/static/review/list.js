/**
 * The reviewer's list: the clips as the server has confirmed them, and as the screen shows them
 * with unconfirmed edits applied. Free of DOM and fetch.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {import('./edits.js').Edit} Edit
 * @typedef {{clips: Clip[], pending: number, with_others: number, total: number,
 *   available: number, stacks?: number[][]}} Handed  what the server keeps for this page, how many
 *   clips wait in all, how many other reviewers have, how many the selection has, how many of those
 *   this page can have, and which of them show the same
 */

import { applied, isDecision, isPending, joined, settled } from './edits.js';
import { Stacks } from '../shared/stacks.js';
import { inOtherPages } from '../shared/words.js';

/** @param {Clip[]} clips */
const countPending = (clips) => clips.filter(isPending).length;

/** @param {Clip[]} clips @param {Clip[]} others */
function without(clips, others) {
  const ids = new Set(others.map(({ id }) => id));
  return clips.filter(({ id }) => !ids.has(id));
}

/** True for a decision that takes clips off the list, or the undo of one. @param {Edit} edit */
const decides = ({ action, fields, target }) =>
  isDecision(target ?? { action: fields.action ?? action });

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
  #decided;
  /** Which ones, as far as this list was there. @type {Set<number>} */
  #ours = new Set();
  /** How many more of them the decisions on their way take off the list. */
  #leaving = 0;
  /** Clips that the selection does not have and the reviewer has gone back to: they stay while they
   * are on the screen, and are not counted. @type {Set<number>} */
  #guests = new Set();
  #stacks;

  /** @param {number} [decided] how many clips of the list were decided on before it was loaded
   * @param {Stacks} [stacks] of which one clip is shown for all */
  constructor(decided = 0, stacks = new Stacks()) {
    this.#decided = decided;
    this.#stacks = stacks;
  }

  get current() {
    return this.clips[this.at] ?? null;
  }

  /** Those that come to the screen: of a closed stack one. */
  get shown() {
    const hidden = this.#stacks.hidden(this.clips, this.current);
    return hidden.size === 0 ? this.clips : this.clips.filter(({ id }) => !hidden.has(id));
  }

  /** The clips after it, in the order in which they will come. */
  get next() {
    const { shown } = this;
    const at = this.#placeIn(shown);
    return [...shown.slice(at + 1), ...shown.slice(0, at)];
  }

  /** How many clips come before the skipped-over ones come again. */
  get left() {
    const { shown } = this;
    return shown.length - this.#placeIn(shown) - 1;
  }

  /** The clip so many places further on. @param {number} by */
  beside(by) {
    const { shown } = this;
    return shown[this.#placeIn(shown) + by] ?? null;
  }

  /** The clips that a decision on one is meant for: those of its closed stack, itself included.
   * @param {Clip} clip */
  under(clip) {
    return this.#stacks.under(this.clips, clip);
  }

  /** @param {Clip[]} shown */
  #placeIn(shown) {
    return this.current ? shown.indexOf(this.current) : 0;
  }

  /** True where the server has clips for this page that are not here. */
  get hasMore() {
    return this.#available > this.length;
  }

  /** How many the server has handed out. */
  get length() {
    return this.#count(this.#confirmed);
  }

  /** How many clips were decided on, those included whose decision is on its way. */
  get decided() {
    return this.#decided + this.#leaving;
  }

  /** The position of the clip, counted from 1, and the number of clips, including decided ones. */
  get position() {
    const before = this.#count(this.clips.slice(0, this.at));
    return { at: this.decided + before + 1, of: this.#decided + this.#total };
  }

  /** True while the screen shows a clip that the selection does not have. */
  get hasGuest() {
    return this.current !== null && this.#isGuest(this.current);
  }

  /** @param {Clip} clip */
  #isGuest(clip) {
    return this.#guests.has(clip.id) && !isPending(clip);
  }

  /** @param {Clip[]} clips @returns {number} without guests */
  #count(clips) {
    return this.#guests.size === 0
      ? clips.length
      : clips.filter((clip) => !this.#isGuest(clip)).length;
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
    this.#apply(edits, focus, names);
    const edited = new Set(edits.flatMap(({ clip, before }) => [clip, ...before]).map(({ id }) => id));
    const leaves = (/** @type {Clip} */ clip) =>
      clip !== this.current && this.#isGuest(clip) && !edited.has(clip.id);
    if (!this.#confirmed.some(leaves)) return;
    this.#confirmed = this.#confirmed.filter((clip) => !leaves(clip));
    this.#apply(edits, this.current?.id ?? null, new Map());
  }

  /** Shows a clip in front of the one on the screen, whether the selection has it or not.
   * @param {Clip} clip @param {readonly Edit[]} edits not confirmed yet */
  receive(clip, edits) {
    const known = this.#confirmed.some(({ id }) => id === clip.id);
    if (!known) {
      const found = this.#confirmed.findIndex(({ id }) => id === this.current?.id);
      const at = Math.max(0, found);
      this.#guests.add(clip.id);
      this.#confirmed = [...this.#confirmed.slice(0, at), clip, ...this.#confirmed.slice(at)];
    }
    this.refresh(edits, clip.id);
  }

  /** @param {readonly Edit[]} edits @param {number | null} focus
   * @param {Map<number, number>} names */
  #apply(edits, focus, names) {
    const candidates = this.current ? [this.current, ...this.next] : [];
    this.clips = this.#confirmed;
    this.#leaving = 0;
    for (const edit of edits) {
      const before = this.#count(this.clips);
      this.clips = applied(this.clips, edit);
      if (decides(edit)) this.#leaving += before - this.#count(this.clips);
    }
    const places = new Map(this.clips.map(({ id }, i) => [id, i]));
    const ids = [focus, ...candidates.map(({ id }) => names.get(id) ?? id)];
    this.at = ids.map((id) => places.get(id ?? 0)).find((place) => place !== undefined) ?? 0;
  }

  /** Takes in what the server hands out. What is on the screen stays, and so does what an edit may
   * have to bring back. @param {Handed} handed @param {readonly Edit[]} edits */
  take(handed, edits) {
    const { clips, pending, with_others: withOthers, total, available, stacks = [] } = handed;
    this.#stacks.take(stacks, clips);
    const fresh = new Map(clips.map((clip) => [clip.id, clip]));
    for (const id of fresh.keys()) this.#guests.delete(id);
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

  /** Takes in the server's answer to an edit. @param {Edit} edit @param {Clip[]} answered of a clip
   * that was marked or annotated, maybe only what that may change
   * @returns {Clip[]} the clips that are new in the list */
  settle(edit, answered) {
    const before = this.#confirmed;
    const known = new Map([edit.clip, ...before].map((clip) => [clip.id, clip]));
    const whole = answered.map((clip) => ({ ...known.get(clip.id), ...clip }));
    this.#confirmed = settled(before, edit, whole);
    const more = this.#count(this.#confirmed) - this.#count(before);
    this.#total += more;
    this.#available += more;
    this.#pending += countPending(this.#confirmed) - countPending(before);
    const arrived = without(this.#confirmed, before);
    const left = without(before, this.#confirmed);
    if (decides(edit)) {
      this.#decided = Math.max(0, this.#decided - more);
      for (const { id } of left.filter(isPending)) this.#ours.add(id);
      for (const { id } of arrived.filter(isPending)) this.#ours.delete(id);
    } else {
      // The parts of a clip that was decided on wait for decisions; their undo brings it back.
      this.#decided += this.#countOurs(arrived) - this.#countOurs(left);
    }
    return arrived;
  }

  /** @param {Clip[]} clips @returns {number} those that were decided on in this list, and still are */
  #countOurs(clips) {
    return clips.filter((clip) => this.#isGuest(clip) && this.#ours.has(clip.id)).length;
  }

  /** Takes in a clip that somebody else has changed: it stays if its state is the same.
   * @param {Clip} now */
  correct(now) {
    const left = this.#confirmed
      .filter(({ id, state }) => id !== now.id || state === now.state)
      .map((clip) => (clip.id === now.id ? now : clip));
    this.#confirmed = joined(left, [now]);
  }
}

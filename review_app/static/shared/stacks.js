/**
 * Stacks: clips that show the same, shown once and decided on together, unless their stack is open.
 *
 * @typedef {import('./clip.js').Clip} Clip
 */

import { remember, remembered } from '../player/remember.js';
import { line } from './keys/lines.js';

const CHOICE = 'stacks';

/** The keys of stacks, on all pages. */
export const STACK_LINES = [
  line('Open the stack, or close it', ['openStack', 'h']),
  line('Take the stack apart for good', ['apart', 'Shift+h']),
  line('Stack clips that show the same, or not', ['stacks', 'Shift+s']),
];

export class Stacks {
  /** False where people want to see every clip by itself. */
  isOn = remembered(CHOICE) !== 'off';
  /** Their ids, stack by stack. @type {readonly number[][]} */ #all = [];
  /** Clips whose stacks are open. @type {Set<number>} */ #opened = new Set();

  /** Those that there are to be seen, open or closed. */
  get all() {
    return this.isOn ? this.#all : [];
  }

  /** The clips of open stacks. */
  get opened() {
    return [...this.#opened];
  }

  /** Takes in which of some clips show the same. What is known of others stays: they may come back.
   * @param {readonly number[][]} stacks @param {readonly Clip[]} clips that the server has told of */
  take(stacks, clips) {
    const told = new Set(clips.map(({ id }) => id));
    this.#all = [...this.#all.filter((ids) => !ids.some((id) => told.has(id))), ...stacks];
  }

  /** @param {Iterable<number>} ids whose stacks are open, and no others */
  reopen(ids) {
    this.#opened = new Set(ids);
  }

  /** The clips of the stack that a clip is in, open or closed. @param {number | null} id */
  of(id) {
    return this.all.find((ids) => ids.includes(id ?? 0)) ?? [];
  }

  /** Those of them that a list has, two or more, else none. @param {number | null} id
   * @param {readonly Clip[]} clips */
  among(clips, id) {
    const ids = this.of(id);
    const here = clips.filter((clip) => ids.includes(clip.id));
    return here.length > 1 ? here : [];
  }

  /** @param {readonly number[]} ids of a stack */
  isOpen(ids) {
    return ids.some((id) => this.#opened.has(id));
  }

  /** Opens the stack of a clip, or closes it. @param {number | null} id */
  toggle(id) {
    const ids = this.of(id);
    const isOpen = this.isOpen(ids);
    for (const each of ids) {
      if (isOpen) this.#opened.delete(each);
      else this.#opened.add(each);
    }
  }

  toggleAll() {
    this.isOn = !this.isOn;
    remember(CHOICE, this.isOn ? 'on' : 'off');
  }

  /** The clips of a list that lie in the closed stack of one of them, in the order of the list; that
   * one alone where it is in none. @param {readonly Clip[]} clips @param {Clip} clip */
  under(clips, clip) {
    const ids = this.of(clip.id);
    return ids.length === 0 || this.isOpen(ids) ? [clip] : clips.filter(({ id }) => ids.includes(id));
  }

  /** The ids of clips that others are shown for: of each closed stack all but its first in the list,
   * or but the one on the screen. @param {readonly Clip[]} clips @param {Clip | null} shown */
  hidden(clips, shown) {
    /** @type {Set<number>} */ const found = new Set();
    const closed = this.all.filter((ids) => !this.isOpen(ids));
    for (const ids of closed) {
      const here = clips.filter(({ id }) => ids.includes(id));
      const face = here.find(({ id }) => id === shown?.id) ?? here[0];
      for (const clip of here) if (clip !== face) found.add(clip.id);
    }
    return found;
  }
}

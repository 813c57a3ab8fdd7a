/** Marks all clips of the selection, those too that are not here yet. */

import { count } from '../shared/words.js';

export class Everything {
  #queue;
  #marks;
  #most;
  #load;
  #order;
  #ondone;
  /** Settles once all clips are here and marked, or can't be. @type {Promise<void> | null} */
  #marking = null;

  /** @param {{queue: import('./queue.js').SheetQueue, marks: import('../shared/marks.js').Marks,
   *   most: number, load: () => Promise<void>, order: () => number[], ondone: () => void}} options
   *   `most`: how many clips the sheet holds; `load`: fetches more; `order`: the clips of the sheet,
   *   by their ids; `ondone`: called when the last ones are marked */
  constructor({ queue, marks, most, load, order, ondone }) {
    this.#queue = queue;
    this.#marks = marks;
    this.#most = most;
    this.#load = load;
    this.#order = order;
    this.#ondone = ondone;
  }

  /** Marks all clips; if all are marked, none. */
  toggle() {
    if (this.#marking) return;
    const { more } = this.#queue;
    if (more === 0 && this.#marks.hasAll(this.#order())) {
      this.#marks.set([]);
      return;
    }
    this.#marks.set(this.#order());
    if (more === 0) return;
    const marking = this.#loadAll().then(() => {
      if (this.#marking === marking) this.#end(); // else they were unmarked first
    });
    this.#marking = marking;
  }

  unmark() {
    this.#marks.set([]);
    this.#marking = null;
  }

  /** Acts once all clips are marked, if they are about to be; not at all if they can't be.
   * @param {() => void} act */
  whenMarked(act) {
    if (!this.#marking) act();
    else void this.#marking.then(() => this.#isAll && act());
  }

  get #isAll() {
    return this.#queue.more === 0 || this.#queue.clips.length >= this.#most;
  }

  async #loadAll() {
    for (let before = -1; this.#queue.more > 0 && this.#queue.clips.length > before;) {
      before = this.#queue.clips.length;
      await this.#load();
    }
  }

  #end() {
    const order = this.#order();
    const { more } = this.#queue;
    this.#marking = null;
    this.#marks.set(order);
    if (more > 0) {
      const text = `${count(order.length, 'clip')} are marked, and ${more} more are not here.`;
      this.#queue.notice = { text, bad: true };
    }
    this.#ondone();
  }
}

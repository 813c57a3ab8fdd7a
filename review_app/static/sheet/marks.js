/** Which clips are marked. Pure: knows only ids, and the order in which they are shown. */

export class Marks {
  /** @type {Set<number>} */ #ids = new Set();
  /** Where a range begins, and what was marked before it. @type {number | null} */ #anchor = null;
  /** @type {Set<number>} */ #before = new Set();

  get size() {
    return this.#ids.size;
  }

  /** @param {number} id */
  has(id) {
    return this.#ids.has(id);
  }

  /** The next range begins here. @param {number | null} id */
  anchorAt(id) {
    this.#anchor = id;
    this.#before = new Set(this.#ids);
  }

  /** @param {number} id */
  toggle(id) {
    if (!this.#ids.delete(id)) this.#ids.add(id);
    this.anchorAt(id);
  }

  /** Marks from the anchor to `id`, in place of the range marked last.
   * @param {readonly number[]} order @param {number} id */
  extend(order, id) {
    const to = order.indexOf(id);
    const from = this.#anchor === null ? to : order.indexOf(this.#anchor);
    const ends = [from < 0 ? to : from, to].sort((a, b) => a - b);
    this.#ids = new Set([...this.#before, ...order.slice(ends[0], ends[1] + 1)]);
  }

  /** Marks all; if all are marked already, none. @param {readonly number[]} order */
  toggleAll(order) {
    const all = order.every((id) => this.#ids.has(id));
    this.#ids = new Set(all ? [] : order);
    this.anchorAt(this.#anchor);
  }

  clear() {
    this.#ids.clear();
    this.anchorAt(this.#anchor);
  }

  /** Forgets clips that are no longer shown. @param {readonly number[]} order */
  keep(order) {
    const shown = new Set(order);
    for (const ids of [this.#ids, this.#before]) {
      for (const id of ids) if (!shown.has(id)) ids.delete(id);
    }
    if (this.#anchor !== null && !shown.has(this.#anchor)) this.#anchor = null;
  }

  /** The clips that a decision is meant for: the marked ones in order, else the one in focus.
   * @param {readonly number[]} order @param {number | null} focus @returns {number[]} */
  chosen(order, focus) {
    if (this.#ids.size > 0) return order.filter((id) => this.#ids.has(id));
    return focus === null ? [] : [focus];
  }
}

/**
 * Which clips are marked. Pure: knows only ids, and the cells in which they are shown.
 *
 * @typedef {readonly number[]} Ids  of the clips of one cell; the first names the cell
 */

export class Marks {
  /** @type {Set<number>} */ #ids = new Set();
  /** The clip where a range begins, and what was marked before it.
   * @type {number | null} */
  #anchor = null;
  /** @type {Set<number>} */ #before = new Set();

  get size() {
    return this.#ids.size;
  }

  get ids() {
    return [...this.#ids];
  }

  /** How many clips of a cell are marked. @param {Ids} ids */
  countOf(ids) {
    return ids.filter((id) => this.#ids.has(id)).length;
  }

  /** The next range begins here. @param {number | null} id */
  anchorAt(id) {
    this.#anchor = id;
    this.#before = new Set(this.#ids);
  }

  /** Marks all clips of a cell; none, if all are marked already. @param {Ids} ids */
  toggle(ids) {
    const are = this.hasAll(ids);
    for (const id of ids) {
      if (are) this.#ids.delete(id);
      else this.#ids.add(id);
    }
    this.anchorAt(ids[0]);
  }

  /** Marks from the anchor to the cell that `id` names, in place of the range marked last.
   * @param {readonly Ids[]} cells @param {number} id */
  extend(cells, id) {
    const to = placeOf(cells, id);
    const from = this.#anchor === null ? to : placeOf(cells, this.#anchor);
    const ends = [from < 0 ? to : from, to].sort((a, b) => a - b);
    this.#ids = new Set([...this.#before, ...cells.slice(ends[0], ends[1] + 1).flat()]);
  }

  /** @param {Ids} ids */
  hasAll(ids) {
    return ids.every((id) => this.#ids.has(id));
  }

  /** @param {Ids} ids in place of those that are marked */
  set(ids) {
    this.#ids = new Set(ids);
    this.anchorAt(this.#anchor);
  }

  /** Forgets clips that are no longer shown. @param {Ids} order */
  keep(order) {
    const shown = new Set(order);
    for (const ids of [this.#ids, this.#before]) {
      for (const id of ids) if (!shown.has(id)) ids.delete(id);
    }
    if (this.#anchor !== null && !shown.has(this.#anchor)) this.#anchor = null;
  }

  /** The clips that a decision is meant for: the marked ones in order, else those of the cell in
   * focus. @param {Ids} order @param {Ids} focus @returns {number[]} */
  chosen(order, focus) {
    return this.#ids.size > 0 ? order.filter((id) => this.#ids.has(id)) : [...focus];
  }
}

/** @param {readonly Ids[]} cells @param {number} id */
const placeOf = (cells, id) => cells.findIndex((ids) => ids.includes(id));

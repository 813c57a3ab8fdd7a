/** Where keys move the focus in a grid that is filled row by row. Pure. */

/**
 * The place that a key leads to from `at`; `at` itself where there is none.
 * @param {string} key an arrow, Home, End, PageUp or PageDown
 * @param {number} at @param {{count: number, columns: number, rows: number}} grid `rows` are those
 *   on the screen
 */
export function moved(key, at, { count, columns, rows }) {
  if (count === 0) return at;
  const last = count - 1;
  const down = (/** @type {number} */ by) => {
    const to = at + by * columns;
    if (to < 0) return by === -1 ? at : at % columns;
    if (to <= last) return to;
    // Below the last full row: its end, unless that is this row already.
    return Math.floor(at / columns) < Math.floor(last / columns) ? last : at;
  };
  switch (key) {
    case 'ArrowLeft': return Math.max(0, at - 1);
    case 'ArrowRight': return Math.min(last, at + 1);
    case 'ArrowUp': return down(-1);
    case 'ArrowDown': return down(1);
    case 'PageUp': return down(-Math.max(1, rows - 1));
    case 'PageDown': return down(Math.max(1, rows - 1));
    case 'Home': return 0;
    case 'End': return last;
    default: return at;
  }
}

/** Where the focus goes when clips leave: to the next clip that stays, else to the last one.
 * @param {readonly number[]} before ids @param {readonly number[]} after the ids that stay
 * @param {number | null} focus the id that had it @returns {number | null} */
export function refocused(before, after, focus) {
  if (focus === null) return after[0] ?? null;
  const stays = new Set(after);
  const next = before.slice(Math.max(0, before.indexOf(focus))).find((id) => stays.has(id));
  return next ?? after.at(-1) ?? null;
}

/** Where keys move the focus in sections of cells, each filled row by row. Pure. */

/**
 * The place that a key leads to from `at`; `at` itself where there is none.
 * @param {string} key an arrow, Home, End, PageUp or PageDown
 * @param {number} at among all cells
 * @param {{sections: readonly number[], columns: number, rows: number}} grid how many cells each
 *   section has; `rows` are those on the screen
 */
export function moved(key, at, { sections, columns, rows: visible }) {
  const rows = rowsOf(sections, columns);
  const end = rows.at(-1)?.end ?? 0;
  if (end === 0) return at;
  const row = rows.findIndex((each) => at < each.end);
  const down = (/** @type {number} */ by) => {
    const to = Math.max(0, Math.min(rows.length - 1, row + by));
    return to === row ? at : Math.min(rows[to].start + at - rows[row].start, rows[to].end - 1);
  };
  switch (key) {
    case 'ArrowLeft': return Math.max(0, at - 1);
    case 'ArrowRight': return Math.min(end - 1, at + 1);
    case 'ArrowUp': return down(-1);
    case 'ArrowDown': return down(1);
    case 'PageUp': return down(-Math.max(1, visible - 1));
    case 'PageDown': return down(Math.max(1, visible - 1));
    case 'Home': return 0;
    case 'End': return end - 1;
    default: return at;
  }
}

/** @param {readonly number[]} sections @param {number} columns */
function rowsOf(sections, columns) {
  const rows = [];
  let first = 0;
  for (const cells of sections) {
    const last = first + cells;
    for (let start = first; start < last; start += columns) {
      rows.push({ start, end: Math.min(start + columns, last) });
    }
    first = last;
  }
  return rows;
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

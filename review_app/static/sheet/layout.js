/**
 * Which cells the contact sheet has: one for each clip, or one for a whole stack of clips that show
 * the same; and under which headings. Pure.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {{clips: Clip[], opened: {at: number, of: number} | null}} Cell  a stack has several
 *   clips, in the order of the sheet, and is named by the first; `opened`: the place of a single
 *   clip, from 0, in a stack that was opened
 * @typedef {{key: string, title: string, cells: Cell[]}} Section  of one film, or of the whole sheet,
 *   which then has no title
 */

/** @param {Clip[]} clips in the order of the sheet @param {readonly number[][]} stacks ids of clips that
 * show the same; a clip is in one stack at most @param {(ids: number[]) => boolean} isOpen
 * @returns {Cell[]} */
export function cellsOf(clips, stacks, isOpen) {
  const stackOf = new Map(stacks.flatMap((ids) => ids.map((id) => [id, ids])));
  /** @type {Set<number>} */ const placed = new Set();
  /** @type {Cell[]} */ const cells = [];
  for (const clip of clips) {
    if (placed.has(clip.id)) continue;
    const stacked = new Set(stackOf.get(clip.id) ?? []);
    const members = stacked.size > 1 ? clips.filter(({ id }) => stacked.has(id)) : [clip];
    for (const { id } of members) placed.add(id);
    const of = members.length;
    if (of === 1 || !isOpen(members.map(({ id }) => id))) {
      cells.push({ clips: members, opened: null });
    } else {
      cells.push(...members.map((each, at) => ({ clips: [each], opened: { at, of } })));
    }
  }
  return cells;
}

/** @param {Cell[]} cells @param {boolean} byFilm they come in the order of the films
 * @returns {Section[]} */
export function sectionsOf(cells, byFilm) {
  if (!byFilm) return cells.length > 0 ? [{ key: '', title: '', cells }] : [];
  /** @type {Section[]} */ const sections = [];
  for (const cell of cells) {
    const { key, title } = cell.clips[0].video;
    // A stack that was opened stays in one piece, whatever films its clips are from.
    const goesOn = (cell.opened?.at ?? 0) > 0;
    const section = goesOn ? sections.at(-1) : sections.find((each) => each.key === key);
    if (section) section.cells.push(cell);
    else sections.push({ key, title, cells: [cell] });
  }
  return sections;
}

/** @param {Cell} cell */
export const idsOf = ({ clips }) => clips.map(({ id }) => id);

/**
 * Where a reviewer was on the contact sheet, so that it resumes there when they return to it.
 *
 * @typedef {{search: string, focus: number | null, nearby: number[], marked: number[],
 *   opened: number[], loaded: number, top: number}} Place  of the sheet with that address; ids of
 *   clips, and `nearby` those from the one in focus on, in order; how many were loaded; `top`: how
 *   far it was scrolled, in CSS pixels
 */

import { remember, remembered } from '../player/remember.js';

const NAME = 'sheets';
/** So many addresses are remembered. */
const MOST = 6;

/** @param {Place} place */
export function keepPlace(place) {
  const others = kept().filter(({ search }) => search !== place.search);
  remember(NAME, JSON.stringify([place, ...others].slice(0, MOST)));
}

/** @param {string} search @returns {Place | null} */
export const keptPlace = (search) => kept().find((place) => place.search === search) ?? null;

/** @returns {Place[]} the latest first */
function kept() {
  try {
    const places = JSON.parse(remembered(NAME) ?? '[]');
    return Array.isArray(places) ? places.filter(isPlace) : [];
  } catch {
    return [];
  }
}

/** @param {any} place @returns {place is Place} */
function isPlace(place) {
  const lists = [place?.nearby, place?.marked, place?.opened];
  return lists.every((ids) => Array.isArray(ids) && ids.every(Number.isSafeInteger)) &&
    Number.isSafeInteger(place.loaded) && Number.isFinite(place.top) &&
    typeof place.search === 'string';
}

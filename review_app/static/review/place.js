/** Where a reviewer was, so that the page resumes there when it is opened again. */

import { remember, remembered } from '../player/remember.js';

/** @typedef {{clip: number, frame: number, search: string}} Place */

/** @param {Place} place */
export const keepPlace = (place) => remember('place', JSON.stringify(place));

const DECIDED = 'heaters-decided';

/** Keeps how many clips of a list were decided on, for the next page of this tab.
 * @param {string} search @param {number} decided */
export function keepDecided(search, decided) {
  sessionStorage.setItem(DECIDED, JSON.stringify({ search, decided }));
}

/** How many clips of the list of this address were decided on by the former page of this tab.
 * @param {string} search @returns {number} */
export function keptDecided(search) {
  const kept = JSON.parse(sessionStorage.getItem(DECIDED) ?? 'null');
  return kept?.search === search ? kept.decided : 0;
}

/** The place stored for this address; null if there is none.
 * @param {string} search @returns {Place | null} */
export function keptPlace(search) {
  try {
    const place = JSON.parse(remembered('place') ?? 'null');
    const isWhole = Number.isSafeInteger(place?.clip) && place.clip > 0 &&
      Number.isSafeInteger(place.frame);
    return isWhole && place.search === search ? place : null;
  } catch {
    return null;
  }
}

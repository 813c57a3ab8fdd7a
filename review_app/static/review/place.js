/** Where a reviewer was, so that the page resumes there when it is opened again. */

import { remember, remembered } from '../player/remember.js';

/** @typedef {{clip: number, frame: number, search: string}} Place */

/** @param {Place} place */
export const keepPlace = (place) => remember('place', JSON.stringify(place));

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

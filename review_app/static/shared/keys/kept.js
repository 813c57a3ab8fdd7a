/** The keys that a person has chosen, kept in this browser for all pages. */

import { remember, remembered } from '../../player/remember.js';

/** @returns {unknown} null where there are none, or none that can be read */
export function keptKeys() {
  try {
    return JSON.parse(remembered('keys') ?? 'null');
  } catch {
    return null;
  }
}

/** The choices for other pages' actions stay as they were.
 * @param {import('./keymap.js').Keymap} keymap */
export function keepKeys(keymap) {
  const others = Object.entries(keptKeys() ?? {}).filter(([action]) => !keymap.knows(action));
  remember('keys', JSON.stringify({ ...Object.fromEntries(others), ...keymap.toJSON() }));
}

/** The keys that a person chose, stored in this browser for all pages. */

import { remember, remembered } from '../../player/remember.js';

/** @returns {unknown} null if there are none, or if they can't be read */
export function keptKeys() {
  try {
    return JSON.parse(remembered('keys') ?? 'null');
  } catch {
    return null;
  }
}

/** Stores the keys of this page's actions, and leaves those of other pages as they are.
 * @param {import('./keymap.js').Keymap} keymap */
export function keepKeys(keymap) {
  const others = Object.entries(keptKeys() ?? {}).filter(([action]) => !keymap.knows(action));
  remember('keys', JSON.stringify({ ...Object.fromEntries(others), ...keymap.toJSON() }));
}

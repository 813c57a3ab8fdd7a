/** The keys that a person has chosen, kept in this browser for all pages. */

import { remember, remembered } from '../player/remember.js';

/** @returns {unknown} null where there are none, or none that can be read */
export function keptKeys() {
  try {
    return JSON.parse(remembered('keys') ?? 'null');
  } catch {
    return null;
  }
}

/** @param {import('./keymap.js').Keymap} keymap */
export const keepKeys = (keymap) => remember('keys', JSON.stringify(keymap));

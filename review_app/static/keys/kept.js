/** The keys that a person has chosen, kept in this browser for all pages. */

const KEPT_AS = 'heaters.keys';

/** @returns {unknown} null where there are none, or none that can be read */
export function keptKeys() {
  try {
    return JSON.parse(localStorage.getItem(KEPT_AS) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {import('./keymap.js').Keymap} keymap */
export function keepKeys(keymap) {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(keymap));
  } catch {
    // A browser that keeps nothing: the keys hold until the page is closed.
  }
}

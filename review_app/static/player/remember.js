/** A reviewer's choices, stored in this browser. */

const PREFIX = 'heaters.';

/** @param {string} name @returns {string | null} */
export function remembered(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** @param {string} name @param {string | number} value */
export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, String(value));
  } catch {
    // Without room or permission, a choice lasts as long as the page.
  }
}

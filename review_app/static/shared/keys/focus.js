/** Which key presses belong to the focused element. */

const FIELDS = 'textarea, select, input:not([type=range], [type=checkbox], [type=radio])';

/** True while somebody types. @param {HTMLElement} target */
export const isField = (target) => target.matches(FIELDS) || target.isContentEditable;

/** True for a key press that operates the focused element: people go from button to button by Tab,
 * press them with Enter and Space, and move a slider with the arrows.
 * @param {KeyboardEvent} event @param {HTMLElement} target */
export function worksFocus({ key }, target) {
  if (!target.matches(':focus-visible')) return false;
  if (target.matches('input[type=range]')) return /^(Arrow|Home|End|Page)/.test(key);
  return (key === 'Enter' || key === ' ') && target.closest('a, button, summary, input') !== null;
}

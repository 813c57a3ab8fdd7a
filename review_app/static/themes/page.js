/** Themes by keyboard: arrow keys go from card to card. */

import { isField } from '../shared/keys/focus.js';

const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.card-link')]);

/** The link in the row above (-1) or below (1) that is nearest to the middle of this one.
 * @param {HTMLElement} link @param {number} by */
function beyond(link, by) {
  const middle = (/** @type {HTMLElement} */ each) => {
    const { left, right, top } = /** @type {Element} */ (each.closest('.card')).getBoundingClientRect();
    return { x: (left + right) / 2, y: top };
  };
  const from = middle(link);
  const there = links.filter((each) => (middle(each).y - from.y) * by > 1);
  const row = by * Math.min(...there.map((each) => middle(each).y * by));
  return there.filter((each) => Math.abs(middle(each).y - row) < 1).sort(
    (a, b) => Math.abs(middle(a).x - from.x) - Math.abs(middle(b).x - from.x),
  )[0];
}

document.addEventListener('keydown', (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (isField(target) || !event.key.startsWith('Arrow')) return;
  const at = links.indexOf(target);
  /** @type {Record<string, () => HTMLElement | undefined>} */
  const next = {
    ArrowLeft: () => links[at - 1],
    ArrowRight: () => links[at + 1],
    ArrowUp: () => beyond(target, -1),
    ArrowDown: () => beyond(target, 1),
  };
  const link = at < 0 ? links[0] : next[event.key]();
  if (!link) return;
  event.preventDefault();
  link.focus();
});

/** Helpers for the document. */

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
export const byId = (id) => /** @type {T} */ (document.getElementById(id));

/** @param {HTMLElement} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A new element. @template {keyof HTMLElementTagNameMap} K @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]> & {data?: Record<string, string>,
 *   label?: string}} [properties] `label`: its accessible name
 * @param {...(Node | string)} children @returns {HTMLElementTagNameMap[K]} */
export function make(tag, { data = {}, label, ...properties } = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  Object.assign(element.dataset, data);
  if (label !== undefined) element.setAttribute('aria-label', label);
  element.append(...children);
  return element;
}

/** Redraws a list. A focused button or link passes the focus to the one that takes its place:
 * without focus the next Enter would be a decision. @param {HTMLElement} list @param {Node[]} items */
export function redraw(list, items) {
  const focusable = () => [...list.querySelectorAll('button, a')];
  const place = focusable().findIndex((each) => each === document.activeElement);
  list.replaceChildren(...items);
  if (place < 0) return;
  const now = focusable();
  const next = /** @type {HTMLElement} */ (now[Math.min(place, now.length - 1)]);
  next?.focus({ preventScroll: true });
}

/** Runs `draw` once in a coming animation frame, however often it is requested until then.
 * @param {() => void} draw @returns {(afterMs?: number) => void} `afterMs`: how long to leave the
 * display to more urgent work first */
export function onceAFrame(draw) {
  let frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
  const soon = () => {
    clearTimeout(timer);
    timer = undefined;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  };
  return (afterMs = 0) => {
    if (afterMs === 0) soon();
    else if (frame === 0) timer ??= setTimeout(soon, afterMs);
  };
}

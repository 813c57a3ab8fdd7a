/** Small help with the document. */

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
export const byId = (id) => /** @type {T} */ (document.getElementById(id));

/** @param {HTMLElement} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A new element. @template {keyof HTMLElementTagNameMap} K @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]> & {data?: Record<string, string>,
 *   label?: string}} [properties] `label`: what it is called for those who don't see it
 * @param {...(Node | string)} children @returns {HTMLElementTagNameMap[K]} */
export function make(tag, { data = {}, label, ...properties } = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  Object.assign(element.dataset, data);
  if (label !== undefined) element.setAttribute('aria-label', label);
  element.append(...children);
  return element;
}

/** Draws a list anew; the button with the focus hands it to the one in its place, as the next Enter
 * would be a decision if it went nowhere. @param {HTMLElement} list @param {Node[]} items */
export function redraw(list, items) {
  const place = [...list.querySelectorAll('button')].findIndex((b) => b === document.activeElement);
  list.replaceChildren(...items);
  const buttons = [...list.querySelectorAll('button')];
  if (place >= 0) buttons[Math.min(place, buttons.length - 1)]?.focus({ preventScroll: true });
}

/** Runs `draw` before one of the next pictures of the display, however often it is asked for until
 * then. @param {() => void} draw @returns {(afterMs?: number) => void} `afterMs`: what is more urgent
 * has so long to be shown first */
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

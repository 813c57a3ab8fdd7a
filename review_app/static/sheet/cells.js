/**
 * The cells of the contact sheet in the document: one per clip, kept as long as the clip is shown,
 * updated only where something has changed.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {{focus: number | null, isMarked: (id: number) => boolean, saving: Set<number>,
 *   refusals: Map<number, string>}} Look
 * @typedef {{item: HTMLLIElement, canvas: HTMLCanvasElement, length: HTMLElement,
 *   rating: HTMLElement, told: HTMLElement, clip: Clip, key: string}} Cell
 */

import { make } from '../shared/dom.js';

const NEAR = '60%';

export class Cells {
  #grid;
  #onnear;
  #onfar;
  /** @type {Map<number, Cell>} */ #cells = new Map();
  #watch;

  /** @param {HTMLElement} grid @param {{scroller: HTMLElement,
   *   onnear: (canvas: HTMLCanvasElement, clip: Clip) => void,
   *   onfar: (canvas: HTMLCanvasElement) => void}} options `onnear`: a picture is in view, or
   *   almost */
  constructor(grid, { scroller, onnear, onfar }) {
    this.#grid = grid;
    this.#onnear = onnear;
    this.#onfar = onfar;
    this.#watch = new IntersectionObserver(
      (seen) => {
        for (const { target, isIntersecting } of seen) this.#moved(target, isIntersecting);
      },
      { root: scroller, rootMargin: NEAR },
    );
  }

  /** @param {Clip[]} clips @param {Look} look */
  show(clips, look) {
    const shown = new Set(clips.map(({ id }) => id));
    for (const [id, { item, canvas }] of this.#cells) {
      if (shown.has(id)) continue;
      this.#watch.unobserve(item);
      this.#onfar(canvas);
      item.remove();
      this.#cells.delete(id);
    }
    let before = this.#grid.firstElementChild;
    for (const clip of clips) {
      const cell = this.#cells.get(clip.id) ?? this.#made(clip);
      if (cell.item === before) before = before.nextElementSibling;
      else this.#grid.insertBefore(cell.item, before);
      this.#update(cell, clip, look);
    }
    const focused = look.focus === null ? null : this.#cells.get(look.focus)?.item;
    if (focused) this.#grid.setAttribute('aria-activedescendant', focused.id);
    else this.#grid.removeAttribute('aria-activedescendant');
  }

  /** @param {number} id */
  canvasOf(id) {
    return this.#cells.get(id)?.canvas ?? null;
  }

  /** @param {number} id */
  reveal(id) {
    this.#cells.get(id)?.item.scrollIntoView({ block: 'nearest' });
  }

  /** The layout of the cells: columns, and whole rows on the screen. */
  get layout() {
    const columns = getComputedStyle(this.#grid).gridTemplateColumns.split(' ').length;
    const [first] = this.#cells.values();
    const height = first?.item.offsetHeight || 1;
    const scroller = /** @type {HTMLElement} */ (this.#grid.parentElement);
    return { columns, rows: Math.max(1, Math.floor(scroller.clientHeight / height)) };
  }

  /** @param {Element} item @param {boolean} isNear */
  #moved(item, isNear) {
    const cell = this.#cells.get(idOf(item) ?? -1);
    if (!cell) return;
    if (!isNear) this.#onfar(cell.canvas);
    else if (cell.canvas.dataset.frame === undefined) this.#onnear(cell.canvas, cell.clip);
  }

  /** @param {Clip} clip @returns {Cell} */
  #made(clip) {
    const canvas = make('canvas', { width: 160, height: 90 });
    const length = make('span', { className: 'length' });
    const rating = make('span', { className: 'rating' });
    const told = make('span', { className: 'told' });
    const item = make(
      'li', { id: `clip-${clip.id}`, className: 'cell', role: 'option' },
      make('span', { className: 'shot' }, canvas),
      make('span', { className: 'tick' }),
      length, rating, told,
    );
    const cell = { item, canvas, length, rating, told, clip, key: '' };
    this.#cells.set(clip.id, cell);
    this.#watch.observe(item);
    return cell;
  }

  /** @param {Cell} cell @param {Clip} clip @param {Look} look */
  #update(cell, clip, { focus, isMarked, saving, refusals }) {
    const { id, start_frame: start, end_frame: end, rating } = clip;
    if (cell.clip.start_frame !== start || cell.clip.end_frame !== end) {
      this.#onnear(cell.canvas, clip);
    }
    cell.clip = clip;
    const refusal = refusals.get(id) ?? '';
    const key = [id === focus, isMarked(id), saving.has(id), refusal, rating, start, end].join('|');
    if (key === cell.key) return;
    cell.key = key;
    const { item } = cell;
    item.classList.toggle('is-focus', id === focus);
    item.classList.toggle('is-refused', refusal !== '');
    item.setAttribute('aria-selected', String(isMarked(id)));
    cell.length.textContent = `${clip.duration_seconds.toFixed(1)} s`;
    cell.rating.textContent = '★'.repeat(rating ?? 0);
    cell.told.textContent = saving.has(id) ? 'saving…' : refusal && 'not saved';
    item.title = refusal;
    item.setAttribute('aria-label', nameOf(clip, refusal));
  }
}

/** The id of the clip whose cell an element is in. @param {EventTarget | null} element */
export function idOf(element) {
  const item = element instanceof Element ? element.closest('.cell') : null;
  return item ? Number(item.id.slice('clip-'.length)) : null;
}

/** @param {Clip} clip @param {string} refusal */
function nameOf({ id, video, duration_seconds: seconds, rating }, refusal) {
  const stars = rating ? `, rated ${rating}` : '';
  return `Clip ${id}, ${seconds.toFixed(1)} seconds, ${video.title}${stars}. ${refusal}`.trim();
}

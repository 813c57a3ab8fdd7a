/**
 * The cells of the contact sheet in the document: one per clip or stack, under headings of their
 * films, kept as long as they are shown, updated only where something has changed.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {import('./layout.js').Cell} Shown
 * @typedef {import('./layout.js').Section} Section
 * @typedef {{focus: number | null, marked: (ids: number[]) => number, saving: Set<number>,
 *   refusals: Map<number, string>}} Look  `marked`: how many of these clips are
 * @typedef {Record<'length' | 'count' | 'state' | 'tags' | 'told', HTMLElement>} Notes
 * @typedef {{item: HTMLLIElement, picture: HTMLElement, notes: Notes, clip: Clip,
 *   key: string}} Cell
 */

import { make, setText } from '../shared/dom.js';
import { count, stateWords } from '../shared/words.js';
import { idsOf } from './layout.js';

const NEAR = '60%';
const PENDING = 'pending_review';

export class Cells {
  #grid;
  #onnear;
  #onfar;
  /** By the clip that names them. @type {Map<number, Cell>} */ #cells = new Map();
  /** By the films' keys. @type {Map<string, HTMLLIElement>} */ #headings = new Map();
  #watch;

  /** @param {HTMLElement} grid @param {{scroller: HTMLElement,
   *   onnear: (picture: HTMLElement, clip: Clip) => void,
   *   onfar: (picture: HTMLElement) => void}} options `onnear`: a picture is in view, or almost */
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

  /** @param {Section[]} sections @param {Look} look */
  show(sections, look) {
    this.#forget(sections);
    let before = this.#grid.firstElementChild;
    const place = (/** @type {HTMLElement} */ item) => {
      if (item === before) before = before.nextElementSibling;
      else this.#grid.insertBefore(item, before);
    };
    for (const section of sections) {
      if (section.title) place(this.#heading(section));
      for (const shown of section.cells) {
        const [clip] = shown.clips;
        const cell = this.#cells.get(clip.id) ?? this.#made(clip);
        place(cell.item);
        this.#update(cell, shown, look);
      }
    }
    const focused = look.focus === null ? null : this.#cells.get(look.focus)?.item;
    if (focused) this.#grid.setAttribute('aria-activedescendant', focused.id);
    else this.#grid.removeAttribute('aria-activedescendant');
  }

  /** @param {number} id */
  pictureOf(id) {
    return this.#cells.get(id)?.picture ?? null;
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

  /** @param {Section[]} sections that stay */
  #forget(sections) {
    const shown = new Set(sections.flatMap(({ cells }) => cells.map(({ clips }) => clips[0].id)));
    for (const [id, { item, picture }] of this.#cells) {
      if (shown.has(id)) continue;
      this.#watch.unobserve(item);
      this.#onfar(picture);
      item.remove();
      this.#cells.delete(id);
    }
    const keys = new Set(sections.map(({ key }) => key));
    for (const [key, heading] of this.#headings) {
      if (keys.has(key)) continue;
      heading.remove();
      this.#headings.delete(key);
    }
  }

  /** @param {Element} item @param {boolean} isNear */
  #moved(item, isNear) {
    const cell = this.#cells.get(idOf(item) ?? -1);
    if (!cell) return;
    if (!isNear) this.#onfar(cell.picture);
    else if (cell.picture.dataset.frame === undefined) this.#onnear(cell.picture, cell.clip);
  }

  /** Each cell's name has its film's title, too: the heading is for the eye.
   * @param {Section} section */
  #heading({ key, title, cells }) {
    const clips = cells.reduce((sum, each) => sum + each.clips.length, 0);
    const made = this.#headings.get(key) ?? make(
      'li', { className: 'film', ariaHidden: 'true' }, make('b', { textContent: title }),
      make('span', { className: 'soft' }),
    );
    this.#headings.set(key, made);
    setText(/** @type {HTMLElement} */ (made.lastElementChild), count(clips, 'clip'));
    return made;
  }

  /** @param {Clip} clip @returns {Cell} */
  #made(clip) {
    const picture = make('span', { className: 'picture' });
    const note = (/** @type {string} */ className) => make('span', { className });
    const notes = {
      length: note('length'), count: note('count'), state: note('state'), tags: note('tags'),
      told: note('told'),
    };
    const item = make(
      'li', { id: `clip-${clip.id}`, className: 'cell', role: 'option' },
      make('span', { className: 'shot' }, picture),
      make('span', { className: 'tick' }),
      ...Object.values(notes),
    );
    const cell = { item, picture, notes, clip, key: '' };
    this.#cells.set(clip.id, cell);
    this.#watch.observe(item);
    return cell;
  }

  /** @param {Cell} cell @param {Shown} shown @param {Look} look */
  #update(cell, shown, { focus, marked, saving, refusals }) {
    const { clips, opened } = shown;
    const [clip] = clips;
    const ids = idsOf(shown);
    const { id, start_frame: start, end_frame: end } = clip;
    if (cell.clip.start_frame !== start || cell.clip.end_frame !== end) {
      this.#onnear(cell.picture, clip);
    }
    cell.clip = clip;
    const refusal = ids.map((each) => refusals.get(each)).find(Boolean) ?? '';
    const isSaving = ids.some((each) => saving.has(each));
    const marks = marked(ids);
    const parts = opened ? `${opened.at + 1}/${opened.of}` : `${clips.length}`;
    const key = [
      id === focus, marks, isSaving, refusal, clip.state, tagsOf(clip), start, end, parts,
    ].join('|');
    if (key === cell.key) return;
    cell.key = key;
    const { item, notes } = cell;
    item.classList.toggle('is-focus', id === focus);
    item.classList.toggle('is-refused', refusal !== '');
    item.classList.toggle('is-stack', clips.length > 1);
    item.classList.toggle('is-opened', opened !== null);
    item.classList.toggle('is-part', marks > 0 && marks < clips.length);
    item.setAttribute('aria-selected', String(marks === clips.length));
    setText(notes.length, `${clip.duration_seconds.toFixed(1)} s`);
    setText(notes.count, parts === '1' ? '' : parts);
    notes.count.title = opened ? 'Close the stack' : 'Open the stack';
    setText(notes.state, clip.state === PENDING ? '' : stateWords(clip.state));
    notes.state.dataset.state = clip.state;
    setText(notes.tags, tagsOf(clip));
    setText(notes.told, isSaving ? 'saving…' : refusal && 'not saved');
    item.title = refusal;
    item.setAttribute('aria-label', nameOf(shown, refusal));
  }
}

/** The id of the clip whose cell an element is in. @param {EventTarget | null} element */
export function idOf(element) {
  const item = element instanceof Element ? element.closest('.cell') : null;
  return item ? Number(item.id.slice('clip-'.length)) : null;
}

/** @param {Clip} clip */
function tagsOf({ rating, labels, note }) {
  return [rating && '★'.repeat(rating), ...labels, note && '✎'].filter(Boolean).join(' ');
}

/** @param {Shown} shown @param {string} refusal */
function nameOf({ clips: [clip, ...others], opened }, refusal) {
  const { id, video, duration_seconds: seconds, rating, labels, note, state } = clip;
  const facts = [
    others.length > 0 && `Stack of ${count(others.length + 1, 'clip')} that show the same`,
    opened && `${opened.at + 1} of ${opened.of} in a stack`,
    `Clip ${id}`,
    `${seconds.toFixed(1)} seconds`,
    video.title,
    state !== PENDING && stateWords(state),
    rating && `rated ${rating}`,
    ...labels,
    note && `note: ${note}`,
  ];
  return `${facts.filter(Boolean).join(', ')}. ${refusal}`.trim();
}

/**
 * Rating, labels and note of the clip on the screen.
 *
 * @typedef {import('./queue.js').Clip} Clip
 * @typedef {{labels?: string[], rating?: number | null, note?: string | null}} Description
 */

import { byId, make, redraw } from '../shared/dom.js';
import { labelsToShow, toggled } from './labels.js';

export class Describe {
  #current;
  #annotate;
  #onlabels;
  /** Labels that have a digit key. @type {string[]} */ #numbered = [];
  /** @type {string[]} */ #others = [];
  /** The clip that is being typed about. @type {Clip | null} */ #subject = null;
  #label = /** @type {HTMLInputElement} */ (byId('label'));
  #note = /** @type {HTMLTextAreaElement} */ (byId('note'));
  #drawn = '';

  /** @param {{current: () => Clip | null, annotate: (clip: Clip, what: Description) => void,
   *   onlabels: (part: HTMLElement) => void}} options  `current`: the clip on the screen,
   *   `onlabels`: called when the chips have been redrawn */
  constructor({ current, annotate, onlabels }) {
    this.#current = current;
    this.#annotate = annotate;
    this.#onlabels = onlabels;
    this.#listen();
  }

  /** @param {{numbered: string[], others: string[]}} labels */
  use({ numbered, others }) {
    this.#numbered = numbered.slice(0, 9);
    this.#others = [...numbered.slice(9), ...others];
    byId('label-names').replaceChildren(
      ...[...this.#numbered, ...this.#others].map((value) => make('option', { value })),
    );
    this.#drawn = '';
    this.draw();
  }

  /** @param {number} n 0: none */
  rate(n) {
    const clip = this.#current();
    const rating = n || null;
    if (clip && clip.rating !== rating) this.#annotate(clip, { rating });
  }

  /** @param {number} n counted from 1 */
  toggleNumbered(n) {
    const label = this.#numbered[n - 1];
    if (label) this.toggle(label);
  }

  /** @param {string} label @param {Clip | null} [clip] */
  toggle(label, clip = this.#current()) {
    if (clip) this.#annotate(clip, { labels: toggled(clip.labels, label) });
  }

  /** Opens the field for a label. */
  typeLabel() {
    if (!this.#current()) return;
    this.#label.hidden = false;
    this.#label.focus();
  }

  writeNote() {
    this.#note.focus();
    this.#note.setSelectionRange(this.#note.value.length, this.#note.value.length);
  }

  #listen() {
    const [label, note] = [this.#label, this.#note];
    for (const field of [label, note]) {
      field.addEventListener('focus', () => { this.#subject = this.#current(); });
    }
    label.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.isComposing) return;
      const typed = label.value.trim();
      if (typed) this.toggle(typed, this.#subject);
      label.blur();
    });
    label.addEventListener('blur', () => {
      label.value = '';
      label.hidden = true;
    });
    note.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      note.blur();
    });
    note.addEventListener('blur', () => {
      const [clip, text] = [this.#subject, note.value.trim() || null];
      this.#subject = null;
      if (clip && text !== (clip.note || null)) this.#annotate(clip, { note: text });
      note.scrollTop = 0;
      this.#drawn = '';
      this.draw();
    });
    byId('labels').addEventListener('click', (event) => {
      const chip = /** @type {HTMLElement} */ (event.target).closest('button');
      if (chip?.dataset.label) this.toggle(chip.dataset.label);
    });
  }

  draw() {
    const clip = this.#current();
    const key = JSON.stringify(clip && [clip.id, clip.labels, clip.rating, clip.note]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    for (const [i, star] of [...byId('stars').querySelectorAll('button')].entries()) {
      star.disabled = !clip;
      star.classList.toggle('is-on', i < (clip?.rating ?? 0));
      star.setAttribute('aria-pressed', String(clip?.rating === i + 1));
    }
    const isNoteFree = document.activeElement !== this.#note;
    if (isNoteFree) this.#note.value = clip?.note ?? '';
    this.#note.disabled = !clip;
    this.#drawLabels(clip);
  }

  /** @param {Clip | null} clip */
  #drawLabels(clip) {
    const shown = labelsToShow(clip?.labels ?? [], this.#numbered);
    const chips = shown.map(({ label, number, isOn }) => {
      const chip = make('button', {
        type: 'button', className: 'chip', disabled: !clip, data: { label },
        title: label,
      });
      chip.setAttribute('aria-pressed', String(isOn));
      if (number) chip.append(make('kbd', { data: { key: `label${number}` }, ariaHidden: 'true' }));
      chip.append(make('span', { textContent: label }));
      return make('li', {}, chip);
    });
    const add = make('button', {
      type: 'button', className: 'chip chip-add', disabled: !clip, data: { action: 'label' },
    }, 'Label ', make('kbd', { data: { key: 'label' }, ariaHidden: 'true' }));
    redraw(byId('labels'), [...chips, make('li', {}, add)]);
    this.#onlabels(byId('labels'));
  }
}

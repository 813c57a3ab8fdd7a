/** The dialog with the labels and the note of all clips that are meant. */

import { byId, make, redraw, setText } from '../shared/dom.js';
import { count } from '../shared/words.js';
import { sharedLabels, sharedNote, toggledLabel } from './common.js';

/** @typedef {import('./queue.js').Clip} Clip */
/** @typedef {import('./queue.js').Fields} Fields */

/** Labels with a digit key. */
const MOST_NUMBERED = 9;

export class Describe {
  #meant;
  #annotate;
  #ondraw;
  #dialog = /** @type {HTMLDialogElement} */ (byId('describe'));
  #label = /** @type {HTMLInputElement} */ (byId('label'));
  #note = /** @type {HTMLTextAreaElement} */ (byId('note'));
  /** @type {string[]} */ #numbered = [];
  /** The note when the dialog was opened. */
  #before = '';

  /** @param {{meant: () => Clip[], annotate: (clips: Clip[], fields: Fields) => void,
   *   ondraw: (part: HTMLElement) => void}} options  `meant`: the clips that a decision would be
   *   about, `ondraw`: called when keys have been drawn */
  constructor({ meant, annotate, ondraw }) {
    this.#meant = meant;
    this.#annotate = annotate;
    this.#ondraw = ondraw;
    this.#listen();
  }

  get isOpen() {
    return this.#dialog.open;
  }

  /** @param {{numbered: string[], others: string[]}} labels */
  use({ numbered, others }) {
    this.#numbered = numbered.slice(0, MOST_NUMBERED);
    byId('label-names').replaceChildren(
      ...[...numbered, ...others].map((value) => make('option', { value })),
    );
  }

  /** @param {'label' | 'note'} field to begin with */
  open(field) {
    const clips = this.#meant();
    if (clips.length === 0) return;
    const note = sharedNote(clips);
    this.#before = note ?? '';
    this.#note.value = this.#before;
    this.#note.placeholder = note === undefined
      ? 'The clips have different notes; one that you write here takes their place'
      : 'Note';
    setText(byId('describe-title'), clips.length === 1
      ? `Describe clip ${clips[0].id}` : `Describe ${count(clips.length, 'clip')}`);
    this.#draw();
    this.#dialog.showModal();
    (field === 'note' ? this.#note : this.#label).focus();
  }

  /** @param {number} n counted from 1 */
  toggleNumbered(n) {
    const label = this.#numbered[n - 1];
    if (label) this.#toggle(label);
  }

  /** @param {string} label */
  #toggle(label) {
    const clips = this.#meant();
    this.#annotate(clips, toggledLabel(clips, label));
    if (this.isOpen) this.#draw();
  }

  #listen() {
    this.#label.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.isComposing) return;
      event.preventDefault();
      const typed = this.#label.value.trim().replace(/\s+/g, ' ');
      if (typed) this.#toggle(typed);
      this.#label.value = '';
    });
    this.#note.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#dialog.close();
    });
    this.#dialog.addEventListener('close', () => {
      const text = this.#note.value.trim();
      if (text !== this.#before.trim()) this.#annotate(this.#meant(), { note: text || null });
      this.#label.value = '';
    });
    this.#dialog.addEventListener('click', (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      if (target === this.#dialog) this.#dialog.close(); // a click beside it
      const { label } = target.closest('button')?.dataset ?? {};
      if (label) this.#toggle(label);
    });
  }

  #draw() {
    const clips = this.#meant();
    const chips = sharedLabels(clips, this.#numbered).map(({ label, number, of }) => {
      const chip = make('button', { type: 'button', className: 'chip', data: { label } });
      const isOn = of === clips.length;
      chip.setAttribute('aria-pressed', of > 0 && !isOn ? 'mixed' : String(isOn));
      if (number) chip.append(make('kbd', { data: { key: `label${number}` }, ariaHidden: 'true' }));
      chip.append(make('span', { textContent: label }));
      if (of > 0 && !isOn) chip.append(make('small', { textContent: `${of} of ${clips.length}` }));
      return make('li', {}, chip);
    });
    redraw(byId('labels'), chips);
    this.#ondraw(byId('labels'));
  }
}

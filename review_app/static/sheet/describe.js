/** The dialog with the labels and the note of all clips that are meant. */

import { byId, make, redraw, setText } from '../shared/dom.js';
import { dot } from '../shared/dot.js';
import { offered } from '../shared/labels.js';
import { count } from '../shared/words.js';
import { sharedLabels, sharedNote, toggledLabel } from './common.js';

/** @typedef {import('./queue.js').Clip} Clip */
/** @typedef {import('./queue.js').Fields} Fields */
/** @typedef {import('../shared/labels.js').Label} Label */

export class Describe {
  #meant;
  #clipOf;
  #annotate;
  #ondraw;
  #dialog = /** @type {HTMLDialogElement} */ (byId('describe'));
  #label = /** @type {HTMLInputElement} */ (byId('label'));
  #note = /** @type {HTMLTextAreaElement} */ (byId('note'));
  /** @type {Label[]} */ #listed = [];
  /** What the dialog is about while it is open, as last seen. @type {Clip[] | null} */ #about = null;
  /** The note when the dialog was opened. */
  #before = '';

  /** @param {{meant: () => Clip[], clipOf: (id: number) => Clip | null,
   *   annotate: (clips: Clip[], fields: Fields) => void,
   *   ondraw: (part: HTMLElement) => void}} options  `meant`: the clips that a decision would be
   *   about, `clipOf`: one that is on the sheet, `ondraw`: called when keys have been drawn */
  constructor({ meant, clipOf, annotate, ondraw }) {
    this.#meant = meant;
    this.#clipOf = clipOf;
    this.#annotate = annotate;
    this.#ondraw = ondraw;
    this.#listen();
  }

  get isOpen() {
    return this.#dialog.open;
  }

  /** @param {{labels: Label[], others: string[]}} labels those of the list, and others in use */
  use({ labels, others }) {
    this.#listed = labels;
    byId('label-names').replaceChildren(
      ...[...offered(labels), ...others].map((value) => make('option', { value })),
    );
  }

  /** @param {'label' | 'note'} field to begin with */
  open(field) {
    const clips = this.#meant();
    if (clips.length === 0) return;
    this.#about = clips;
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

  /** Puts the label with a digit key on all of the clips, or takes it off. @param {number} key */
  toggleKey(key) {
    const label = this.#listed.find((each) => each.key === key);
    if (label) this.#toggle(label.name);
  }

  /** The clips that a change is for. Those of the open dialog stay the same: one that has left the
   * sheet meanwhile is sent as it was last seen, so that the server refuses it if it has changed. */
  #subject() {
    this.#about = this.#about?.map((clip) => this.#clipOf(clip.id) ?? clip) ?? null;
    return this.#about ?? this.#meant();
  }

  /** @param {string} label */
  #toggle(label) {
    const clips = this.#subject();
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
      if (text !== this.#before.trim()) this.#annotate(this.#subject(), { note: text || null });
      this.#about = null;
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
    const clips = this.#subject();
    const chips = sharedLabels(clips, this.#listed).map(({ label, colour, key, of }) => {
      const chip = make('button', { type: 'button', className: 'chip', data: { label } });
      const isOn = of === clips.length;
      chip.setAttribute('aria-pressed', of > 0 && !isOn ? 'mixed' : String(isOn));
      chip.append(dot(colour), make('span', { textContent: label }));
      if (key) chip.append(make('kbd', { data: { key: `label${key}` }, ariaHidden: 'true' }));
      if (of > 0 && !isOn) chip.append(make('small', { textContent: `${of} of ${clips.length}` }));
      return make('li', {}, chip);
    });
    redraw(byId('labels'), chips);
    this.#ondraw(byId('labels'));
  }
}

/**
 * Rating, labels and note of a clip, and the fields in which they change (`_describe.html`).
 *
 * @typedef {import('./labels.js').Label} Label
 * @typedef {{id: number, labels: string[], rating: number | null, note: string | null}} Clip
 * @typedef {{labels?: string[], rating?: number | null, note?: string | null}} Description
 */

import { byId, make, redraw } from './dom.js';
import { dot } from './dot.js';
import { labelsToShow, offered, toggled } from './labels.js';

/** So many labels are always in sight together. */
const FIT = 8;

/** Scrolls to the label that a clip was given last. @param {string | undefined} label */
function reveal(label) {
  const chips = [...byId('labels').querySelectorAll('button')];
  const chip = chips.find(({ dataset }) => dataset.label === label);
  const box = byId('labels').parentElement;
  if (!chip || !box) return;
  const [inner, outer] = [chip.getBoundingClientRect(), box.getBoundingClientRect()];
  box.scrollTop += Math.max(0, inner.bottom - outer.bottom) + Math.min(0, inner.top - outer.top);
}

/** Empty where a page has no keys. @param {string} action */
const keyCap = (action) =>
  make('kbd', { data: { key: action }, ariaHidden: 'true', hidden: true });

/** @template {Clip} C */
export class Describe {
  #current;
  #annotate;
  #onlabels;
  /** @type {Label[]} */ #listed = [];
  /** The clip that is being typed about. @type {C | null} */ #subject = null;
  #label = /** @type {HTMLInputElement} */ (byId('label'));
  #note = /** @type {HTMLTextAreaElement} */ (byId('note'));
  #drawn = '';

  /** @param {{current: () => C | null, annotate: (clip: C, what: Description) => void,
   *   onlabels?: (part: HTMLElement) => void}} options  `current`: the clip on the screen,
   *   `onlabels`: called when the chips have been redrawn */
  constructor({ current, annotate, onlabels = () => {} }) {
    this.#current = current;
    this.#annotate = annotate;
    this.#onlabels = onlabels;
    this.#listen();
  }

  /** @param {{labels: Label[], others: string[]}} labels those of the list, and others in use */
  use({ labels, others }) {
    this.#listed = labels;
    byId('label-names').replaceChildren(
      ...[...offered(labels), ...others].map((value) => make('option', { value })),
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

  /** Puts the label with a digit key on the clip, or takes it off. @param {number} key */
  toggleKey(key) {
    const label = this.#listed.find((each) => each.key === key);
    if (label) this.#toggle(label.name, this.#current());
  }

  /** @param {string} label @param {C | null} clip */
  #toggle(label, clip) {
    if (clip) this.#annotate(clip, { labels: toggled(clip.labels, label) });
  }

  /** Labels are typed one after the other. The clip may be gone from the screen meanwhile.
   * @param {string} label */
  #toggleTyped(label) {
    const [current, subject] = [this.#current(), this.#subject];
    const clip = current && current.id === subject?.id ? current : subject;
    this.#toggle(label, clip);
    if (clip) this.#subject = { ...clip, labels: toggled(clip.labels, label) };
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
      event.preventDefault();
      const typed = label.value.trim();
      if (typed) this.#toggleTyped(typed);
      label.value = '';
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
      if (chip?.dataset.label) this.#toggle(chip.dataset.label, this.#current());
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

  /** @param {C | null} clip */
  #drawLabels(clip) {
    const shown = labelsToShow(clip?.labels ?? [], this.#listed);
    const chips = shown.map(({ label, colour, key, isOn }) => {
      const chip = make('button', {
        type: 'button', className: 'chip', disabled: !clip, data: { label },
        title: label,
      });
      chip.setAttribute('aria-pressed', String(isOn));
      chip.append(dot(colour), make('span', { className: 'clip-text', textContent: label }));
      if (key) chip.append(keyCap(`label${key}`));
      return make('li', {}, chip);
    });
    const add = make('button', {
      type: 'button', className: 'chip chip-add', disabled: !clip, data: { action: 'label' },
    }, 'Label ', keyCap('label'));
    redraw(byId('labels'), [...chips, make('li', {}, add)]);
    if (shown.length > FIT) reveal(clip?.labels.at(-1));
    this.#onlabels(byId('labels'));
  }
}

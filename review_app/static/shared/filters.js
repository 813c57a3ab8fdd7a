/**
 * The filters: a dialog to choose them, chips to see and remove them. They are part of the page's
 * address, so any view can be bookmarked and shared.
 *
 * @typedef {import('./selection.js').Selection} Selection
 */

import { byId, make } from './dom.js';
import { filterTexts, searchOf, selectionOf, without } from './selection.js';

export class Filters {
  #dialog = /** @type {HTMLDialogElement} */ (byId('filters'));
  #form = /** @type {HTMLFormElement} */ (byId('filter-form'));
  #onchange;

  /** @param {(selection: Selection) => void} onchange */
  constructor(onchange) {
    this.#onchange = onchange;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const given = [...new FormData(this.#form)].map(([name, value]) => [name, String(value)]);
      this.#dialog.close();
      this.#go(selectionOf(new URLSearchParams(given)));
    });
    this.#form.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.target instanceof HTMLSelectElement)) return;
      event.preventDefault(); // Enter submits, as in a text field; Space opens the options
      this.#form.requestSubmit();
    });
    byId('filters-none').addEventListener('click', () => {
      this.#dialog.close();
      this.clear();
    });
    this.#dialog.addEventListener('click', (event) => {
      if (event.target === this.#dialog) this.#dialog.close(); // a click beside it
    });
    byId('filtered').addEventListener('click', (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest('button');
      if (button) this.#go(without(this.selection, (button.dataset.names ?? '').split(' ')));
    });
    addEventListener('popstate', () => this.#show());
    this.#draw();
  }

  /** What the address asks for. */
  get selection() {
    return selectionOf(location.search);
  }

  /** True if the page shows fewer clips than all that wait. */
  get isFiltered() {
    return Object.keys(without(this.selection, ['order'])).length > 0;
  }

  get isOpen() {
    return this.#dialog.open;
  }

  toggle() {
    if (this.isOpen) {
      this.#dialog.close();
      return;
    }
    const { selection } = this;
    for (const field of /** @type {HTMLInputElement[]} */ ([...this.#form.elements])) {
      if (!field.name) continue;
      field.value = selection[field.name] ?? '';
      if (field instanceof HTMLSelectElement && field.selectedIndex < 0) field.selectedIndex = 0;
    }
    this.#dialog.showModal();
  }

  /** Removes all filters. */
  clear() {
    this.#go({});
  }

  /** @param {Selection} selection */
  #go(selection) {
    const search = searchOf(selection);
    if (search === searchOf(this.selection)) return;
    history.pushState(null, '', location.pathname + search);
    this.#show();
  }

  #show() {
    this.#draw();
    this.#onchange(this.selection);
  }

  #draw() {
    const { selection } = this;
    const chips = filterTexts(selection, (key) => this.#titleOf(key)).map(({ text, names }) => make(
      'li', {},
      make('button', {
        type: 'button',
        className: 'chip',
        title: 'Remove this filter',
        label: `Remove the filter: ${text}`,
        data: { names: names.join(' ') },
      }, make('span', { textContent: text }), make('span', { textContent: '×' })),
    ));
    byId('filtered').replaceChildren(...chips);
    byId('filtered').hidden = chips.length === 0;
  }

  /** @param {string} key of a video */
  #titleOf(key) {
    const field = /** @type {HTMLSelectElement} */ (this.#form.elements.namedItem('video'));
    return [...field.options].find((option) => option.value === key)?.text ?? key;
  }
}

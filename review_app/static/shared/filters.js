/**
 * The filters: a dialog to choose them, chips to see and remove them. They are part of the page's
 * address, so any view can be bookmarked and shared.
 *
 * @typedef {import('./selection.js').Selection} Selection
 */

import { byId, make } from './dom.js';
import { dot } from './dot.js';
import { SavedViews } from './saved_views.js';
import {
  asked, filterTexts, inFull, partsOf, PENDING, SEARCH_NAMES, searchOf, selectionOf, without,
} from './selection.js';

export class Filters {
  #dialog = /** @type {HTMLDialogElement} */ (byId('filters'));
  #form = /** @type {HTMLFormElement} */ (byId('filter-form'));
  #onchange;
  #byDefault;
  #views;

  /** @param {(selection: Selection) => void} onchange
   * @param {Selection} [byDefault] what the page shows without any */
  constructor(onchange, byDefault = PENDING) {
    this.#onchange = onchange;
    this.#byDefault = byDefault;
    this.#views = new SavedViews({
      chosen: () => inFull(this.#chosen, byDefault),
      open: (argumentsOfView) => {
        this.#dialog.close();
        this.#go(selectionOf(argumentsOfView, byDefault));
      },
      isOpen: (argumentsOfView) =>
        searchOf(selectionOf(argumentsOfView, byDefault)) === searchOf(this.selection),
    });
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const chosen = this.#chosen;
      this.#dialog.close();
      this.#go(chosen);
    });
    this.#form.addEventListener('keydown', (event) => {
      const { target } = event;
      const isTick = target instanceof HTMLInputElement && target.type === 'checkbox';
      if (event.key !== 'Enter' || !(target instanceof HTMLSelectElement || isTick)) return;
      event.preventDefault(); // Enter submits, as in a text field; Space opens the options or ticks
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
      if (!button) return;
      this.#go(without(this.selection, (button.dataset.names ?? '').split(' '), button.dataset.value));
    });
    addEventListener('popstate', () => this.#show());
    this.#draw();
  }

  /** What the address asks for. */
  get selection() {
    return selectionOf(location.search, this.#byDefault);
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
    const selection = inFull(this.selection, this.#byDefault);
    this.#offer(partsOf(selection.label));
    for (const field of /** @type {HTMLInputElement[]} */ ([...this.#form.elements])) {
      if (!field.name) continue;
      if (field.type === 'checkbox') {
        field.checked = partsOf(selection[field.name]).includes(field.value);
      } else {
        field.value = selection[field.name] ?? '';
      }
      const isMissing = field instanceof HTMLSelectElement && field.selectedIndex < 0;
      if (isMissing) field.add(optionOf(field.name, selection[field.name] ?? ''));
    }
    void this.#views.load();
    this.#dialog.showModal();
  }

  /** Removes all filters. */
  clear() {
    this.#go({});
  }

  /** What the form says. */
  get #chosen() {
    const given = [...new FormData(this.#form)].map(
      ([name, value]) => /** @type {[string, string]} */ ([name, String(value)]));
    const fields = /** @type {HTMLInputElement[]} */ ([...this.#form.elements]);
    return asked(given, fields.map(({ name }) => name), this.selection, this.#byDefault);
  }

  /** Labels of the address that the form lacks, as nobody has them any more, can be taken off.
   * @param {string[]} labels */
  #offer(labels) {
    const ticks = /** @type {HTMLInputElement[]} */ (
      [...byId('filter-labels').querySelectorAll('input')]);
    const known = new Set(ticks.map(({ value }) => value));
    byId('filter-labels').append(...labels.filter((label) => !known.has(label)).map((value) => make(
      'label', { className: 'tick-one' },
      make('input', { type: 'checkbox', name: 'label', value }), value,
    )));
  }

  /** @param {Selection} selection */
  #go(selection) {
    const search = searchOf(selection);
    if (search === searchOf(this.selection)) return;
    const asked = new URLSearchParams(location.search);
    const kept = SEARCH_NAMES.flatMap((name) => {
      const value = asked.get(name);
      return value ? [[name, value]] : [];
    });
    const all = new URLSearchParams([...kept, ...new URLSearchParams(search)]);
    history.pushState(null, '', location.pathname + (all.size > 0 ? `?${all}` : ''));
    this.#show();
  }

  #show() {
    this.#draw();
    this.#onchange(this.selection);
  }

  #draw() {
    const texts = filterTexts(
      this.selection, (key) => this.#titleOf('video', key), (id) => this.#titleOf('theme', id),
    );
    const chips = texts.map(({ text, names, value }) => make(
      'li', {},
      make('button', {
        type: 'button',
        className: 'chip',
        title: 'Remove this filter',
        label: `Remove the filter: ${text}`,
        data: { names: names.join(' '), ...(value === undefined ? {} : { value }) },
      },
      ...(value === undefined ? [] : [dot(this.#colourOf(value))]),
      make('span', { textContent: text }), make('span', { textContent: '×' })),
    ));
    byId('filtered').replaceChildren(...chips);
    byId('filtered').hidden = chips.length === 0;
  }

  /** @param {string} label */
  #colourOf(label) {
    const tick = [...byId('filter-labels').querySelectorAll('input')].find(
      ({ value }) => value === label,
    );
    const shown = /** @type {HTMLElement | null | undefined} */ (
      tick?.parentElement?.querySelector('.dot'));
    return shown?.dataset.colour ?? null;
  }

  /** @param {string} name of a field @param {string} value of one of its options */
  #titleOf(name, value) {
    const field = /** @type {HTMLSelectElement} */ (this.#form.elements.namedItem(name));
    return [...field.options].find((option) => option.value === value)?.text ?? value;
  }
}

/** For what a field does not offer, as a film that is new or a collection's own order.
 * @param {string} name @param {string} value */
function optionOf(name, value) {
  const [shown] = filterTexts({ [name]: value }, (key) => key);
  return new Option(shown.text, value, true, true);
}

/**
 * The saved views in the dialog of the filters: open one, save the present filters as one, rename
 * and delete. All reviewers share them. Above them, what is assigned to this one.
 *
 * @typedef {Record<string, string>} Arguments  of an address
 * @typedef {{id: number, name: string, arguments: Arguments, saved_by: string}} View
 */

import { api } from './api.js';
import { byId, make, setText } from './dom.js';
import { sentence } from './words.js';

export class SavedViews {
  #chosen;
  #open;
  #isOpen;
  /** @type {View[]} */ #views = [];
  /** What is assigned to the reviewer. @type {Pick<View, 'name' | 'arguments'>[]} */ #mine = [];
  #list = byId('views');
  #name = /** @type {HTMLInputElement} */ (byId('view-name'));

  /** @param {{chosen: () => object, open: (given: Arguments) => void,
   *   isOpen: (given: Arguments) => boolean}} options  `chosen`: what the form says now */
  constructor({ chosen, open, isOpen }) {
    this.#chosen = chosen;
    this.#open = open;
    this.#isOpen = isOpen;
    byId('view-save').addEventListener('click', () => void this.#save());
    this.#name.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.isComposing) return;
      event.preventDefault(); // else the form would be sent
      void this.#save();
    });
  }

  async load() {
    this.#tell('');
    await this.#try(async () => {});
  }

  async #save() {
    const name = this.#name.value.trim();
    if (!name) {
      this.#tell('Give the view a name.');
      this.#name.focus();
      return;
    }
    await this.#try(async () => {
      await api('/api/v1/views', { name, arguments: this.#chosen() });
      this.#name.value = '';
    });
  }

  /** Runs an action, then shows the views as they are. @param {() => Promise<void>} act */
  async #try(act) {
    try {
      await act();
      this.#tell('');
      const { views, mine } = await api('/api/v1/views');
      [this.#views, this.#mine] = [views, mine];
    } catch (error) {
      this.#tell(sentence(/** @type {Error} */ (error)));
    }
    this.#draw();
  }

  /** @param {string} text */
  #tell(text) {
    setText(byId('views-told'), text);
  }

  #draw() {
    byId('mine-part').hidden = this.#mine.length === 0;
    byId('mine').replaceChildren(
      ...this.#mine.map((work) => make('li', {}, this.#opener(work, 'What is left of it'))),
    );
    byId('views-none').hidden = this.#views.length > 0;
    this.#list.replaceChildren(...this.#views.map((view) => this.#row(view)));
  }

  /** @param {View} view */
  #row(view) {
    const open = this.#opener(view, `Saved by ${view.saved_by}`);
    const rename = make('button', {
      type: 'button', className: 'quiet', label: `Rename the view ${view.name}`,
      onclick: () => this.#rename(view, open),
    }, 'Rename');
    const remove = make('button', {
      type: 'button', className: 'quiet', label: `Delete the view ${view.name}`,
      onclick: () => this.#delete(view, remove),
      onblur: () => {
        remove.classList.remove('is-sure');
        setText(remove, 'Delete');
      },
    }, 'Delete');
    return make('li', {}, open, rename, remove);
  }

  /** @param {Pick<View, 'name' | 'arguments'>} view @param {string} title */
  #opener({ name, arguments: given }, title) {
    const open = make('button', {
      type: 'button', className: 'open', title, onclick: () => this.#open(given),
    }, name);
    if (this.#isOpen(given)) open.setAttribute('aria-current', 'true');
    return open;
  }

  /** A name turns into a field until Enter, or Esc. @param {View} view @param {HTMLElement} shown */
  #rename(view, shown) {
    const field = make('input', { value: view.name, maxLength: 60, label: 'New name of the view' });
    field.addEventListener('keydown', (event) => {
      if (event.isComposing || !['Enter', 'Escape'].includes(event.key)) return;
      event.preventDefault(); // Esc would close the dialog
      event.stopPropagation();
      if (event.key === 'Escape') this.#draw();
      else void this.#try(() => api(`/api/v1/views/${view.id}`, { name: field.value }));
    });
    shown.replaceWith(field);
    field.focus();
    field.select();
  }

  /** Everybody would miss it, so it takes two presses. @param {View} view
   * @param {HTMLElement} button */
  #delete(view, button) {
    if (button.classList.contains('is-sure')) {
      void this.#try(() => api(`/api/v1/views/${view.id}/delete`, {}));
      return;
    }
    button.classList.add('is-sure');
    setText(button, 'Delete for all');
  }
}

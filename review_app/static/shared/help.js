/**
 * The overlay that shows the keys and lets people change them.
 *
 * @typedef {import('./keys/keymap.js').Keymap} Keymap
 * @typedef {import('./keys/lines.js').Group} Group
 */

import { byId, make, setText } from './dom.js';
import { keepKeys } from './keys/kept.js';
import { keyCap } from './keys/keymap.js';
import { bindingsOf } from './keys/lines.js';

const HINT = 'To change a key, select it here and press the new one.';

export class Help {
  #keymap;
  #groups;
  #onchange;
  #dialog = /** @type {HTMLDialogElement} */ (byId('help'));
  /** The action that waits for its new key. @type {string | null} */ #asked = null;
  /** The key that was pressed for it, if another action has that key.
   * @type {{key: string, owner: string} | null} */
  #taken = null;

  /** @param {Keymap} keymap @param {Group[]} groups
   * @param {() => void} onchange called when the meaning of a key has changed */
  constructor(keymap, groups, onchange) {
    this.#keymap = keymap;
    this.#groups = groups;
    this.#onchange = onchange;
    this.#dialog.addEventListener('close', () => this.#ask(null));
    this.#dialog.addEventListener('click', (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      const rebinds = target.closest('button')?.dataset.rebind;
      if (rebinds) this.#ask(rebinds);
      else if (target.dataset.swap) this.#swap();
      else if (target === this.#dialog) this.#dialog.close(); // a click beside it
    });
    byId('help-reset').addEventListener('click', () => {
      this.#keymap.reset();
      this.#changed('All keys are back to their defaults.');
    });
  }

  get isOpen() {
    return this.#dialog.open;
  }

  toggle() {
    if (this.isOpen) {
      this.#dialog.close();
      return;
    }
    this.#draw();
    this.#tell(HINT);
    this.#dialog.showModal();
  }

  /** Handles a key press while an action waits for its new key. @param {KeyboardEvent} event
   * @returns {boolean} true if no other part of the page should handle it */
  takes(event) {
    if (!this.isOpen || this.#asked === null) return false;
    if (['Tab', 'Shift', 'Control', 'Alt', 'Meta', 'AltGraph'].includes(event.key)) return true;
    const pressesSwap = /** @type {HTMLElement} */ (event.target).dataset.swap !== undefined &&
      (event.key === 'Enter' || event.key === ' ');
    if (pressesSwap) return true;
    event.preventDefault();
    event.stopPropagation();
    const action = this.#asked;
    const claim = event.key === 'Escape' ? null : this.#keymap.claim(action, event);
    if (event.key === 'Escape') {
      this.#ask(null);
      this.#tell(HINT);
    } else if (!claim) {
      this.#tell('That key belongs to the browser. Press another, or Esc.');
    } else if (claim.owner) {
      this.#taken = { key: claim.key, owner: claim.owner };
      const textContent = this.#keymap.canSwap(action) ? 'Swap them' : 'Use it here';
      const swap = make('button', { type: 'button', textContent, data: { swap: 'yes' } });
      this.#tell(`“${this.#label(claim.owner)}” already uses ${keyCap(claim.key)}. `, swap);
      swap.focus();
    } else {
      this.#keymap.assign(action, claim.key);
      this.#changed(`“${this.#label(action)}” is now ${keyCap(claim.key)}.`);
    }
    return true;
  }

  #swap() {
    if (this.#asked === null || !this.#taken) return;
    const [action, { key, owner }] = [this.#asked, this.#taken];
    this.#keymap.assign(action, key);
    const other = this.#keymap.keyOf(owner);
    const its = other === null ? 'no key' : keyCap(other);
    const own = `“${this.#label(action)}” is now ${keyCap(key)}`;
    this.#changed(`${own}, “${this.#label(owner)}” ${its}.`);
  }

  /** @param {string} told */
  #changed(told) {
    const action = this.#asked;
    keepKeys(this.#keymap);
    this.#ask(null);
    this.#draw();
    this.#tell(told);
    this.#button(action)?.focus();
    this.#onchange();
  }

  /** @param {string | null} action */
  #ask(action) {
    this.#button(this.#asked)?.classList.remove('is-asked');
    this.#asked = action;
    this.#taken = null;
    if (action === null) return;
    const button = this.#button(action);
    button?.classList.add('is-asked');
    button?.focus();
    this.#tell(`Press the new key for “${this.#label(action)}”, or Esc.`);
  }

  /** @param {string | null} action @returns {HTMLButtonElement | null} */
  #button(action) {
    return this.#dialog.querySelector(`[data-rebind="${action}"]`);
  }

  /** @param {string} action */
  #label(action) {
    return bindingsOf(this.#groups).find((each) => each.action === action)?.label ?? action;
  }

  /** @param {...(string | Node)} parts */
  #tell(...parts) {
    byId('help-told').replaceChildren(...parts);
  }

  #draw() {
    byId('help-reset').hidden = this.#keymap.isDefault;
    byId('help-keys').replaceChildren(...this.#groups.map(({ title, lines }) => make(
      'section', {},
      make('h2', { textContent: title }),
      make('dl', {}, ...lines.flatMap((line) => [
        make('dt', {}, ...line.bindings.map(({ action, label }) => this.#cap(action, label))),
        make('dd', { textContent: line.label }),
      ])),
    )));
  }

  /** @param {string} action @param {string} label */
  #cap(action, label) {
    const key = this.#keymap.keyOf(action);
    const cap = key === null ? '–' : keyCap(key);
    return make('button', {
      type: 'button',
      title: label,
      label: `${label}: ${key ?? 'no key'}`,
      className: this.#keymap.isChanged(action) ? 'cap is-changed' : 'cap',
      data: { rebind: action },
    }, cap);
  }
}

/** Writes the key of each action into the key caps of the page.
 * @param {Keymap} keymap @param {ParentNode} [part] of the page */
export function writeKeys(keymap, part = document) {
  /** @type {NodeListOf<HTMLElement>} */ const caps = part.querySelectorAll('kbd[data-key]');
  for (const cap of caps) {
    const key = keymap.keyOf(cap.dataset.key ?? '');
    cap.hidden = key === null;
    setText(cap, key === null ? '' : keyCap(key));
  }
}

/**
 * Putting clips into a collection, by a key: into the one that was chosen last, which this browser
 * remembers. The same key takes clips out that are in it already.
 *
 * @typedef {{id: number, name: string}} Collection
 * @typedef {Collection & {clip_count: number, held: number}} Listed
 * @typedef {{text: string, bad?: boolean}} Told
 */

import { remember, remembered } from '../player/remember.js';
import { api } from './api.js';
import { byId, make, setText } from './dom.js';
import { sentence } from './words.js';

/** The keys, for the pages that have a keymap. */
export const COLLECTING = [
  { action: 'collect', key: 'w', label: 'Into the collection, or out' },
  { action: 'chooseCollection', key: 'Shift+w', label: 'Choose the collection' },
];

/** @returns {Collection | null} */
function kept() {
  try {
    const found = JSON.parse(remembered('collection') ?? 'null');
    return Number.isInteger(found?.id) && typeof found?.name === 'string' ? found : null;
  } catch {
    return null;
  }
}

/** @param {number[]} ids */
const clipsInWords = (ids) => (ids.length === 1 ? `Clip ${ids[0]}` : `${ids.length} clips`);

export class Collecting {
  #chosen;
  #tell;
  #onchange;
  #dialog = /** @type {HTMLDialogElement} */ (byId('collecting'));
  #name = /** @type {HTMLInputElement} */ (byId('collecting-name'));
  /** The clips that the dialog is about. @type {number[]} */ #ids = [];
  /** One request after the other. @type {Promise<void>} */ #last = Promise.resolve();

  /** @param {{chosen: () => number[], tell: (told: Told) => void, onchange?: () => void}} options
   *  `chosen`: the ids of the clips that are meant; `onchange`: called when a collection has changed
   */
  constructor({ chosen, tell, onchange = () => {} }) {
    this.#chosen = chosen;
    this.#tell = tell;
    this.#onchange = onchange;
    this.#dialog.addEventListener('keydown', (event) => event.stopPropagation());
    this.#dialog.addEventListener('click', ({ target }) => {
      if (target === this.#dialog) this.#dialog.close(); // a click beside it
    });
    byId('collecting-list').addEventListener('click', ({ target }) => {
      const button = /** @type {Element} */ (target).closest('button');
      if (!button) return;
      const { id, name = '' } = button.dataset;
      this.#take({ id: Number(id), name });
    });
    byId('collecting-new').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#make();
    });
  }

  /** Puts the clips that are meant into the collection; takes them out if it has all of them. */
  toggle() {
    const ids = this.#saved();
    if (ids.length === 0) return;
    const collection = kept();
    if (!collection) this.choose();
    else this.#send(collection, ids);
  }

  /** Lets people choose the collection, or make one. */
  choose() {
    const ids = this.#saved();
    if (ids.length === 0) return;
    this.#ids = ids;
    this.#name.value = '';
    setText(byId('collecting-title'), `${clipsInWords(ids)}: into which collection?`);
    this.#fail('');
    if (!this.#dialog.open) this.#dialog.showModal();
    void this.#draw();
  }

  /** Clips that the server does not know yet can't be put anywhere. */
  #saved() {
    const ids = this.#chosen();
    const known = ids.filter((id) => id > 0);
    if (ids.length === 0) this.#tell({ text: 'No clip is meant: mark some, or focus one.' });
    else if (known.length === 0) this.#tell({ text: 'This clip is being saved: try again.' });
    return known;
  }

  /** @param {Collection} collection @param {number[]} ids */
  #send(collection, ids) {
    this.#last = this.#last.then(async () => {
      const url = `/api/v1/collections/${collection.id}`;
      try {
        let [word, now] = ['in', await api(`${url}/clips`, { clips: ids })];
        if (now.changed.length === 0) {
          [word, now] = ['no longer in', await api(`${url}/take-out`, { clips: ids })];
        }
        remember('collection', JSON.stringify({ id: now.id, name: now.name }));
        const verb = ids.length === 1 ? 'is' : 'are';
        const count = now.clip_count === 1 ? '1 clip' : `${now.clip_count} clips`;
        this.#tell({ text: `${clipsInWords(ids)} ${verb} ${word} “${now.name}” (${count}).` });
        this.#onchange();
      } catch (error) {
        const { status, message } = /** @type {import('./api.js').ApiError} */ (error);
        if (status === 404) {
          remember('collection', 'null');
          this.choose();
        } else {
          this.#tell({ text: `Not saved: ${sentence({ message })}`, bad: true });
        }
      }
    });
  }

  /** @param {Collection} collection */
  #take(collection) {
    this.#dialog.close();
    remember('collection', JSON.stringify(collection));
    this.#send(collection, this.#ids);
  }

  async #make() {
    try {
      this.#take(await api('/api/v1/collections', { name: this.#name.value }));
    } catch (error) {
      this.#fail(sentence(/** @type {Error} */ (error)));
    }
  }

  async #draw() {
    /** @type {Listed[]} */ let listed = [];
    try {
      listed = (await api(`/api/v1/collections?clips=${this.#ids.join(',')}`)).collections;
    } catch (error) {
      this.#fail(sentence(/** @type {Error} */ (error)));
    }
    const current = kept()?.id;
    byId('collecting-list').replaceChildren(...listed.map(({ id, name, clip_count: count, held }) => {
      const has = held > 0 ? `, ${held === this.#ids.length ? 'is in it' : `${held} are in it`}` : '';
      const button = make(
        'button', { type: 'button', data: { id: String(id), name } },
        make('span', { className: 'clip-text', textContent: name }),
        make('span', { className: 'soft', textContent: `${count}${has}` }),
      );
      if (id === current) button.setAttribute('aria-current', 'true');
      return make('li', {}, button);
    }));
    const list = byId('collecting-list');
    const first = list.querySelector('[aria-current]') ?? list.querySelector('button');
    /** @type {HTMLElement} */ (first ?? this.#name).focus();
  }

  /** @param {string} text */
  #fail(text) {
    setText(byId('collecting-told'), text);
  }
}

/** Shows what was done in the page's line, for a while. @param {Told} told */
export function tellInLine({ text, bad = false }) {
  const box = byId('notice');
  setText(byId('notice-text'), text);
  box.classList.toggle('bad', bad);
  box.hidden = text === '';
}

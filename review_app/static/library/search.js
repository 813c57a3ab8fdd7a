/**
 * The search box: what is typed is looked for at once, a picture is dropped, pasted or chosen. The
 * address always says what is shown.
 */

import { byId, setText } from '../shared/dom.js';
import { sendPicture } from '../shared/send_picture.js';
import { sentence } from '../shared/words.js';
import { Latest } from './latest.js';

/** How long a pause in typing is. */
const PAUSE_MS = 120;

export class SearchBox {
  #words = /** @type {HTMLInputElement} */ (byId('words'));
  #latest = new Latest();
  #onfound;
  #timer = 0;
  /** Whether this visit to the box has its own entry in the history. */
  #hasEntry = false;

  /** @param {() => void} onfound called when other clips are on the page */
  constructor(onfound) {
    this.#onfound = onfound;
    this.#words.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#search(), PAUSE_MS);
    });
    this.#words.addEventListener('blur', () => { this.#hasEntry = false; });
    this.#words.addEventListener('keydown', (event) => {
      if (event.isComposing) return;
      if (event.key === 'ArrowDown') {
        event.preventDefault();
        links()[0]?.focus();
      } else if (event.key === 'Escape' && this.#words.value === '') this.#words.blur();
    });
    byId('search').addEventListener('submit', (event) => {
      event.preventDefault();
      clearTimeout(this.#timer);
      void this.#search().then(() => links()[0]?.focus());
    });
    byId('found').addEventListener('keydown', (event) => {
      if (moveFocus(event.key)) event.preventDefault();
    });
    byId('picture-file').addEventListener('change', ({ target }) => {
      const { files } = /** @type {HTMLInputElement} */ (target);
      if (files?.[0]) void this.#searchPicture(files[0]);
    });
    this.#takeDropped();
    void this.#search(); // for who typed before this was here
  }

  focus() {
    this.#words.focus();
    this.#words.select();
  }

  async #search() {
    const wanted = new URLSearchParams(location.search);
    wanted.delete('page');
    const words = this.#words.value.trim();
    if (words === (wanted.get('words') ?? '')) return;
    if (words) wanted.set('words', this.#words.value.trimStart());
    else wanted.delete('words');
    const search = wanted.size > 0 ? `?${wanted}` : '';
    if (this.#hasEntry) history.replaceState(null, '', location.pathname + search);
    else history.pushState(null, '', location.pathname + search);
    this.#hasEntry = true;
    const found = byId('found');
    found.ariaBusy = 'true';
    try {
      const text = await this.#latest.of((signal) => fetchText(`/library/found${search}`, signal));
      if (text === null) return; // a later one is on its way
      // A template runs no scripts and loads nothing until its content is in the page.
      const parsed = document.createElement('template');
      parsed.innerHTML = text;
      const hadFocus = found.contains(document.activeElement);
      found.replaceChildren(parsed.content);
      if (hadFocus) links()[0]?.focus();
      this.#tell('');
      this.#onfound();
    } catch (error) {
      this.#tell(sentence(/** @type {Error} */ (error)));
    }
    found.ariaBusy = 'false';
  }

  /** @param {Blob} file */
  async #searchPicture(file) {
    this.#tell('Looking at the picture …');
    try {
      const digest = await sendPicture(file);
      const wanted = new URLSearchParams(location.search);
      for (const name of ['page', 'like', 'frame']) wanted.delete(name);
      wanted.set('picture', digest);
      location.assign(`${location.pathname}?${wanted}`);
    } catch (error) {
      this.#tell(sentence(/** @type {Error} */ (error)));
    }
  }

  #takeDropped() {
    const { body } = document;
    const mark = (/** @type {boolean} */ isOver) => body.classList.toggle('is-dropped-on', isOver);
    addEventListener('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      mark(true);
    });
    addEventListener('dragleave', (event) => {
      if (!event.relatedTarget) mark(false);
    });
    addEventListener('drop', (event) => {
      mark(false);
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault(); // else the browser opens it
      const [file] = event.dataTransfer.files;
      if (file) void this.#searchPicture(file);
    });
    addEventListener('paste', (event) => {
      const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
      if (!file) return;
      event.preventDefault();
      void this.#searchPicture(file);
    });
  }

  /** @param {string} text */
  #tell(text) {
    setText(byId('search-told'), text);
  }
}

const links = () =>
  /** @type {HTMLElement[]} */ ([...document.querySelectorAll('#cards .card-link')]);

/** Moves the focus from card to card as the arrow points. @param {string} key
 * @returns {boolean} whether it was such a key */
function moveFocus(key) {
  const all = links();
  const at = all.findIndex((link) => link === document.activeElement);
  if (at < 0) return false;
  const top = (/** @type {number} */ i) => cardOf(all[i]).offsetTop;
  const next = all.findIndex((_, i) => top(i) > top(0));
  const columns = next < 0 ? all.length : next;
  /** @type {Record<string, number>} */
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  const step = steps[key];
  if (step === undefined) return false;
  const to = at + step;
  if (to < 0 && key === 'ArrowUp') byId('words').focus();
  else (all[to] ?? all[at])?.focus();
  return true;
}

/** @param {HTMLElement | undefined} link */
const cardOf = (link) => /** @type {HTMLElement} */ (link?.closest('.card'));

/** @param {string} url @param {AbortSignal} signal */
async function fetchText(url, signal) {
  const response = await fetch(url, { signal }).catch(() => null);
  if (!response) throw new Error('the server does not answer');
  if (response.ok) return response.text();
  throw new Error(`the server answered ${response.status}`);
}

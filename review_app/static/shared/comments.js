/**
 * What people say about a clip, in a dialog (`_comments.html`): read it, add to it, mention somebody.
 *
 * @typedef {{id: number, author: string, text: string, frame: number | null, created_at: string}} Comment
 * @typedef {{comments: Comment[], people: string[]}} Listed
 */

import { api } from './api.js';
import { byId, make, setText } from './dom.js';
import { completed, namesFor } from './mentions.js';
import { sentence } from './words.js';

export class Comments {
  #onchange;
  #dialog = /** @type {HTMLDialogElement} */ (byId('comments'));
  #text = /** @type {HTMLTextAreaElement} */ (byId('comments-text'));
  #names = byId('comments-names');
  #onFrame = /** @type {HTMLInputElement} */ (byId('comments-on-frame'));
  /** The clip that the dialog is about. */ #id = 0;
  /** The frame on the screen, in the film. @type {number | null} */ #frame = null;
  /** @type {string[]} */ #people = [];
  /** What was typed on clips and not sent. @type {Map<number, string>} */ #drafts = new Map();
  #isSending = false;

  /** @param {(id: number, count: number) => void} onchange called with how many comments a clip has
   */
  constructor(onchange) {
    this.#onchange = onchange;
    this.#dialog.addEventListener('keydown', (event) => event.stopPropagation());
    this.#dialog.addEventListener('click', ({ target }) => {
      if (target === this.#dialog) this.#dialog.close(); // a click beside it
    });
    this.#dialog.addEventListener('close', () => this.#drafts.set(this.#id, this.#text.value));
    this.#text.addEventListener('input', () => this.#offer());
    this.#text.addEventListener('keydown', (event) => this.#press(event));
    this.#names.addEventListener('click', ({ target }) => {
      const option = /** @type {Element} */ (target).closest('li');
      if (option) this.#complete(option);
    });
    byId('comments-new').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#send();
    });
  }

  /** @param {number} id of a clip that the server knows
   * @param {number | null} [frame] that a comment may be about */
  open(id, frame = null) {
    [this.#id, this.#frame] = [id, frame];
    this.#text.value = this.#drafts.get(id) ?? '';
    this.#onFrame.checked = false;
    byId('comments-frame').hidden = frame === null;
    setText(byId('comments-frame-number'), String(frame ?? ''));
    setText(byId('comments-title'), `Comments on clip ${id}`);
    byId('comments-list').replaceChildren();
    this.#names.hidden = true;
    this.#tell('');
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#text.focus();
    void this.#load(id);
  }

  /** @param {number} id */
  async #load(id) {
    try {
      const listed = await api(`/api/v1/clips/${id}/comments`);
      if (id !== this.#id) return;
      this.#draw(listed);
      const { unread } = await api(`/api/v1/clips/${id}/comments/read`, {});
      showUnread(unread);
    } catch (error) {
      if (id === this.#id) this.#tell(sentence(/** @type {Error} */ (error)));
    }
  }

  async #send() {
    const [id, text] = [this.#id, this.#text.value.trim()];
    if (!text || this.#isSending) return;
    this.#isSending = true;
    try {
      const frame = this.#onFrame.checked ? this.#frame : null;
      const listed = await api(`/api/v1/clips/${id}/comments`, { text, frame });
      this.#drafts.delete(id);
      if (id !== this.#id) return;
      this.#text.value = '';
      this.#tell('');
      this.#draw(listed);
    } catch (error) {
      this.#tell(`Not saved: ${sentence(/** @type {Error} */ (error))}`);
    } finally {
      this.#isSending = false;
    }
  }

  /** @param {Listed} listed */
  #draw({ comments, people }) {
    this.#people = people;
    const list = byId('comments-list');
    list.replaceChildren(...comments.map(({ author, text, frame, created_at: at }) => make(
      'li', {},
      make(
        'p', { className: 'deed' },
        make('span', {}, make('b', { textContent: author }), frame === null ? '' : ` on frame ${frame}`),
        make('time', { className: 'soft', textContent: new Date(at).toLocaleString() }),
      ),
      make('p', { className: 'written', textContent: text }),
    )));
    list.scrollTop = list.scrollHeight;
    this.#offer(); // what was typed before the names were here
    this.#onchange(this.#id, comments.length);
  }

  // --- Mentions -------------------------------------------------------------------------------

  #offer() {
    const { value, selectionStart } = this.#text;
    const names = namesFor(value.slice(0, selectionStart), this.#people);
    this.#names.replaceChildren(...names.map((name, i) => {
      const option = make('li', { role: 'option', textContent: name });
      option.setAttribute('aria-selected', String(i === 0));
      return option;
    }));
    this.#names.hidden = names.length === 0;
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.isComposing) return;
    const { key } = event;
    const options = this.#names.hidden ? [] : [...this.#names.children];
    const at = options.findIndex((each) => each.getAttribute('aria-selected') === 'true');
    if (options.length > 0 && ['ArrowDown', 'ArrowUp', 'Tab', 'Enter', 'Escape'].includes(key)) {
      event.preventDefault(); // Esc would close the dialog
      if (key === 'Escape') this.#names.hidden = true;
      else if (key === 'Tab' || key === 'Enter') this.#complete(options[at]);
      else {
        const next = (at + (key === 'ArrowDown' ? 1 : -1) + options.length) % options.length;
        options.forEach((each, i) => each.setAttribute('aria-selected', String(i === next)));
      }
    } else if (key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      void this.#send();
    }
  }

  /** @param {Element} option */
  #complete(option) {
    const { value, selectionStart } = this.#text;
    const before = completed(value.slice(0, selectionStart), option.textContent ?? '');
    this.#text.value = before + value.slice(selectionStart);
    this.#text.setSelectionRange(before.length, before.length);
    this.#names.hidden = true;
    this.#text.focus();
  }

  /** @param {string} text */
  #tell(text) {
    setText(byId('comments-told'), text);
  }
}

/** In the header of the page. @param {number} unread */
function showUnread(unread) {
  for (const badge of document.querySelectorAll('.unread')) {
    badge.textContent = String(unread);
    /** @type {HTMLElement} */ (badge).hidden = unread === 0;
  }
}

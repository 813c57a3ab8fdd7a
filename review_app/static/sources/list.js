/** Shows uploads, with what can be done about each. */

import { fileSize, inWords } from './amounts.js';

/** @typedef {import('./upload.js').Upload} Upload */

/** What an upload says, and whether that is a fault. @param {Upload} upload @param {number} now */
export function told(upload, now) {
  const { state, sent, size, trouble } = upload;
  const share = size ? Math.floor((100 * sent) / size) : 0;
  const arrived = `${fileSize(sent)} of ${fileSize(size)}`;
  switch (state) {
    case 'waiting':
      return [`${fileSize(size)}, waits for its turn`];
    case 'sending': {
      if (upload.isStoring) return ['All sent: the server is storing it'];
      const { speed, secondsLeft } = upload;
      if (!speed || secondsLeft === null) return [arrived, `${share} %`];
      return [arrived, `${share} %`, `${fileSize(speed)}/s`, `${inWords(secondsLeft)} left`];
    }
    case 'retrying': {
      const seconds = Math.max(0, Math.ceil((upload.retryAt - now) / 1000));
      return [`${share} % sent`, `${trouble} Goes on by itself in ${seconds} s.`];
    }
    case 'paused':
      return [arrived, 'paused'];
    case 'interrupted':
      return [`${share} % of ${fileSize(size)} are here`, 'choose or drop the same file to go on'];
    case 'done':
      return ['Done: it is in the list below'];
    default:
      return [trouble];
  }
}

export class UploadList {
  #element;
  #uploads;
  /** @type {Map<Upload, { item: HTMLLIElement, state: string }>} */
  #items = new Map();

  /** @param {HTMLElement} element @param {import('./uploads.js').Uploads} uploads */
  constructor(element, uploads) {
    this.#element = element;
    this.#uploads = uploads;
  }

  show() {
    for (const [upload, { item }] of this.#items) {
      if (!this.#uploads.list.includes(upload)) {
        item.remove();
        this.#items.delete(upload);
      }
    }
    for (const upload of this.#uploads.list) {
      let known = this.#items.get(upload);
      if (!known) {
        known = { item: this.#made(upload), state: '' };
        this.#items.set(upload, known);
      }
      const { item } = known;
      const state = upload.isStoring ? 'storing' : upload.state;
      if (known.state !== state) {
        known.state = state;
        item.dataset.state = state;
        item.querySelector('.acts')?.replaceChildren(...this.#buttons(upload, state));
      }
      const bar = /** @type {HTMLProgressElement} */ (item.querySelector('progress'));
      bar.value = upload.size ? upload.sent / upload.size : 0;
      const text = /** @type {HTMLElement} */ (item.querySelector('.told'));
      const sentence = told(upload, Date.now()).join(' · ');
      if (text.textContent !== sentence) text.textContent = sentence;
    }
  }

  /** @param {Upload} upload */
  #made(upload) {
    const item = document.createElement('li');
    const name = document.createElement('b');
    name.textContent = name.title = upload.name;
    name.className = 'clip-text';
    const bar = document.createElement('progress');
    bar.setAttribute('aria-label', upload.name);
    const text = document.createElement('span');
    text.className = 'told';
    const acts = document.createElement('span');
    acts.className = 'acts';
    item.append(name, bar, text, acts);
    this.#element.append(item);
    return item;
  }

  /** @param {Upload} upload @param {string} state */
  #buttons(upload, state) {
    const button = (/** @type {string} */ text, /** @type {() => void} */ act) => {
      const made = document.createElement('button');
      made.type = 'button';
      made.textContent = text;
      made.setAttribute('aria-label', `${text}: ${upload.name}`);
      made.onclick = act;
      return made;
    };
    const dismiss = () => {
      this.#uploads.dismiss(upload);
      this.show();
    };
    if (state === 'storing') return [];
    if (state === 'done' || state === 'failed') return [button('Dismiss', dismiss)];
    const buttons = [button('Cancel', () => void upload.cancel())];
    if (state === 'paused') buttons.unshift(button('Resume', () => upload.resume()));
    else if (state === 'retrying') buttons.unshift(button('Try now', () => upload.wake()));
    else if (state !== 'interrupted') buttons.unshift(button('Pause', () => upload.pause()));
    return buttons;
  }
}

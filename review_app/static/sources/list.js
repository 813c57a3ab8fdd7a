/** The list of uploads, each with its buttons. */

import { make, setText } from '../shared/dom.js';
import { fileSize, roughDuration } from './amounts.js';

/** @typedef {import('./upload.js').Upload} Upload */

/** The parts of an upload's status line. @param {Upload} upload @param {number} now */
export function told(upload, now) {
  const { state, sent, size, trouble } = upload;
  const share = size ? Math.floor((100 * sent) / size) : 0;
  const arrived = `${fileSize(sent)} of ${fileSize(size)}`;
  switch (state) {
    case 'waiting':
      return [`${fileSize(size)}, waiting for its turn`];
    case 'sending': {
      if (upload.isStoring) return ['All sent: the server is storing it'];
      const { speed, secondsLeft } = upload;
      if (!speed || secondsLeft === null) return [arrived, `${share} %`];
      return [arrived, `${share} %`, `${fileSize(speed)}/s`, `${roughDuration(secondsLeft)} left`];
    }
    case 'retrying': {
      const seconds = Math.max(0, Math.ceil((upload.retryAt - now) / 1000));
      return [`${share} % sent`, `${trouble} Retrying in ${seconds} s.`];
    }
    case 'paused':
      return [arrived, 'paused'];
    case 'interrupted':
      return [`${share} % of ${fileSize(size)} sent`, 'choose or drop the same file to resume'];
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
      setText(text, told(upload, Date.now()).join(' · '));
    }
  }

  /** @param {Upload} upload */
  #made(upload) {
    const { name } = upload;
    const item = make(
      'li', {},
      make('b', { className: 'clip-text', title: name, textContent: name }),
      make('progress', { label: name }),
      make('span', { className: 'told' }),
      make('span', { className: 'acts' }),
    );
    this.#element.append(item);
    return item;
  }

  /** @param {Upload} upload @param {string} state */
  #buttons(upload, state) {
    const button = (/** @type {string} */ text, /** @type {() => void} */ onclick) =>
      make('button', {
        type: 'button', textContent: text, label: `${text}: ${upload.name}`, onclick,
      });
    const dismiss = () => {
      this.#uploads.dismiss(upload);
      this.show();
    };
    if (state === 'storing') return [];
    if (state === 'done' || state === 'failed') return [button('Dismiss', dismiss)];
    const buttons = [button('Cancel', () => void upload.cancel())];
    if (state === 'paused') buttons.unshift(button('Resume', () => upload.resume()));
    else if (state === 'retrying') buttons.unshift(button('Retry now', () => upload.wake()));
    else if (state !== 'interrupted') buttons.unshift(button('Pause', () => upload.pause()));
    return buttons;
  }
}

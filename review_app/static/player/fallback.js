/**
 * Frames by seeking a plain <video>: slower, but as exact, because each seek aims at the middle of
 * the frame's own interval. Same interface as DecodeSession.
 *
 * @typedef {import('./decode.js').Ticket} Ticket
 */

import { TICKS_PER_SECOND } from './frames.js';

const PRESENT_TIMEOUT_MS = 100;

export class SeekSession {
  name = 'video element';
  ahead = 0;
  #onpicture;
  #onfatal;
  #video;
  #url = '';
  /** @type {{ticket: Ticket, interval: [number, number]} | null} */ #wanted = null;

  /**
   * @param {{onpicture: (ticket: Ticket, picture: HTMLVideoElement) => void,
   *   onfatal: (why: string) => void}} handlers  `onpicture`: the element shows the frame until the
   * next one is asked for
   */
  constructor({ onpicture, onfatal }) {
    this.#onpicture = onpicture;
    this.#onfatal = onfatal;
    this.#video = document.createElement('video');
    this.#video.muted = true;
    this.#video.preload = 'auto';
    this.#video.addEventListener('error', () => {
      this.#onfatal(`This browser can't play the video: ${this.#video.error?.message ?? ''}`);
    });
    this.#video.addEventListener('seeked', () => this.#seeked());
  }

  get inFlight() {
    return this.#wanted ? 1 : 0;
  }

  get free() {
    return 1 - this.inFlight;
  }

  /** @param {number} frame @param {number} generation */
  awaits(frame, generation) {
    const ticket = this.#wanted?.ticket;
    return ticket?.frame === frame && ticket.generation === generation;
  }

  /** @param {{url: string}} source */
  use({ url }) {
    if (url === this.#url) return;
    this.#url = url;
    this.#wanted = null;
    this.#video.src = url;
  }

  /** @param {Ticket} ticket @param {Uint8Array | null} _bytes @param {[number, number]} interval */
  submit(ticket, _bytes, interval) {
    this.#wanted = { ticket, interval };
    this.#video.currentTime = (interval[0] + interval[1]) / 2 / TICKS_PER_SECOND;
  }

  close() {
    this.#wanted = null;
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  /** The seek is done; the picture is there once the compositor says so. */
  #seeked() {
    const wanted = this.#wanted;
    if (!wanted) return;
    let timer = 0;
    const done = () => {
      clearTimeout(timer);
      if (this.#wanted !== wanted) return;
      this.#wanted = null;
      this.#onpicture(wanted.ticket, this.#video);
    };
    // A seek within the picture that is shown already presents nothing new.
    timer = setTimeout(done, PRESENT_TIMEOUT_MS);
    this.#video.requestVideoFrameCallback?.((_now, { mediaTime }) => {
      const [from, until] = wanted.interval;
      const tick = Math.round(mediaTime * TICKS_PER_SECOND);
      if (from <= tick && tick < until) done();
    });
  }
}

/**
 * Frames by seeking a plain <video>: slower, but as exact, because each seek aims at the middle of
 * the frame's own interval. Same interface as DecodeSession.
 *
 * @typedef {import('./decode.js').Ticket} Ticket
 */

import { TICKS_PER_SECOND } from './frames.js';

/** After a seek without a picture, seek again; browsers that can't say which picture they show get
 * this long to show it. */
const PRESENT_TIMEOUT_MS = 250;
const RELOAD_MS = 1000;
/** A server that was away may be back by the time that it is asked. */
const FAILURES_FORGIVEN = 1;

/** Why a video element can't be used, as a sentence; null if it can, as far as it tells.
 * @param {{codec: string}} source @returns {string | null} */
export function whyNoVideo({ codec }) {
  const type = `video/mp4; codecs="${codec}"`;
  if (document.createElement('video').canPlayType(type)) return null;
  return `The video element can't play ${codec}.`;
}

export class SeekSession {
  name = 'video element';
  ahead = 0;
  most = 1;
  needsBytes = false;
  #onpicture;
  #onlost;
  #onfatal;
  #video = document.createElement('video');
  /** @type {{url: string, width: number, height: number} | null} */ #source = null;
  /** @type {{ticket: Ticket, interval: [number, number], turn: number} | null} */ #wanted = null;
  /** Ticks of the picture that is shown. @type {number | null} */ #shown = null;
  /** In a row, while the server answered. */
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /**
   * @param {{onpicture: (ticket: Ticket, picture: HTMLVideoElement) => void, onlost: () => void,
   *   onfatal: (why: string) => void}} handlers  `onpicture`: the element shows the frame until the
   * next one is asked for
   */
  constructor({ onpicture, onlost, onfatal }) {
    this.#onpicture = onpicture;
    this.#onlost = onlost;
    this.#onfatal = onfatal;
    this.#video.muted = true;
    this.#video.preload = 'auto';
    this.#video.addEventListener('error', () => void this.#failed());
    this.#video.addEventListener('loadedmetadata', () => this.#measure());
    this.#video.addEventListener('seeked', () => this.#seeked());
    this.#watch();
  }

  get inFlight() {
    return this.#wanted ? 1 : 0;
  }

  /** @param {number} frame @param {number} generation */
  awaits(frame, generation) {
    const ticket = this.#wanted?.ticket;
    return ticket?.frame === frame && ticket.generation === generation;
  }

  /** @param {{url: string, width: number, height: number}} source */
  use(source) {
    if (source.url === this.#source?.url) return;
    this.#source = source;
    this.#wanted = this.#shown = null;
    this.#video.src = source.url;
  }

  /** @param {Ticket} ticket @param {Uint8Array | null} _bytes @param {[number, number]} interval */
  submit(ticket, _bytes, interval) {
    this.#wanted = { ticket, interval, turn: 0 };
    this.#seek();
  }

  close() {
    clearTimeout(this.#timer);
    this.#wanted = this.#source = null;
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  #seek() {
    const wanted = this.#wanted;
    if (!wanted) return;
    const [from, until] = wanted.interval;
    // Never the same place twice: to go where one is would be no seek.
    wanted.turn += 1;
    this.#video.currentTime = (from + (until - from) * (wanted.turn % 2 ? 0.5 : 0.4)) /
      TICKS_PER_SECOND;
  }

  #seeked() {
    if (!this.#wanted) return;
    if (this.#isShown()) {
      this.#done();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#shown === null) this.#done();
      else this.#seek();
    }, PRESENT_TIMEOUT_MS);
  }

  #watch() {
    this.#video.requestVideoFrameCallback?.((_now, { mediaTime }) => {
      this.#shown = Math.round(mediaTime * TICKS_PER_SECOND);
      if (this.#isShown() && !this.#video.seeking) this.#done();
      this.#watch();
    });
  }

  #isShown() {
    if (!this.#wanted || this.#shown === null) return false;
    const [from, until] = this.#wanted.interval;
    return from <= this.#shown && this.#shown < until;
  }

  #done() {
    clearTimeout(this.#timer);
    const wanted = this.#wanted;
    this.#wanted = null;
    this.#failures = 0;
    if (wanted) this.#onpicture(wanted.ticket, this.#video);
  }

  #measure() {
    this.#shown = null; // a picture of the stream before may have come late
    const { videoWidth, videoHeight } = this.#video;
    const { width, height } = this.#source ?? { width: videoWidth, height: videoHeight };
    if (videoWidth === width && videoHeight === height) return;
    this.#onfatal(
      `The video element made ${videoWidth} x ${videoHeight} of ${width} x ${height}.`,
    );
  }

  /** A server that does not answer is no reason to give up. */
  async #failed() {
    const source = this.#source;
    if (!source) return;
    const { code = 0, message = '' } = this.#video.error ?? {};
    const answers = code === MediaError.MEDIA_ERR_DECODE ||
      (await fetch(source.url, { method: 'HEAD' }).then(({ ok }) => ok, () => false));
    if (source !== this.#source) return;
    if (answers) this.#failures += 1;
    if (this.#failures > FAILURES_FORGIVEN) {
      this.#onfatal(`The video element can't play the video (${message || code}).`);
      return;
    }
    this.#source = this.#wanted = null;
    setTimeout(() => this.#onlost(), RELOAD_MS);
  }
}

/**
 * One WebCodecs decoder, kept as long as the page: one chunk in, one picture out.
 *
 * Chunk timestamps are running numbers that lead back to the request, so that neither the order of
 * outputs nor equal times can ever attach a picture to the wrong frame number.
 *
 * @typedef {{frame: number, generation: number, turn: number}} Ticket  whatever leads whoever asks
 *   back to the reason
 * @typedef {{codec: string, description?: Uint8Array, width: number, height: number}} SourceConfig
 */

import { opened, release } from './pictures.js';

const FLUSH_AFTER_MS = 50;
const RECREATE_AFTER_MS = 500;
const ERRORS_FORGIVEN = 3;
const ERROR_WINDOW_MS = 10_000;

/** Decoders that only their own callbacks can reach are garbage-collected in mid-decode (seen in
 * Chromium; fixed three times in WebKit): this set keeps them reachable. */
const kept = new Set();

/** Why WebCodecs can't be used on this page, as a sentence; null if it can.
 * @param {SourceConfig} source @returns {Promise<string | null>} */
export async function whyNoWebCodecs(source) {
  if (!globalThis.isSecureContext) {
    return 'WebCodecs needs https or localhost; this page came over plain http.';
  }
  if (typeof globalThis.VideoDecoder === 'undefined') return 'This browser has no WebCodecs.';
  try {
    const { supported } = await VideoDecoder.isConfigSupported(decoderConfig(source, false));
    return supported ? null : `This browser's WebCodecs can't decode ${source.codec}.`;
  } catch (error) {
    return `This browser's WebCodecs refused ${source.codec}: ${error}`;
  }
}

/** @param {SourceConfig} source @param {boolean} software */
function decoderConfig({ codec, description, width, height }, software) {
  return {
    codec,
    ...(description ? { description } : {}),
    codedWidth: width,
    codedHeight: height,
    optimizeForLatency: true, // without it each output is the previous chunk's picture
    ...(software ? { hardwareAcceleration: /** @type {const} */ ('prefer-software') } : {}),
  };
}

export class DecodeSession {
  name = 'WebCodecs';
  /** How many frames ahead of need are worth decoding. */
  ahead = 4;
  /** How many frames it may be asked for at a time. */
  most = 3;
  needsBytes = true;
  #onpicture;
  #onlost;
  #onfatal;
  /** @type {VideoDecoder | null} */ #decoder = null;
  /** @type {SourceConfig | null} */ #source = null;
  /** @type {SourceConfig | null} */ #configured = null;
  #sequence = 0;
  /** @type {Map<number, Ticket & {since: number, source: SourceConfig}>} */ #inFlight = new Map();
  /** @type {number[]} */ #errors = [];
  #software = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #lastLook = 0;
  #flushed = false;

  /**
   * @param {{onpicture: (ticket: Ticket, picture: VideoFrame) => void, onlost: () => void,
   *   onfatal: (why: string) => void}} handlers
   * `onpicture` owns the picture and must release it. `onlost`: what was asked for won't come, ask
   * again. `onfatal`: this decoder is given up.
   */
  constructor({ onpicture, onlost, onfatal }) {
    this.#onpicture = onpicture;
    this.#onlost = onlost;
    this.#onfatal = onfatal;
    kept.add(this);
  }

  get inFlight() {
    return this.#inFlight.size;
  }

  /** @param {number} frame @param {number} generation */
  awaits(frame, generation) {
    for (const ticket of this.#inFlight.values()) {
      if (ticket.frame === frame && ticket.generation === generation) return true;
    }
    return false;
  }

  /** The stream that the next frames belong to. @param {SourceConfig} source */
  use(source) {
    this.#source = source;
  }

  /** @param {Ticket} ticket @param {Uint8Array} bytes @param {[number, number]} interval in ticks */
  submit(ticket, bytes, interval) {
    try {
      const source = this.#source;
      if (!source) throw new Error('no stream is named');
      const decoder = this.#ready(source);
      this.#sequence += 1;
      this.#inFlight.set(this.#sequence, { ...ticket, source, since: performance.now() });
      decoder.decode(
        new EncodedVideoChunk({
          type: 'key',
          timestamp: this.#sequence,
          // Firefox gives up its hardware decoder without a duration.
          duration: Math.max(1, Math.round((interval[1] - interval[0]) / 0.09)),
          data: bytes,
        }),
      );
      this.#watch();
    } catch (error) {
      this.#failed(error);
    }
  }

  close() {
    kept.delete(this);
    clearTimeout(this.#timer);
    this.#drop();
  }

  /** The decoder and what was asked of it. */
  #drop() {
    this.#inFlight.clear();
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
  }

  /** @param {string} what it did */
  #giveUp(what) {
    this.#drop();
    this.#onfatal(`This browser's H.264 decoder ${what}.`);
  }

  /** @param {SourceConfig} source */
  #ready(source) {
    if (!this.#decoder || this.#decoder.state === 'closed') {
      this.#inFlight.clear();
      this.#configured = null;
      const decoder = new VideoDecoder({
        output: (picture) => this.#output(decoder, picture),
        error: (error) => {
          if (decoder === this.#decoder) this.#failed(error);
        },
      });
      this.#decoder = decoder;
    }
    // Clips with sprite sheets of their own share the stream of their proxy.
    if (this.#configured?.description !== source.description) {
      this.#decoder.configure(decoderConfig(source, this.#software));
      this.#configured = source;
    }
    return this.#decoder;
  }

  /** @param {VideoDecoder} decoder @param {VideoFrame} picture */
  #output(decoder, picture) {
    opened(picture);
    const ticket = this.#inFlight.get(picture.timestamp);
    if (decoder !== this.#decoder || !ticket) {
      release(picture);
      return;
    }
    const { width, height } = ticket.source;
    const { displayWidth, displayHeight } = picture;
    if (displayWidth !== width || displayHeight !== height) {
      release(picture);
      this.#giveUp(`made ${displayWidth} x ${displayHeight} of ${width} x ${height}`);
      return;
    }
    this.#inFlight.delete(picture.timestamp);
    this.#flushed = false;
    this.#onpicture(ticket, picture);
  }

  /** @param {unknown} error */
  #failed(error) {
    const now = performance.now();
    this.#errors = [...this.#errors.filter((at) => now - at < ERROR_WINDOW_MS), now];
    this.#drop();
    if (this.#errors.length >= ERRORS_FORGIVEN) {
      if (this.#software) {
        this.#giveUp(`failed ${ERRORS_FORGIVEN} times (${error})`);
        return;
      }
      this.#software = true;
      this.#errors = [];
    }
    this.#onlost();
  }

  #watch() {
    if (this.#timer) return;
    this.#lastLook = performance.now();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const now = performance.now();
      const oldest = this.#inFlight.values().next().value;
      if (!oldest) return;
      if (this.#decoder?.state !== 'configured') {
        this.#failed(new Error('the browser took the decoder away'));
        return;
      }
      // A timer that is late itself says that the page was busy, not that the decoder hangs.
      const awake = now - this.#lastLook < 2 * FLUSH_AFTER_MS;
      if (now - oldest.since > RECREATE_AFTER_MS && awake) {
        this.#failed(new Error(`no picture within ${RECREATE_AFTER_MS} ms`));
        return;
      }
      if (now - oldest.since >= FLUSH_AFTER_MS && !this.#flushed) {
        this.#flushed = true;
        this.#decoder?.flush().catch(() => {}); // a failure arrives at the error callback, too
      }
      this.#watch();
    }, FLUSH_AFTER_MS);
  }
}

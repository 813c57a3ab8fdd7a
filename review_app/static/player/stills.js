/**
 * Single frames as pictures to keep: the first ones of the next clips, in full size, to be on the
 * screen at once, and small ones of frames that are asked for by name.
 *
 * @typedef {import('./ladder.js').Source} Source
 * @typedef {import('./pictures.js').Picture} Picture
 * @typedef {import('./decode.js').Ticket} Ticket
 * @typedef {{key: string, source: Source, frame: number, full: boolean}} Wish
 */

import { bitmapOf } from './bitmaps.js';
import { release } from './pictures.js';

const MOST = 32;
const MOST_WISHES = 8;
/** Pixels; the frames beside the picture are never shown wider. */
const WIDTH = 480;

/** @param {Source} source @param {number} frame */
const keyOf = ({ video }, frame) => `${video.proxy_id}/${frame}`;

export class Stills {
  /** @type {Map<string, ImageBitmap>} least recently used first */ #kept = new Map();
  /** Full-size pictures, of as many clips as are expected. @type {Map<string, ImageBitmap>} */
  #posters = new Map();
  /** Asked for by name, the latest last. @type {Map<string, Wish>} */ #asked = new Map();
  /** @type {Wish[]} */ #expected = [];
  /** @type {Wish | null} */ #making = null;
  /** Of the order that `#making` was given; pictures of earlier ones may still come. */
  #order = 0;
  #sourceOf;
  #onchange;

  /**
   * @param {{sourceOf: (proxyId: string, clip?: import('./player.js').PlayerClip) => Source | null,
   *   onchange: () => void}} options  `onchange`: a picture has come, or other frames are needed
   */
  constructor({ sourceOf, onchange }) {
    this.#sourceOf = sourceOf;
    this.#onchange = onchange;
  }

  /** A frame's picture, of at most 480 pixels' width; null until it has come.
   * @param {string} proxyId @param {number} frame
   * @param {import('./player.js').PlayerClip} [clip] one of the same video, if the player has not
   *   seen any yet @returns {ImageBitmap | null} */
  still(proxyId, frame, clip) {
    const key = `${proxyId}/${frame}`;
    const kept = this.#kept.get(key);
    if (kept) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    const source = this.#sourceOf(proxyId, clip);
    if (!source) return null;
    const isNew = !this.#asked.delete(key);
    this.#asked.set(key, { key, source, frame, full: false });
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= MOST_WISHES) break;
      this.#asked.delete(oldest);
    }
    if (isNew) this.#onchange();
    return null;
  }

  /** @param {string} proxyId @param {number} frame @returns {ImageBitmap | null} */
  poster(proxyId, frame) {
    return this.#posters.get(`${proxyId}/${frame}`) ?? null;
  }

  /** The first frames of the clips that will come, and of the one that is there.
   * @param {{source: Source, frame: number}[]} wishes most wanted first
   * @param {{source: Source, frame: number} | null} current */
  expect(wishes, current) {
    this.#expected = wishes.map(({ source, frame }) => (
      { key: keyOf(source, frame), source, frame, full: true }
    ));
    const kept = new Set(this.#expected.map(({ key }) => key));
    if (current) kept.add(keyOf(current.source, current.frame));
    for (const [key, poster] of this.#posters) {
      if (kept.has(key)) continue;
      poster.close();
      this.#posters.delete(key);
    }
  }

  /** What is still to be made, most wanted first. */
  get wishes() {
    const [next, ...later] = this.#expected.filter(({ key }) => !this.#posters.has(key));
    const asked = [...this.#asked.values()].reverse();
    return [...(next ? [next] : []), ...asked, ...later];
  }

  /** Has the first wish whose bytes are here made. @param {import('./ladder.js').Session} scout
   * @param {import('./store.js').FrameStore} store */
  feed(scout, store) {
    if (this.#making) return;
    for (const wish of this.wishes) {
      const proxy = wish.source.video.proxy_id;
      const bytes = store.sample(proxy, wish.frame);
      const interval = bytes && store.interval(proxy, wish.frame);
      if (!bytes || !interval) continue;
      this.#making = wish;
      this.#order += 1;
      scout.use(wish.source);
      scout.submit({ frame: wish.frame, generation: this.#order, turn: 0 }, bytes, interval);
      return;
    }
  }

  /** What was asked of the scout won't come. */
  lost() {
    this.#making = null;
  }

  /** @param {Ticket} ticket @param {Picture} picture the scout's */
  async keep({ generation }, picture) {
    const wish = generation === this.#order ? this.#making : null;
    if (!wish) {
      release(picture);
      return;
    }
    const { width, height } = wish.source;
    const share = wish.full ? 1 : Math.min(1, WIDTH / width);
    try {
      this.#take(wish, await bitmapOf(picture, Math.round(width * share), Math.round(height * share)));
      this.#onchange();
    } catch {
      // It is still wished for, and tried again.
    } finally {
      if (this.#making === wish) this.#making = null;
    }
  }

  /** @param {Wish} wish @param {ImageBitmap} bitmap */
  #take({ key, full }, bitmap) {
    if (full) {
      if (this.#expected.some((other) => other.key === key)) this.#posters.set(key, bitmap);
      else bitmap.close();
      return;
    }
    this.#asked.delete(key);
    this.#kept.set(key, bitmap);
    for (const [oldest, old] of this.#kept) {
      if (this.#kept.size <= MOST) break;
      old.close();
      this.#kept.delete(oldest);
    }
  }
}

/**
 * Pictures decoded ahead of need, by frame.
 *
 * @typedef {import('./pictures.js').Picture} Picture
 */

import { bitmapOf } from './bitmaps.js';
import { release } from './pictures.js';

export class Ring {
  /** Null while it is being made. @type {Map<number, Picture | null>} */ #pictures = new Map();
  #turn = 0;

  get size() {
    return this.#pictures.size;
  }

  /** How many are being made. */
  get making() {
    return [...this.#pictures.values()].filter((picture) => picture === null).length;
  }

  /** @param {number} frame true if its picture is here, or will be */
  has(frame) {
    return this.#pictures.has(frame);
  }

  /** Those whose pictures are here. */
  frames() {
    return [...this.#pictures].flatMap(([frame, picture]) => (picture ? [frame] : []));
  }

  /** @param {number} frame @param {Picture} picture */
  put(frame, picture) {
    release(this.#pictures.get(frame) ?? undefined);
    this.#pictures.set(frame, picture);
  }

  /** As a bitmap, which takes a moment to make and none to draw. True if it is kept by then.
   * @param {number} frame @param {Picture} picture @param {number} width @param {number} height */
  async putBitmap(frame, picture, width, height) {
    const turn = this.#turn;
    this.#pictures.set(frame, null);
    const bitmap = await bitmapOf(picture, width, height).catch(() => null);
    const isWanted = turn === this.#turn && this.#pictures.get(frame) === null;
    if (isWanted && bitmap) this.#pictures.set(frame, bitmap);
    else if (isWanted) this.#pictures.delete(frame);
    else bitmap?.close();
    return isWanted && bitmap !== null;
  }

  /** The picture now is the caller's. @param {number} frame */
  take(frame) {
    const picture = this.#pictures.get(frame) ?? undefined;
    if (picture) this.#pictures.delete(frame);
    return picture;
  }

  /** Gives up all but these. @param {Iterable<number>} frames */
  keep(frames) {
    const kept = new Set(frames);
    for (const [frame, picture] of this.#pictures) {
      if (kept.has(frame)) continue;
      release(picture ?? undefined);
      this.#pictures.delete(frame);
    }
  }

  clear() {
    this.#turn += 1; // frames of another clip may have the same numbers
    this.keep([]);
  }
}

/** The VideoFrames that this page holds open: decoders stop when there are too many of them. */

/** @typedef {VideoFrame | HTMLVideoElement | HTMLCanvasElement} Picture */

export const openFrames = { now: 0, most: 0 };

/** @param {VideoFrame} frame a new one */
export function opened(frame) {
  openFrames.now += 1;
  openFrames.most = Math.max(openFrames.most, openFrames.now);
  return frame;
}

/** Closes what must be closed. @param {Picture | undefined} picture */
export function release(picture) {
  if (!picture || !('close' in picture)) return;
  openFrames.now -= 1;
  picture.close();
}

/** Pictures decoded ahead of need, by frame. */
export class Ring {
  /** @type {Map<number, Picture>} */ #pictures = new Map();

  get size() {
    return this.#pictures.size;
  }

  /** @param {number} frame */
  has(frame) {
    return this.#pictures.has(frame);
  }

  frames() {
    return this.#pictures.keys();
  }

  /** @param {number} frame @param {Picture} picture */
  put(frame, picture) {
    release(this.#pictures.get(frame));
    this.#pictures.set(frame, picture);
  }

  /** The picture now is the caller's. @param {number} frame */
  take(frame) {
    const picture = this.#pictures.get(frame);
    this.#pictures.delete(frame);
    return picture;
  }

  /** Gives up all but these. @param {Iterable<number>} [frames] */
  keep(frames = []) {
    const kept = new Set(frames);
    for (const frame of [...this.#pictures.keys()]) if (!kept.has(frame)) release(this.take(frame));
  }
}

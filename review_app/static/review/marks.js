/** Frames marked for a split. They belong to the film and last as long as the page, so they are
 * there again after a split is undone. Pure. */

/** @typedef {{start_frame: number, end_frame: number, video: {key: string}}} Part */

/** @param {Part} clip @param {number} frame */
const isInside = (clip, frame) => clip.start_frame < frame && frame < clip.end_frame;

export class Marks {
  /** By the key of the video. @type {Map<string, Set<number>>} */ #frames = new Map();

  /** The marked frames in a clip, each the first frame of a part. @param {Part} clip
   * @returns {number[]} */
  of(clip) {
    const frames = [...(this.#frames.get(clip.video.key) ?? [])];
    return frames.filter((frame) => isInside(clip, frame)).sort((a, b) => a - b);
  }

  /** Marks a frame, or removes its mark. @param {Part} clip @param {number} frame
   * @returns {boolean} false: a part can't begin there */
  toggle(clip, frame) {
    if (!isInside(clip, frame)) return false;
    const frames = this.#frames.get(clip.video.key) ?? new Set();
    if (!frames.delete(frame)) frames.add(frame);
    this.#frames.set(clip.video.key, frames);
    return true;
  }

  /** @param {Part} clip */
  clear(clip) {
    for (const frame of this.of(clip)) this.#frames.get(clip.video.key)?.delete(frame);
  }
}

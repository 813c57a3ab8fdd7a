/** Frames marked for a split. They belong to the film and last as long as the page. A split uses its
 * marks up; they are there again with the clip that was split, once the split is undone. Pure. */

/** @typedef {{id: number, start_frame: number, end_frame: number, video: {key: string}}} Part */

/** @param {Part} clip @param {number} frame */
const isInside = (clip, frame) => clip.start_frame < frame && frame < clip.end_frame;

export class Marks {
  /** By the key of the video. @type {Map<string, Set<number>>} */ #frames = new Map();
  /** By the id of the clip that was split at them. @type {Map<number, number[]>} */ #used = new Map();

  /** The marked frames in a clip, each the first frame of a part. @param {Part} clip
   * @returns {number[]} */
  of(clip) {
    const frames = [...this.#in(clip)];
    return frames.filter((frame) => isInside(clip, frame)).sort((a, b) => a - b);
  }

  /** Marks a frame, or removes its mark. @param {Part} clip @param {number} frame
   * @returns {boolean} false: a part can't begin there */
  toggle(clip, frame) {
    if (!isInside(clip, frame)) return false;
    const frames = this.#in(clip);
    if (!frames.delete(frame)) frames.add(frame);
    return true;
  }

  /** @param {Part} clip */
  clear(clip) {
    for (const frame of this.of(clip)) this.#in(clip).delete(frame);
  }

  /** Takes away the marks at which a clip is split. @param {Part} clip */
  use(clip) {
    const frames = this.of(clip);
    this.clear(clip);
    this.#used.set(clip.id, frames);
  }

  /** The marks in the film of a clip. @param {Part} clip */
  #in({ id, video: { key } }) {
    const frames = this.#frames.get(key) ?? new Set();
    for (const frame of this.#used.get(id) ?? []) frames.add(frame);
    this.#used.delete(id);
    this.#frames.set(key, frames);
    return frames;
  }
}

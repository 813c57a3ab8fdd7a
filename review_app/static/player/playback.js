/**
 * Which frame a playing clip wants, from one picture of the display to the next.
 *
 * @typedef {import('./player.js').PlayerClip} PlayerClip
 */

import { LoopClock } from './clock.js';
import { Display } from './view.js';

export class Playback {
  #supply;
  #display = new Display();
  /** @type {LoopClock | null} */ #clock = null;
  /** The clock stands until this frame is on the screen: the first one is never passed over.
   * @type {number | null} */ #awaited = null;
  #ticks = 0;
  #late = 0;

  /** @param {import('./supply.js').Supply} supply */
  constructor(supply) {
    this.#supply = supply;
  }

  /** @param {PlayerClip} clip @param {number} frame to begin with @param {number} rate */
  open(clip, frame, rate) {
    this.#clock = new LoopClock({
      start: clip.start_frame,
      end: clip.end_frame,
      interval: (n) => (this.#supply.sample(clip, n) ? this.#supply.interval(clip, n) : null),
      now: () => performance.now(),
    });
    this.#clock.rate = rate;
    this.#awaited = frame;
  }

  /** Goes on from `frame`. @param {number} frame */
  restart(frame) {
    this.#clock?.restart(frame);
    this.#awaited = frame;
  }

  /** True while the frame to begin with is not on the screen. */
  get isAwaiting() {
    return this.#awaited !== null;
  }

  /** `frame` is what will be shown in place of the one that it would have begun with.
   * @param {number} frame */
  awaitInstead(frame) {
    if (this.#awaited !== null) this.#awaited = frame;
  }

  /** @param {number} rate */
  setRate(rate) {
    if (this.#clock) this.#clock.rate = rate;
  }

  /** The frame that is due; null while the one to begin with is not on the screen.
   * @param {number} now the animation frame's own time @param {number | null} presented */
  due(now, presented) {
    this.#display.note(now);
    if (!this.#clock) return null;
    this.#clock.displayMs = this.#display.ms;
    if (this.#awaited === presented) this.#awaited = null;
    return this.#awaited === null ? this.#clock.due(now) : null;
  }

  /** The frames that will be due, as far as they are here. @param {number} count at most */
  upcoming(count) {
    return this.#clock?.upcoming(count) ?? [];
  }

  /** Seconds from the clip's beginning; null until its frames are here, and backward. */
  get position() {
    return this.#clock?.position ?? null;
  }

  /** How often the clip has begun anew. */
  get laps() {
    return this.#clock?.laps ?? 0;
  }

  /** True while it waits for a frame that isn't loaded. */
  get isStalled() {
    return this.#clock?.stalled ?? true;
  }

  /** @param {boolean} isShown whether the picture that goes to the display is the one due */
  note(isShown) {
    if (this.isStalled) return;
    this.#ticks += 1;
    if (!isShown) this.#late += 1;
  }

  /** `ticks`: pictures of the display while a clip played; `late`: those that did not show the
   * frame that was due. */
  get stats() {
    return { ticks: this.#ticks, late: this.#late };
  }
}

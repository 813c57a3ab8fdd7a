/**
 * Which frame is due: a walk along the frames' own times, never arithmetic on a frame rate, so
 * that variable rates play as they should and a loop never leaves [start, end).
 */

const TICKS_PER_MILLISECOND = 90;
/** A jump of the clock longer than this is a sleeping tab or machine: go on from where it was. */
const LONGEST_GAP_MS = 1000;

export class LoopClock {
  #start;
  #end;
  #interval;
  #now;
  #frame;
  /** Position, in ticks, at `#at` milliseconds. */
  #tick = 0;
  #at = 0;
  #anchored = false;

  /**
   * @param {{start: number, end: number, now: () => number,
   *   interval: (frame: number) => [number, number] | null}} options
   * `interval`: begin and end of a frame in ticks; null while it can't be shown yet.
   */
  constructor({ start, end, interval, now }) {
    this.#start = start;
    this.#end = end;
    this.#interval = interval;
    this.#now = now;
    this.#frame = start;
  }

  /** True while the walk waits for a frame that isn't there yet. */
  get stalled() {
    return !this.#anchored;
  }

  /** Seconds from the clip's beginning; null until its frames are here. */
  get position() {
    const first = this.#interval(this.#start);
    if (!first || !this.#anchored) return null;
    return (this.#tick + (this.#now() - this.#at) * TICKS_PER_MILLISECOND - first[0]) / 90_000;
  }

  /** Starts, or starts again, at the beginning of `frame`. @param {number} frame */
  restart(frame) {
    this.#frame = frame;
    this.#anchored = false;
  }

  /** The frame that is due now. */
  due() {
    const now = this.#now();
    if (!this.#anchored || now - this.#at > LONGEST_GAP_MS) {
      const interval = this.#interval(this.#frame);
      this.#anchored = interval !== null;
      if (!interval) return this.#frame;
      this.#tick = interval[0];
      this.#at = now;
      return this.#frame;
    }
    let tick = this.#tick + (now - this.#at) * TICKS_PER_MILLISECOND;
    for (;;) {
      const interval = this.#interval(this.#frame);
      if (!interval) {
        this.#anchored = false;
        return this.#frame;
      }
      if (tick < interval[1]) break;
      const next = this.#frame + 1 === this.#end ? this.#start : this.#frame + 1;
      const following = this.#interval(next);
      this.#frame = next;
      if (!following) {
        this.#anchored = false;
        return next;
      }
      tick = following[0] + (tick - interval[1]);
    }
    this.#tick = tick;
    this.#at = now;
    return this.#frame;
  }
}

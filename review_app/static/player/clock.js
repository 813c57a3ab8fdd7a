/**
 * Which frame is due: a walk along the frames' own times, never arithmetic on a frame rate, so
 * that variable rates play as they should and a loop never leaves [start, end), forward or back.
 *
 * Frames that would be gone before the display shows the next picture are passed over, always the
 * same ones, so that whoever decodes ahead decodes no others.
 */

const TICKS_PER_MILLISECOND = 90;
/** A jump of the clock longer than this is a sleeping tab or machine: go on from where it was. */
const LONGEST_GAP_MS = 1000;

export class LoopClock {
  /** Milliseconds between two pictures of the display; 0 passes no frame over. */
  displayMs = 0;
  /** How often the walk has begun anew. */
  laps = 0;
  #start;
  #end;
  #interval;
  #now;
  #rate = 1;
  #frame;
  /** Ticks of the frame's time that had passed at `#at` milliseconds. */
  #into = 0;
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

  /** Below 0 backward. */
  get rate() {
    return this.#rate;
  }

  set rate(rate) {
    this.#rate = rate;
    this.#begin(this.#at);
  }

  /** True while the walk waits for a frame that isn't there yet. */
  get stalled() {
    return !this.#anchored;
  }

  /** Seconds from the clip's beginning; null until its frames are here, and backward. */
  get position() {
    const first = this.#interval(this.#start);
    const here = this.#interval(this.#frame);
    if (!first || !here || !this.#anchored || this.#rate < 0) return null;
    return (here[0] + this.#intoAt(this.#now()) - first[0]) / 90_000;
  }

  /** Starts, or starts again, at the beginning of `frame`. @param {number} frame */
  restart(frame) {
    this.laps = 0;
    this.#frame = frame;
    this.#anchored = false;
  }

  /** The frame that is due now, or at another time. @param {number} [now] milliseconds */
  due(now = this.#now()) {
    if (!this.#anchored || now - this.#at > LONGEST_GAP_MS) {
      this.#anchored = this.#interval(this.#frame) !== null;
      this.#begin(now);
      return this.#frame;
    }
    let into = this.#intoAt(now);
    for (;;) {
      const turn = this.#turn(this.#frame);
      if (!turn) break;
      if (into < turn.ticks) {
        this.#into = into;
        this.#at = now;
        return this.#frame;
      }
      into -= turn.ticks;
      if (this.#rate < 0 ? turn.next >= this.#frame : turn.next <= this.#frame) this.laps += 1;
      this.#frame = turn.next;
    }
    this.#anchored = false;
    return this.#frame;
  }

  /** The frames that will be due after the one that is, as far as they are here; at most `count`.
   * @param {number} count @returns {number[]} each once */
  upcoming(count) {
    const frames = new Set([this.#frame]);
    let turn = this.#turn(this.#frame);
    while (frames.size <= count && turn && !frames.has(turn.next)) {
      frames.add(turn.next);
      turn = this.#turn(turn.next);
    }
    return [...frames].slice(1);
  }

  /** The display looks in the middle between two of its pictures: times that fall on the edge
   * between two frames would be now the one and now the other. @param {number} now */
  #begin(now) {
    this.#at = now;
    this.#into = (this.displayMs / 2) * TICKS_PER_MILLISECOND * Math.abs(this.#rate);
  }

  /** @param {number} now */
  #intoAt(now) {
    return this.#into + Math.max(0, now - this.#at) * TICKS_PER_MILLISECOND * Math.abs(this.#rate);
  }

  /** How long `frame` is shown, with those passed over after it, and what comes then; null while
   * it isn't here. @param {number} frame */
  #turn(frame) {
    const most = this.displayMs * TICKS_PER_MILLISECOND * Math.abs(this.#rate);
    const step = this.#rate < 0 ? -1 : 1;
    const here = this.#interval(frame);
    if (!here) return null;
    let ticks = Math.max(1, here[1] - here[0]);
    let next = frame + step;
    while (ticks < most && this.#start <= next && next < this.#end) {
      const passed = this.#interval(next);
      if (!passed) break;
      const length = passed[1] - passed[0];
      if (ticks + length / 2 > most) break;
      ticks += length;
      next += step;
    }
    if (next < this.#start) next = this.#end - 1;
    if (next >= this.#end) next = this.#start;
    return { ticks, next };
  }
}

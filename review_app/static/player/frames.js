/**
 * Runs of encoded frames: which ones a clip needs, in which order, and reading them off the wire.
 * Pure.
 *
 * Wire format of a run (little-endian), made by `review_app/presenters/wire.py`:
 *   "HFR1", u32 first frame, u32 n, u32 ticks from the first frame to the end of the last one,
 *   u64 ticks of the first frame, u32 size[n], u32 ticks after the first frame [n], then the
 *   samples back to back.
 *
 * @typedef {{proxy: string, a: number, b: number}} Run  frames [a, b) of one proxy
 */

export const TICKS_PER_SECOND = 90_000;
export const RUN_FRAMES = 64;
const SHORTEST_FIRST_RUN = 16;
const HEADER_BYTES = 24;
const MAGIC = 0x31524648; // "HFR1"

/**
 * The runs that cover [start, end): the first begins at `start`, so that its picture is the first
 * thing on the wire; the others at multiples of 64, so that overlapping clips share them.
 * @param {string} proxy @param {number} start @param {number} end @returns {Run[]}
 */
export function planRuns(proxy, start, end) {
  const runs = [];
  let a = start;
  while (a < end) {
    let b = (Math.floor(a / RUN_FRAMES) + 1) * RUN_FRAMES;
    if (a === start && b - a < SHORTEST_FIRST_RUN) b += RUN_FRAMES;
    b = Math.min(b, end);
    runs.push({ proxy, a, b });
    a = b;
  }
  return runs;
}

/**
 * `runs` in the order in which a player at `frame` needs them: from there on in its direction, then
 * around the loop.
 * @param {Run[]} runs @param {number} frame @param {boolean} [backward] @returns {Run[]}
 */
export function inPlayOrder(runs, frame, backward = false) {
  const at = Math.max(0, runs.findIndex((run) => frame < run.b));
  const around = [...runs.slice(at), ...runs.slice(0, at)];
  return backward ? [around[0], ...around.slice(1).reverse()] : around;
}

/** @param {Run} run */
export const runKey = (run) => `${run.proxy}/${run.a}-${run.b}`;

/** A run that grows as its bytes arrive. Frames become readable one by one. */
export class RunReader {
  /** Frames whose bytes are all here. */
  ready = 0;
  n = 0;
  a = 0;
  byteLength = 0;
  #start = 0;
  #span = 0;
  #filled = 0;
  #head = new Uint8Array(0);
  /** @type {Uint8Array | null} */ #samples = null;
  /** @type {Uint32Array} */ #offsets = new Uint32Array(1);
  /** @type {Uint32Array} */ #deltas = new Uint32Array(0);

  /** @param {Uint8Array} chunk */
  push(chunk) {
    if (!this.#samples) {
      const head = new Uint8Array(this.#head.length + chunk.length);
      head.set(this.#head);
      head.set(chunk, this.#head.length);
      this.#head = head;
      const used = this.#parseHeader(head);
      if (!this.#samples) return;
      chunk = head.subarray(used);
      this.#head = new Uint8Array(0);
    }
    if (this.#filled + chunk.length > this.#samples.length) {
      throw new Error('a run is longer than its header says');
    }
    this.#samples.set(chunk, this.#filled);
    this.#filled += chunk.length;
    while (this.ready < this.n && this.#offsets[this.ready + 1] <= this.#filled) this.ready += 1;
  }

  /** @param {Uint8Array} head @returns {number} bytes used */
  #parseHeader(head) {
    if (head.length < HEADER_BYTES) return 0;
    const view = new DataView(head.buffer);
    if (view.getUint32(0, true) !== MAGIC) throw new Error('this is not a run of frames');
    const n = view.getUint32(8, true);
    const used = HEADER_BYTES + 8 * n;
    if (head.length < used) return 0;
    this.a = view.getUint32(4, true);
    this.n = n;
    this.#span = view.getUint32(12, true);
    this.#start = Number(view.getBigUint64(16, true));
    this.#offsets = new Uint32Array(n + 1);
    this.#deltas = new Uint32Array(n);
    for (let i = 0; i < n; i += 1) {
      this.#offsets[i + 1] = this.#offsets[i] + view.getUint32(HEADER_BYTES + 4 * i, true);
      this.#deltas[i] = view.getUint32(HEADER_BYTES + 4 * (n + i), true);
    }
    this.#samples = new Uint8Array(this.#offsets[n]);
    this.byteLength = used + this.#offsets[n];
    return used;
  }

  get complete() {
    return this.#samples !== null && this.ready === this.n;
  }

  /** @param {number} frame @returns {Uint8Array | null} */
  sample(frame) {
    const i = frame - this.a;
    if (!this.#samples || i < 0 || i >= this.ready) return null;
    return this.#samples.subarray(this.#offsets[i], this.#offsets[i + 1]);
  }

  /** When the frame is shown and when it ends, in ticks. @param {number} frame
   * @returns {[number, number] | null} */
  interval(frame) {
    const i = frame - this.a;
    if (!this.#samples || i < 0 || i >= this.n) return null;
    const until = i + 1 < this.n ? this.#deltas[i + 1] : this.#span;
    return [this.#start + this.#deltas[i], this.#start + until];
  }
}

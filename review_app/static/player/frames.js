/**
 * Encoded frames in memory: which runs a clip needs, reading them from the wire, and a bounded
 * store. Free of DOM and decoders; `fetchRun` is handed in.
 *
 * Wire format of a run (little-endian), made by `review_app/wire.py`:
 *   "HFR1", u32 first frame, u32 n, u32 ticks from the first frame to the end of the last one,
 *   u64 ticks of the first frame, u32 size[n], u32 ticks after the first frame [n], then the
 *   samples back to back.
 *
 * @typedef {{proxy: string, a: number, b: number}} Run  frames [a, b) of one proxy
 * @typedef {(run: Run, signal: AbortSignal, urgent: boolean) => Promise<Response>} FetchRun
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
 * `runs` in the order in which a player at `frame` needs them: from there to the end, then from
 * the start, because the clip loops.
 * @param {Run[]} runs @param {number} frame @returns {Run[]}
 */
export function inPlayOrder(runs, frame) {
  const at = Math.max(0, runs.findIndex((run) => frame < run.b));
  return [...runs.slice(at), ...runs.slice(0, at)];
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

/** @typedef {{run: Run, reader: RunReader}} Entry */
/** @typedef {{run: Run, abort: AbortController}} Flight */

/**
 * Loads the runs of the current demand, most wanted first, and keeps what was loaded in a bounded
 * memory, least recently used out first. A run in demand is never thrown out.
 */
export class FrameStore {
  /** What keeps frames from coming, as a sentence; null when all is well. @type {string | null} */
  trouble = null;
  #fetchRun;
  #maxBytes;
  #maxFlights;
  #onchange;
  /** @type {Map<string, Entry>} least recently used first */ #entries = new Map();
  /** @type {Map<string, Flight>} */ #flights = new Map();
  /** @type {Run[]} */ #demand = [];
  #failures = 0;
  #retryAt = 0;

  /**
   * @param {{fetchRun: FetchRun, onchange?: () => void, maxBytes?: number, maxFlights?: number}} o
   * `maxFlights`: one urgent and two ahead of need; a browser has six connections to a host.
   */
  constructor({ fetchRun, onchange = () => {}, maxBytes = 256 * 2 ** 20, maxFlights = 3 }) {
    this.#fetchRun = fetchRun;
    this.#onchange = onchange;
    this.#maxBytes = maxBytes;
    this.#maxFlights = maxFlights;
  }

  get byteLength() {
    let bytes = 0;
    for (const { reader } of this.#entries.values()) bytes += reader.byteLength;
    return bytes;
  }

  /** @param {string} proxy @param {number} frame */
  sample(proxy, frame) {
    return this.#find(proxy, frame, (reader) => reader.sample(frame));
  }

  /** @param {string} proxy @param {number} frame */
  interval(proxy, frame) {
    return this.#find(proxy, frame, (reader) => reader.interval(frame));
  }

  /** The parts of [start, end) whose bytes are here. @param {string} proxy @param {number} start
   * @param {number} end @returns {[number, number][]} sorted, disjoint */
  loaded(proxy, start, end) {
    const parts = [...this.#entries.values()]
      .filter((entry) => entry.run.proxy === proxy && entry.reader.ready > 0)
      .map(({ run, reader }) => [Math.max(start, run.a), Math.min(end, run.a + reader.ready)])
      .filter(([a, b]) => a < b)
      .sort((x, y) => x[0] - y[0]);
    /** @type {[number, number][]} */ const joined = [];
    for (const [a, b] of parts) {
      const last = joined.at(-1);
      if (last && a <= last[1]) last[1] = Math.max(last[1], b);
      else joined.push([a, b]);
    }
    return joined;
  }

  /** Replaces the demand: runs by need, the first one urgent. @param {Run[]} runs */
  demand(runs) {
    this.#demand = runs;
    this.#pump();
  }

  /** @template T @param {string} proxy @param {number} frame
   * @param {(reader: RunReader) => T | null} read @returns {T | null} */
  #find(proxy, frame, read) {
    for (const [key, entry] of this.#entries) {
      if (entry.run.proxy !== proxy) continue;
      const found = read(entry.reader);
      if (!found) continue;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return found;
    }
    return null;
  }

  #pump() {
    const wanted = new Set(this.#demand.map(runKey));
    for (const [key, flight] of this.#flights) if (!wanted.has(key)) this.#drop(key, flight);
    const missing = this.#demand.filter((run) => !this.#entries.get(runKey(run))?.reader.complete);
    if (missing.length === 0) this.trouble = null;
    if (missing.length === 0 || Date.now() < this.#retryAt) return;
    const due = missing.slice(0, this.#maxFlights);
    const urgent = due[0];
    if (!this.#flights.has(runKey(urgent)) && this.#flights.size >= this.#maxFlights) {
      const order = missing.map(runKey);
      const last = [...this.#flights].sort(
        ([x], [y]) => order.indexOf(y) - order.indexOf(x),
      )[0];
      this.#drop(...last);
    }
    for (const run of due) {
      if (this.#flights.size >= this.#maxFlights) break;
      if (!this.#flights.has(runKey(run))) void this.#load(run, run === urgent);
    }
  }

  /** @param {string} key @param {Flight} flight */
  #drop(key, flight) {
    this.#flights.delete(key);
    this.#entries.delete(key);
    flight.abort.abort();
  }

  /** @param {Run} run @param {boolean} urgent */
  async #load(run, urgent) {
    const key = runKey(run);
    const flight = { run, abort: new AbortController() };
    this.#flights.set(key, flight);
    const reader = new RunReader();
    try {
      const response = await this.#fetchRun(run, flight.abort.signal, urgent);
      if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
      this.#entries.set(key, { run, reader });
      const stream = response.body.getReader();
      for (;;) {
        const { done, value } = await stream.read();
        if (done) break;
        reader.push(value);
        if (flight.abort.signal.aborted) return;
        this.#onchange();
      }
      if (!reader.complete) throw new Error('the connection ended in the middle of a run');
      this.#failures = 0;
      this.trouble = null;
    } catch (error) {
      if (flight.abort.signal.aborted) return;
      this.#entries.delete(key);
      this.#backOff(error);
    }
    this.#flights.delete(key);
    this.#evict();
    this.#pump();
    this.#onchange();
  }

  /** @param {unknown} error */
  #backOff(error) {
    const wait = Math.min(8000, 250 * 2 ** this.#failures);
    this.#failures += 1;
    this.#retryAt = Date.now() + wait;
    const what = error instanceof TypeError ? 'the server does not answer' : String(error);
    this.trouble = `Frames don't load: ${what.replace(/^Error: /, '')}; trying again.`;
    setTimeout(() => this.#pump(), wait + 10);
  }

  #evict() {
    let bytes = this.byteLength;
    const pinned = new Set(this.#demand.map(runKey));
    for (const [key, { reader }] of this.#entries) {
      if (bytes <= this.#maxBytes) break;
      if (pinned.has(key) || this.#flights.has(key)) continue;
      this.#entries.delete(key);
      bytes -= reader.byteLength;
    }
  }
}

/**
 * Encoded frames in memory, bounded. Free of DOM and decoders; `fetchRun` is handed in.
 *
 * @typedef {import('./frames.js').Run} Run
 * @typedef {(run: Run, signal: AbortSignal, urgent: boolean) => Promise<Response>} FetchRun
 */

import { RunReader, runKey } from './frames.js';

const REFUSED_MS = 8000;

/** @typedef {{run: Run, reader: RunReader}} Entry */
/** @typedef {{run: Run, abort: AbortController}} Flight */

/**
 * Loads the runs of the current demand, most wanted first, and keeps what was loaded in a bounded
 * memory, least recently used out first. A run in demand is never thrown out.
 */
export class FrameStore {
  #fetchRun;
  #maxBytes;
  #maxFlights;
  #onchange;
  /** @type {Map<string, Entry>} least recently used first */ #entries = new Map();
  /** @type {Map<string, Flight>} */ #flights = new Map();
  /** @type {Run[]} */ #demand = [];
  /** Where the last frame asked for was found. @type {Entry | null} */ #found = null;
  /** Runs that the server refused, and until when they are left alone. @type {Map<string, number>}
   */ #refused = new Map();
  #failures = 0;
  #retryAt = 0;
  /** `key`: of the run that was refused; null: nothing gets through.
   * @type {{key: string | null, text: string} | null} */
  #trouble = null;

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

  /** What keeps frames from coming, as a sentence; null when all is well. */
  get trouble() {
    return this.#trouble?.text ?? null;
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
    if (this.#trouble && !this.#matters(this.#trouble.key)) this.#trouble = null;
    this.#pump();
  }

  /** Tries at once what waits after a failure. */
  retry() {
    this.#retryAt = 0;
    this.#failures = 0;
    this.#refused.clear();
    this.#pump();
  }

  /** Whether what keeps a run away, or all of them, keeps away something in demand.
   * @param {string | null} key */
  #matters(key) {
    const wanted = this.#demand.map(runKey);
    if (key !== null) return wanted.includes(key);
    return wanted.some((each) => !this.#entries.get(each)?.reader.complete);
  }

  /** @template T @param {string} proxy @param {number} frame
   * @param {(reader: RunReader) => T | null} read @returns {T | null} */
  #find(proxy, frame, read) {
    if (this.#found?.run.proxy === proxy) {
      const value = read(this.#found.reader);
      if (value) return value;
    }
    for (const [key, entry] of this.#entries) {
      const value = entry.run.proxy === proxy ? read(entry.reader) : null;
      if (!value) continue;
      this.#found = entry;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return value;
    }
    return null;
  }

  #pump() {
    const wanted = new Set(this.#demand.map(runKey));
    for (const [key, flight] of this.#flights) if (!wanted.has(key)) this.#drop(key, flight);
    const missing = this.#demand.filter((run) => this.#isMissing(runKey(run)));
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

  /** @param {string} key */
  #isMissing(key) {
    if (this.#entries.get(key)?.reader.complete) return false;
    return Date.now() >= (this.#refused.get(key) ?? 0);
  }

  /** @param {string} key @param {Flight} flight */
  #drop(key, flight) {
    this.#flights.delete(key);
    flight.abort.abort();
  }

  /** @param {Run} run @param {boolean} urgent */
  async #load(run, urgent) {
    const key = runKey(run);
    const flight = { run, abort: new AbortController() };
    this.#flights.set(key, flight);
    this.#refused.delete(key);
    const reader = new RunReader();
    try {
      const response = await this.#fetchRun(run, flight.abort.signal, urgent);
      if (!response.ok || !response.body) {
        this.#refused.set(key, Date.now() + REFUSED_MS);
        throw new Error(`the server answered ${response.status}`);
      }
      const stream = response.body.getReader();
      for (;;) {
        const { done, value } = await stream.read();
        if (done) break;
        reader.push(value);
        if (flight.abort.signal.aborted) return;
        // What came before the connection broke the last time stays until there is more.
        if (reader.ready > (this.#entries.get(key)?.reader.ready ?? 0)) {
          this.#entries.set(key, { run, reader });
        }
        this.#onchange();
      }
      if (!reader.complete) throw new Error('the connection ended in the middle of a run');
      this.#failures = 0;
      if ([null, key].includes(this.#trouble?.key ?? null)) this.#trouble = null;
    } catch (error) {
      if (flight.abort.signal.aborted) return;
      this.#backOff(error, key);
    }
    this.#flights.delete(key);
    this.#evict();
    this.#pump();
    this.#onchange();
  }

  /** Tries again later: a run that was refused alone, all of them when nothing gets through.
   * @param {unknown} error @param {string} key */
  #backOff(error, key) {
    const isRefused = this.#refused.has(key);
    let wait = REFUSED_MS;
    if (!isRefused) {
      wait = Math.min(8000, 250 * 2 ** this.#failures);
      this.#failures += 1;
      this.#retryAt = Date.now() + wait;
    }
    setTimeout(() => this.#pump(), wait + 10);
    if (isRefused && key !== runKey(this.#demand[0])) return;
    const what = error instanceof TypeError ? 'the server does not answer' : String(error);
    const text = `Frames don't load: ${what.replace(/^Error: /, '')}; trying again.`;
    this.#trouble = { key: isRefused ? key : null, text };
  }

  #evict() {
    let bytes = this.byteLength;
    const pinned = new Set(this.#demand.map(runKey));
    for (const [key, { reader }] of this.#entries) {
      if (bytes <= this.#maxBytes) break;
      if (pinned.has(key) || this.#flights.has(key)) continue;
      this.#entries.delete(key);
      bytes -= reader.byteLength;
      if (this.#found?.reader === reader) this.#found = null;
    }
  }
}

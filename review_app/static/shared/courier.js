/**
 * Runs one task after the other. While the server can't be reached, it retries the same task after
 * ever longer pauses. Free of DOM and fetch.
 *
 * @typedef {{status: number, message: string, body?: any}} Refusal  what a request throws; status
 *   0: no answer
 */

/** The status for a decision that is already undone. */
export const GONE = 410;

const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

/** @param {number} ms @returns {Promise<void>} */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** True if the same request may succeed later. @param {Refusal} refusal */
const passes = ({ status }) => status === 0 || status === 429 || status >= 500;

export class Courier {
  /** Why the server can't be reached right now. @type {Refusal | null} */ trouble = null;
  #next;
  #onchange;
  #delay;
  #running = false;
  #failures = 0;
  /** Ends a pause early. */
  #poke = () => {};

  /**
   * @param {{next: () => (() => Promise<void>) | number | null, onchange: () => void,
   *   delay?: (ms: number) => Promise<void>}} options  `next`: the next task, or the milliseconds
   *   to wait before asking again, or null if there is nothing to do
   */
  constructor({ next, onchange, delay = sleep }) {
    this.#next = next;
    this.#onchange = onchange;
    this.#delay = delay;
  }

  /** Ends a pause that `next` asked for; with `force` also a pause after a failure.
   * @param {{force?: boolean}} [options] */
  wake({ force = false } = {}) {
    if (force || !this.trouble) this.#poke();
    if (!this.#running) void this.#run();
  }

  async #run() {
    this.#running = true;
    try {
      for (let next = this.#next(); next !== null; next = this.#next()) {
        if (typeof next === 'number') await this.#pause(next);
        else await this.#try(next);
      }
    } finally {
      this.#running = false;
    }
    if (this.trouble) {
      this.trouble = null;
      this.#onchange();
    }
  }

  /** @param {() => Promise<void>} task */
  async #try(task) {
    try {
      await task();
      this.trouble = null;
      this.#failures = 0;
    } catch (error) {
      const refusal = /** @type {Refusal} */ (error);
      if (!passes(refusal)) throw error;
      this.trouble = refusal;
    }
    this.#onchange();
    if (!this.trouble) return;
    await this.#pause(Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** this.#failures));
    this.#failures += 1;
  }

  /** @param {number} ms */
  async #pause(ms) {
    /** @type {Promise<void>} */ const poked = new Promise((resolve) => { this.#poke = resolve; });
    await Promise.race([this.#delay(ms), poked]);
    this.#poke = () => {};
  }
}

/** The answer to a request; null if the server refused it for good, which `refused` is told.
 * @template T @param {Promise<T>} request @param {(refusal: Refusal) => void} refused
 * @returns {Promise<T | null>} */
export async function unlessRefused(request, refused) {
  try {
    return await request;
  } catch (error) {
    const refusal = /** @type {Refusal} */ (error);
    if (passes(refusal)) throw error;
    refused(refusal);
    return null;
  }
}

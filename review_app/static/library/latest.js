/** Of several requests, one after the other, only the latest may answer. Pure. */

export class Latest {
  #number = 0;
  /** @type {AbortController | null} */ #running = null;

  /** Makes a request and gives the earlier one up. @template T
   * @param {(signal: AbortSignal) => Promise<T>} request
   * @returns {Promise<T | null>} null where a later request was made meanwhile */
  async of(request) {
    this.#number += 1;
    const number = this.#number;
    this.#running?.abort();
    this.#running = new AbortController();
    try {
      const answer = await request(this.#running.signal);
      return number === this.#number ? answer : null;
    } catch (error) {
      if (number !== this.#number) return null;
      throw error;
    }
  }
}

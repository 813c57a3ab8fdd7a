/** Remembers uploads that have begun across reloads of the page and restarts of the browser. */

const PLACE = 'heaters-uploads';

/** @typedef {{ name: string, size: number, lastModified: number, url: string }} Told */

export class Memory {
  #place;

  /** @param {Storage} place such as localStorage; shared with other tabs */
  constructor(place) {
    this.#place = place;
  }

  /** @returns {Record<string, Told>} by fingerprint */
  all() {
    try {
      return JSON.parse(this.#place.getItem(PLACE) ?? '{}');
    } catch {
      return {};
    }
  }

  /** @param {string} fingerprint @param {Told} told */
  keep(fingerprint, told) {
    this.#write({ ...this.all(), [fingerprint]: told });
  }

  /** @param {string} fingerprint */
  forget(fingerprint) {
    const { [fingerprint]: _, ...rest } = this.all();
    this.#write(rest);
  }

  /** @param {Record<string, Told>} all */
  #write(all) {
    try {
      this.#place.setItem(PLACE, JSON.stringify(all));
    } catch {
      // Without room or permission, uploads last until the page is closed.
    }
  }
}

/**
 * The sound of clips in parts, so that a long clip begins as soon as a short one and takes no more
 * memory. `where`: the address of a clip's sound, under which the server has its parts and levels.
 */

import { Levels } from './levels.js';

/** As the server cuts it (`review_app/presenters/wav.py`). */
export const PART_SECONDS = 10;

/** A part is a megabyte. */
const PARTS_KEPT = 8;
const LEVELS_KEPT = 8;
/** The pause before what did not load is fetched again. */
const RETRY_MS = 2000;

/** What a clip's length may be off: no part is as short. */
const ROUNDING_SECONDS = 1e-4;

/** Where a position lies: the number of its part, and seconds from there.
 * @param {number} position seconds into the clip @param {number} seconds the clip's length */
export function placeOf(position, seconds) {
  const part = Math.min(partsOf(seconds) - 1, Math.floor(position / PART_SECONDS));
  return { part, offset: position - part * PART_SECONDS };
}

/** How many parts a clip has. @param {number} seconds its length */
export const partsOf = (seconds) =>
  Math.max(1, Math.ceil((seconds - ROUNDING_SECONDS) / PART_SECONDS));

/** Values that are fetched, the last few of them.
 * @template T */
class Fetched {
  #most;
  #fetch;
  /** @type {Map<string, {value: T | null, isSettled: boolean}>} */ #entries = new Map();

  /** @param {number} most @param {(url: string) => Promise<T>} fetch */
  constructor(most, fetch) {
    this.#most = most;
    this.#fetch = fetch;
  }

  /** @param {string} url @returns {T | null} null while it isn't here */
  here(url) {
    return this.#entries.get(url)?.value ?? null;
  }

  /** False while it is on the way, or was never asked for. @param {string} url */
  isSettled(url) {
    return this.#entries.get(url)?.isSettled ?? false;
  }

  /** @param {string} url @returns {Promise<boolean | null>} whether it has loaded; null where that
   * was asked for before */
  async load(url) {
    const known = this.#entries.get(url);
    if (known) {
      this.#entries.delete(url); // the youngest from now on
      this.#entries.set(url, known);
      return null;
    }
    const entry = { value: /** @type {T | null} */ (null), isSettled: false };
    this.#entries.set(url, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most) break;
      this.#entries.delete(oldest);
    }
    try {
      entry.value = await this.#fetch(url);
    } catch {
      setTimeout(() => {
        if (this.#entries.get(url) === entry) this.#entries.delete(url);
      }, RETRY_MS);
    }
    entry.isSettled = true;
    return entry.value !== null;
  }
}

export class SoundParts {
  /** True from a failure until something loads again. */
  hasFailed = false;
  #onchange;
  /** @type {Fetched<AudioBuffer>} */ #parts;
  /** @type {Fetched<Levels>} */ #levels;

  /** @param {{context: () => AudioContext, onchange: () => void}} options `onchange`: something
   * has come, or did not */
  constructor({ context, onchange }) {
    this.#onchange = onchange;
    this.#parts = new Fetched(PARTS_KEPT, async (url) => context().decodeAudioData(await get(url)));
    this.#levels = new Fetched(LEVELS_KEPT, async (url) => new Levels(await get(url)));
  }

  /** @param {string} where @param {number} part @returns {AudioBuffer | null} */
  part(where, part) {
    return this.#parts.here(`${where}/${part}.wav`);
  }

  /** @param {string} where @returns {Levels | null} */
  levels(where) {
    return this.#levels.here(`${where}/levels`);
  }

  /** False while nobody knows how loud a clip is. @param {string} where */
  isMeasured(where) {
    return this.#levels.isSettled(`${where}/levels`);
  }

  /** @param {string} where @param {number} part */
  async load(where, part) {
    this.#note(await this.#parts.load(`${where}/${part}.wav`));
  }

  /** @param {string} where */
  async measure(where) {
    this.#note(await this.#levels.load(`${where}/levels`));
  }

  /** @param {boolean | null} isThere null: nothing is new */
  #note(isThere) {
    if (isThere === null) return;
    this.hasFailed = !isThere;
    this.#onchange();
  }
}

/** @param {string} url */
async function get(url) {
  const response = await fetch(url, { priority: 'low' });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.arrayBuffer();
}

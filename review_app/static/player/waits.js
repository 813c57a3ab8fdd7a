/** What a person waits for: how long it took, and when it takes too long. */

import { afterPaint } from './view.js';

const PATIENCE_MS = 400;

/** Measures from key presses to paints, as `performance` entries `heaters:<name>`. */
export class Stopwatch {
  /** @type {{name: string, since: number, frame: number} | null} */ #running = null;

  /** @param {string} name @param {number | undefined} since time of the key press; undefined: none
   * was pressed @param {number} frame the one that is asked for */
  start(name, since, frame) {
    this.#running = since === undefined ? null : { name, since, frame };
  }

  /** @param {number} painted frame @param {boolean} isInFrame true within an animation frame */
  stop(painted, isInFrame) {
    const { name, since, frame } = this.#running ?? {};
    if (frame !== painted) return;
    this.#running = null;
    afterPaint(() => {
      performance.measure(`heaters:${name}`, {
        start: since, end: performance.now(), detail: { frame },
      });
    }, isInFrame);
  }
}

/** Says when something has been late for longer than a person overlooks. */
export class Patience {
  #since = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #onchange;

  /** @param {() => void} onchange called when it ends, and when the wait is over */
  constructor(onchange) {
    this.#onchange = onchange;
  }

  get isOver() {
    return this.#since > 0 && performance.now() - this.#since >= PATIENCE_MS;
  }

  /** @param {boolean} isLate */
  note(isLate) {
    if (!isLate) {
      if (this.isOver) queueMicrotask(this.#onchange);
      this.#since = 0;
      clearTimeout(this.#timer);
    } else if (this.#since === 0) {
      this.#since = performance.now();
      this.#timer = setTimeout(this.#onchange, PATIENCE_MS + 20);
    }
  }
}

/** How the sheet looks: the size of its cells. */

import { byId } from '../shared/dom.js';
import { remember, remembered } from '../player/remember.js';

const SIZES = ['small', 'medium', 'large'];
const BY_DEFAULT = 1;

export class Looks {
  #grid;
  #size;

  /** @param {HTMLElement} grid */
  constructor(grid) {
    this.#grid = grid;
    const at = SIZES.indexOf(remembered('sheet.size') ?? '');
    this.#size = at < 0 ? BY_DEFAULT : at;
    this.#draw();
  }

  /** @param {number} size 0 to 2 */
  resize(size) {
    this.#size = Math.max(0, Math.min(SIZES.length - 1, size));
    remember('sheet.size', SIZES[this.#size]);
    this.#draw();
  }

  /** @param {number} by */
  grow(by) {
    this.resize(this.#size + by);
  }

  #draw() {
    this.#grid.dataset.size = SIZES[this.#size];
    for (const [i, name] of SIZES.entries()) {
      byId(`size-${name}`).setAttribute('aria-pressed', String(i === this.#size));
    }
  }
}

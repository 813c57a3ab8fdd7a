/** The clips that look like the one on the screen, beyond its stack, asked for once the reviewer rests
 * on it. */

import { api } from '../shared/api.js';
import { Pictures, drawTile } from '../shared/clip_pictures.js';
import { byId, make } from '../shared/dom.js';
import { stateWords } from '../shared/words.js';

/** @typedef {import('./queue.js').Clip} Clip */

const REST_MS = 500;
const THUMBNAIL_WIDTH = 192;

export class Alike {
  #pictures = new Pictures(drawTile);
  #stacks;
  /** The clip that they look like. @type {number | null} */ #shown = null;
  #timer = 0;

  /** @param {import('../shared/stacks.js').Stacks} stacks */
  constructor(stacks) {
    this.#stacks = stacks;
  }

  /** @param {Clip | null} clip on the screen */
  draw(clip) {
    const id = clip && clip.id > 0 ? clip.id : null;
    if (id === this.#shown) return;
    this.#shown = id;
    byId('alikes').hidden = true;
    clearTimeout(this.#timer);
    if (id !== null) this.#timer = setTimeout(() => void this.#load(id), REST_MS);
  }

  /** @param {number} id */
  async #load(id) {
    const { clips, same } = await api(`/api/v1/clips/${id}/alike`)
      .catch(() => ({ clips: [], same: [] }));
    if (id !== this.#shown) return;
    const stacked = this.#stacks.of(id);
    const others = /** @type {Clip[]} */ (clips).filter((clip) => !stacked.includes(clip.id));
    byId('alike').replaceChildren(...others.map((clip) => this.#item(clip, same.includes(clip.id))));
    byId('alikes').hidden = others.length === 0;
  }

  /** @param {Clip} clip @param {boolean} isSame */
  #item(clip, isSame) {
    const { id, state, video } = clip;
    const height = Math.round((THUMBNAIL_WIDTH * video.height) / video.width);
    const picture = make('canvas', { width: THUMBNAIL_WIDTH, height });
    this.#pictures.want(picture, clip);
    const now = state === 'pending_review' ? 'waits' : stateWords(state);
    const told = isSame ? `the same, ${now}` : now;
    const name = `Clip ${id} of ${video.title}, ${told}`;
    return make('li', {}, make(
      'a', { href: `/clips/${id}`, title: name, label: name },
      picture, make('span', { textContent: told }),
    ));
  }
}

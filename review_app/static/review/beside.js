/**
 * A clip that was kept to compare others with: it stands beside the one on the screen and plays in
 * step with it.
 *
 * @typedef {import('./queue.js').Clip} Clip
 * @typedef {import('../player/player.js').Player} Player
 */

import { Follower } from '../player/follower.js';
import { byId, setText } from '../shared/dom.js';
import { clipName } from '../shared/words.js';

export class Beside {
  #player;
  /** @type {Clip | null} */ #kept = null;
  #follower;

  /** @param {Player} player */
  constructor(player) {
    this.#player = player;
    this.#follower = new Follower({
      canvas: /** @type {HTMLCanvasElement} */ (byId('beside')),
      onchange: () => this.#name(),
    });
  }

  /** Keeps a clip, or forgets the one that was kept. @param {Clip} clip
   * @returns {string | null} what to tell the reviewer */
  toggle(clip) {
    const isKept = this.#kept === null;
    this.#kept = isKept ? clip : null;
    return isKept ? `${sentenceOf(clip)} stands beside the clips that you go to now.` : null;
  }

  /** @param {Clip | null} clip on the screen */
  draw(clip) {
    const beside = clip && this.#kept?.id !== clip.id ? this.#kept : null;
    byId('screen').classList.toggle('is-comparing', beside !== null);
    if (beside === this.#follower.clip) return;
    this.#player.follower = beside ? this.#follower : null;
    this.#follower.open(beside);
    this.#player.refresh();
    this.#name();
  }

  #name() {
    const { clip, presented } = this.#follower;
    if (!clip || !this.#kept) return;
    const frame = presented === null ? '' : `, frame ${presented}`;
    setText(byId('beside-name'), `${sentenceOf(this.#kept)}${frame}`);
  }
}

/** @param {Clip} clip */
const sentenceOf = ({ id }) => clipName(id).replace(/^./, (letter) => letter.toUpperCase());

/**
 * A second picture that shows another clip in step with the player's: as many frames, or as much
 * time, from its beginning.
 *
 * @typedef {import('./player.js').PlayerClip} PlayerClip
 * @typedef {import('./projector.js').Aim} Aim
 */

import { Projector } from './projector.js';
import { inStep } from './step.js';
import { Supply } from './supply.js';

export class Follower {
  /** @type {PlayerClip | null} */ clip = null;
  /** @type {Supply} */ #supply;
  /** @type {Projector} */ #projector;
  /** What the player showed last. @type {[PlayerClip, Aim] | null} */ #led = null;

  /** @param {{canvas: HTMLCanvasElement, onchange: () => void}} options `onchange`: another frame is
   * on the screen */
  constructor({ canvas, onchange }) {
    this.#supply = new Supply({
      needsBytes: () => this.#projector.ladder.needsBytes,
      onload: () => this.#projector.feed(),
      onstill: () => {},
    });
    this.#projector = new Projector({
      canvas,
      supply: this.#supply,
      onpaint: onchange,
      onarrival: () => {},
      onlost: () => this.#projector.feed(),
      onchange: () => this.#again(),
    });
  }

  /** The frame on the screen; null until there is one of the clip. */
  get presented() {
    return this.#projector.presented;
  }

  /** @param {PlayerClip | null} clip null: nothing to show */
  open(clip) {
    this.clip = clip;
    this.#projector.open(clip);
    if (clip) this.#again();
    else this.#supply.clear();
  }

  /** @param {PlayerClip} led the player's clip @param {Aim} aim what it shows of that */
  follow(led, aim) {
    this.#led = [led, aim];
    const { clip } = this;
    if (!clip) return;
    const source = this.#supply.source(clip);
    const beside = (/** @type {number} */ frame) =>
      this.#projector.ladder.nearest(source, clip, inStep(led, clip, frame));
    const wanted = beside(aim.wanted);
    this.#projector.show({ ...aim, wanted, ahead: [...new Set(aim.ahead.map(beside))] });
    this.#supply.demand(clip, wanted, aim.isBackward);
  }

  #again() {
    if (this.#led) this.follow(...this.#led);
  }
}

/**
 * Brings frames to the canvas: has them decoded, holds those that will be wanted next, and paints
 * none but the clip's own.
 *
 * @typedef {import('./player.js').PlayerClip} PlayerClip
 * @typedef {import('./decode.js').Ticket} Ticket
 * @typedef {import('./pictures.js').Picture} Picture
 * @typedef {import('./supply.js').Supply} Supply
 * @typedef {{wanted: number, ahead: number[], isPlaying: boolean, isBackward: boolean,
 *   mayCatchUp: boolean}} Aim  `ahead`: what to decode besides, most wanted first; `mayCatchUp`:
 *   frames on the way to the wanted one are better shown late than not at all
 */

import { Ladder } from './ladder.js';
import { isFrame, release } from './pictures.js';
import { Ring } from './ring.js';
import { View } from './view.js';

/** Decoders stop when too many of their pictures stay open; 6 with the look-ahead's one. */
const MAX_OPEN = 5;
/** At rest the wanted frame may be asked for while another is decoded, others not: a key press
 * never waits for more than one. */
const MOST_AT_REST = 2;

export class Projector {
  /** The frame on the screen. @type {number | null} */ presented = null;
  ladder;
  #supply;
  #view;
  #onpaint;
  #onchange;
  #ring = new Ring();
  /** @type {PlayerClip | null} */ #clip = null;
  /** Null until it is known what is wanted of a new clip. @type {Aim | null} */ #aim = null;
  /** Raised with each clip and each engine: pictures asked for before are of no use. */
  #generation = 0;
  /** Raised with each frame that is wanted. */
  #turn = 0;
  /** The turn whose picture is on the screen; pictures of earlier ones come too late. */
  #turnShown = 0;

  /**
   * @param {{canvas: HTMLCanvasElement, supply: Supply, onpaint: (frame: number) => void,
   *   onarrival: () => void, onlost: () => void, onchange: () => void}} options
   * `onpaint`: a frame is on its way to the screen; `onarrival`: the decoder has given a picture;
   * `onlost`: what was asked for won't come; `onchange`: other engines show the frames
   */
  constructor({ canvas, supply, onpaint, onarrival, onlost, onchange }) {
    this.#view = new View(canvas);
    this.#supply = supply;
    this.#onpaint = onpaint;
    this.#onchange = onchange;
    this.ladder = new Ladder({
      onpicture: (ticket, picture) => {
        this.#arrived(ticket, picture);
        this.feed();
        onarrival();
      },
      onstill: (ticket, picture) => void supply.stills.keep(ticket, picture),
      onlost: () => {
        supply.stills.lost();
        onlost();
      },
      onchange: () => this.#enginesChanged(),
    });
  }

  /** Frames of this clip alone, from now on. @param {PlayerClip | null} clip null: none */
  open(clip) {
    this.#forget();
    this.#clip = clip;
    this.presented = null;
    if (clip) void this.ladder.choose(this.#supply.source(clip), clip);
    else this.#view.clear();
  }

  /** Shows what is there of it at once, and has the rest decoded. @param {Aim} aim */
  show(aim) {
    if (aim.wanted !== this.#aim?.wanted) this.#turn += 1;
    if (aim.isPlaying) this.#turnShown = this.#turn;
    this.#aim = aim;
    this.#showDue();
    this.feed();
  }

  /** @param {number} frame one of the clip @param {CanvasImageSource} picture */
  paint(frame, picture) {
    const clip = this.#clip;
    if (!clip || frame < clip.start_frame || frame >= clip.end_frame) return;
    this.#view.draw(picture, clip.video.width, clip.video.height);
    this.presented = frame;
    this.#onpaint(frame);
  }

  #forget() {
    this.#generation += 1;
    this.#aim = null;
    this.#ring.clear();
  }

  #enginesChanged() {
    this.#forget();
    this.#supply.stills.lost();
    this.#onchange();
  }

  /** Frames from the one on the screen to `frame` in the direction of play, around the loop.
   * @param {number} frame @param {Aim} aim */
  #distance(frame, { wanted, isBackward }) {
    const { start_frame: start, end_frame: end } = /** @type {PlayerClip} */ (this.#clip);
    const forward = frame - (this.presented ?? wanted);
    return ((isBackward ? -forward : forward) + end - start) % (end - start);
  }

  /** Paints what is due of the frames decoded ahead. */
  #showDue() {
    const aim = this.#aim;
    if (!aim || aim.wanted === this.presented) return;
    let due = this.#ring.has(aim.wanted) ? aim.wanted : null;
    if (due === null && aim.mayCatchUp && this.presented !== null) {
      const limit = this.#distance(aim.wanted, aim);
      for (const frame of this.#ring.frames()) {
        const ahead = this.#distance(frame, aim);
        if (ahead <= limit && (due === null || ahead > this.#distance(due, aim))) due = frame;
      }
    }
    const picture = due === null ? undefined : this.#ring.take(due);
    if (due === null || !picture) return;
    this.#turnShown = this.#turn;
    this.paint(due, picture);
    release(picture);
  }

  /** @param {Ticket} ticket @param {Picture} picture */
  #arrived({ frame, generation, turn }, picture) {
    if (generation !== this.#generation) {
      release(picture);
    } else if (this.#isDue(frame, turn)) {
      this.#turnShown = frame === this.#aim?.wanted ? this.#turn : turn;
      this.paint(frame, picture);
      release(picture);
    } else if (isFrame(picture)) {
      this.#keep(frame, picture);
    }
  }

  /** @param {number} frame @param {number} turn */
  #isDue(frame, turn) {
    const aim = this.#aim;
    if (!aim || aim.wanted === this.presented) return false;
    if (frame === aim.wanted) return true;
    // Late: better shown than skipped, as long as the picture moves towards the wanted one.
    if (aim.mayCatchUp && this.presented !== null) {
      const limit = this.#distance(aim.wanted, aim);
      return frame !== this.presented && this.#distance(frame, aim) < limit;
    }
    return !aim.isPlaying && turn > this.#turnShown;
  }

  /** At rest as what is drawn at once; while a clip plays there is no time to make that.
   * @param {number} frame @param {VideoFrame} picture */
  #keep(frame, picture) {
    if (this.#aim?.isPlaying || !this.#clip) {
      this.#ring.put(frame, picture);
      return;
    }
    const { width, height } = this.#clip.video;
    void this.#ring.putBitmap(frame, picture, width, height).then((isKept) => {
      if (isKept) this.#showDue();
      this.feed();
    });
  }

  /** Has what is aimed at decoded, as far as it has come. */
  feed() {
    const clip = this.#clip;
    const { engine } = this.ladder;
    if (!clip || !engine || !this.#aim) return;
    const { wanted, ahead, isPlaying } = this.#aim;
    const targets = [wanted, ...(engine.ahead > 0 ? ahead.slice(0, engine.ahead) : [])];
    this.#ring.keep(targets);
    const isMoving = !isPlaying && wanted !== this.presented;
    for (const frame of isMoving ? [wanted] : targets) {
      if (frame === this.presented || this.#ring.has(frame)) continue;
      if (engine.awaits(frame, this.#generation)) continue;
      if (!this.#hasRoomFor(frame, engine, this.#aim)) break;
      const bytes = this.#supply.sample(clip, frame);
      const interval = this.#supply.interval(clip, frame);
      if (!bytes || !interval) continue;
      engine.use(this.#supply.source(clip));
      const turn = frame === wanted ? this.#turn : 0;
      engine.submit({ frame, generation: this.#generation, turn }, bytes, interval);
    }
  }

  /** @param {number} frame @param {import('./ladder.js').Session} engine @param {Aim} aim */
  #hasRoomFor(frame, engine, { wanted, isPlaying }) {
    if (engine.inFlight + this.#ring.size >= MAX_OPEN) return false;
    if (isPlaying) return engine.inFlight < engine.most;
    if (frame === wanted) return engine.inFlight < Math.min(engine.most, MOST_AT_REST);
    return engine.inFlight + this.#ring.making === 0;
  }
}

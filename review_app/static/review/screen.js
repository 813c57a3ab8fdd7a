/**
 * Keeps the player on the queue's clip: at its beginning, where the reviewer left off, or at a cut
 * that they move.
 *
 * @typedef {import('./queue.js').Clip} Clip
 * @typedef {import('./place.js').Place} Place
 * @typedef {import('../player/player.js').Player} Player
 * @typedef {import('../player/player.js').PlayerClip} PlayerClip
 */

import { acrossCut } from './trims.js';

/** After a clip has changed by itself, keys meant for the previous one must not decide on it. */
const STARTLE_MS = 400;

/** @param {PlayerClip} a @param {PlayerClip} b */
const isSamePart = (a, b) => a.video.proxy_id === b.video.proxy_id &&
  a.start_frame === b.start_frame && a.end_frame === b.end_frame;

export class Screen {
  /** When the key or button that is being handled was pressed.
   * @type {number | undefined} */
  pressedAt;
  #player;
  /** Where to resume the clip that was on the screen last. @type {Place | null} */ #place;
  /** The edge of the clip that is being moved. @type {'start' | 'end' | null} */ #moving = null;
  /** What plays in place of the clip: the frames around one of its cuts; `frame`, `isPlaying`: how
   * the clip was left. @type {{clip: PlayerClip, frame: number, isPlaying: boolean} | null} */
  #across = null;
  #startledUntil = 0;
  /** True once no clip is left: nobody decides in front of an empty screen. */
  #isOver = false;
  #expected = '';

  /** @param {Player} player @param {Place | null} place */
  constructor(player, place) {
    this.#player = player;
    this.#place = place;
  }

  /** True for a moment after a clip has appeared without a key press. */
  get isStartled() {
    return performance.now() < this.#startledUntil;
  }

  /** Runs the action of a key or button. @param {number} since when it was pressed
   * @param {() => void} act */
  press(since, act) {
    this.pressedAt = since;
    act();
    this.pressedAt = undefined;
  }

  /** Runs an action that moves a cut: the player stops at the frame beside it.
   * @param {'start' | 'end'} edge
   * @param {() => void} act */
  move(edge, act) {
    this.#moving = edge;
    act();
    this.#moving = null;
  }

  /** True while the frames around a cut play. */
  get isAcross() {
    return this.#across !== null;
  }

  /** Plays the last second before a cut and the first one after it, once.
   * @param {Clip} clip on the screen @param {'start' | 'end'} edge
   * @returns {boolean} false where the film begins or ends */
  playAcross(clip, edge) {
    const { video, start_frame: start, end_frame: end, duration_seconds: seconds } = clip;
    const aSecond = Math.max(1, Math.round((end - start) / seconds));
    const frames = acrossCut(clip, edge, aSecond);
    if (!frames) return false;
    const { presented, wanted, playing } = this.#player;
    this.#across ??= { clip, frame: presented ?? wanted, isPlaying: playing };
    const length = ((frames.end_frame - frames.start_frame) * seconds) / (end - start);
    this.#player.open(
      { ...frames, duration_seconds: length, video },
      { since: this.pressedAt, onend: () => this.endAcross() },
    );
    return true;
  }

  /** Goes back to where the clip was left. */
  endAcross() {
    if (!this.#across) return;
    const { clip, frame, isPlaying } = this.#across;
    this.#across = null;
    this.#player.open(clip, { at: frame });
    if (isPlaying) this.#player.play();
  }

  /** Brings the player in line with the queue. @param {Clip | null} clip @param {Clip[]} next
   * @param {boolean} isOver no clip is left, here or on the server */
  follow(clip, next, isOver) {
    const shown = this.#across?.clip ?? this.#player.clip;
    if (!clip) {
      this.#across = null;
      if (shown) this.#player.clear();
    } else if (!shown || !isSamePart(clip, shown)) {
      if ((shown || this.#isOver) && this.pressedAt === undefined) {
        this.#startledUntil = performance.now() + STARTLE_MS;
      }
      this.#across = null;
      this.#player.open(clip, { since: this.pressedAt, at: this.#beginning(clip) });
      this.#place = null;
    }
    this.#isOver = isOver;
    if (this.#moving) return; // the next clip's beginning is known when the cut rests
    const key = next.map((other) => `${other.video.proxy_id}/${other.start_frame}`).join();
    if (key === this.#expected) return;
    this.#expected = key;
    this.#player.expect(next);
  }

  /** @param {number} frame */
  stopAt(frame) {
    this.#player.pause();
    this.#player.seek(frame, this.pressedAt);
  }

  /** The frame to stop at; undefined: the clip plays. @param {Clip} clip */
  #beginning({ id, start_frame: start, end_frame: end }) {
    if (this.#moving) return this.#moving === 'start' ? start : end - 1;
    const { clip, frame } = this.#place ?? { clip: null, frame: 0 };
    return clip === id && start <= frame && frame < end ? frame : undefined;
  }
}

/**
 * Plays one clip of the sheet in its cell: first from small pictures, then with the player on top.
 * The player also draws clips that are too short to have a small picture. All cells share one
 * player, without audio.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {import('../shared/clip_pictures.js').Pictures<HTMLElement>} Pictures
 * @typedef {import('../player/player.js').Player} Player
 */

import { showStill } from './tiles.js';

/** A pointer that only crosses a cell starts no decoder. */
const LINGER_MS = 250;

export class Playing {
  /** @type {Clip | null} */ clip = null;
  #player;
  #overlay;
  #pictures;
  /** Of the clip, in its cell. @type {HTMLElement | null} */ #picture = null;
  /** The clip as the player opened it. @type {object | null} */ #opened = null;
  #since = 0;
  #timer = 0;

  /** @param {{player: Player, overlay: HTMLCanvasElement, pictures: Pictures}} options `overlay`:
   *   the player's canvas, which moves from cell to cell */
  constructor({ player, overlay, pictures }) {
    this.#player = player;
    this.#overlay = overlay;
    this.#pictures = pictures;
  }

  /** Plays a clip in its cell; null stops. @param {Clip | null} clip
   * @param {HTMLElement | null} picture the cell's */
  show(clip, picture) {
    if (clip?.id === this.clip?.id && picture === this.#picture) return;
    this.#stop();
    this.clip = clip;
    this.#picture = picture;
    if (!clip || !picture) return;
    this.#since = performance.now();
    requestAnimationFrame(() => this.#tick(clip));
    this.#timer = setTimeout(() => {
      this.#overlay.hidden = true;
      picture.after(this.#overlay);
      const opened = silent(clip);
      this.#opened = opened;
      this.#player.open(opened);
    }, LINGER_MS);
  }

  /** To be called when the player has drawn or lost a frame. */
  playerChanged() {
    const { clip, presented } = this.#player;
    this.#overlay.hidden = presented === null || clip !== this.#opened;
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#opened = null;
    if (this.#player.clip) this.#player.clear();
    this.#overlay.remove();
    if (this.clip && this.#picture) this.#pictures.want(this.#picture, this.clip);
  }

  /** @param {Clip} clip */
  #tick(clip) {
    if (clip !== this.clip || !this.#picture) return;
    if (this.#overlay.hidden || !this.#overlay.isConnected) {
      const seconds = (performance.now() - this.#since) / 1000;
      this.#pictures.showFrame(this.#picture, clip, dueFrame(clip, seconds, this.#player.rate));
    }
    requestAnimationFrame(() => this.#tick(clip));
  }
}

/** The frame that is due `seconds` after a clip began to play in a loop.
 * @param {Clip} clip @param {number} seconds @param {number} rate */
function dueFrame({ start_frame: start, end_frame: end, duration_seconds: length }, seconds, rate) {
  const share = ((seconds * rate) / length) % 1;
  const passed = Math.floor((share < 0 ? share + 1 : share) * (end - start));
  return Math.min(end - 1, start + passed);
}

/** @param {Clip} clip @returns {Clip} */
const silent = (clip) => ({ ...clip, video: { ...clip.video, has_audio: false } });

/** Shows a clip's first frame; returns false while it is not decoded.
 * @param {Player} player @param {HTMLElement} picture @param {Clip} clip */
export function showFirst(player, picture, clip) {
  // The player makes stills only while it has a clip open.
  if (!player.clip) {
    player.open(silent(clip));
    player.pause();
  }
  const { video, start_frame: frame } = clip;
  const still = player.stills.still(video.proxy_id, frame, clip);
  if (still) showStill(picture, still, frame);
  return still !== null;
}

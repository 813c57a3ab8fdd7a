/**
 * Where nothing decodes video: the small pictures of the sprite sheets, each as the frame that it
 * is. Same interface as DecodeSession.
 *
 * @typedef {import('./decode.js').Ticket} Ticket
 * @typedef {import('./sprites.js').SpriteVideo} SpriteVideo
 */

import { SpriteSheets } from './sprites.js';

/** Why sprites can't be used, as a sentence; null if they can.
 * @param {{video: SpriteVideo}} source @returns {string | null} */
export function whyNoSprites({ video }) {
  return video.sprites ? null : 'This video has no preview pictures.';
}

export class SpriteSession {
  name = 'preview pictures';
  ahead = 0;
  most = 1;
  needsBytes = false;
  #onpicture;
  #sheets = new SpriteSheets(() => this.#serve());
  #canvas = document.createElement('canvas');
  /** @type {SpriteVideo | null} */ #video = null;
  /** @type {Ticket | null} */ #wanted = null;

  /** @param {{onpicture: (ticket: Ticket, picture: HTMLCanvasElement) => void}} handlers
   * `onpicture`: the canvas shows the frame until the next one is asked for */
  constructor({ onpicture }) {
    this.#onpicture = onpicture;
  }

  get inFlight() {
    return this.#wanted ? 1 : 0;
  }

  /** @param {number} frame @param {number} generation */
  awaits(frame, generation) {
    return this.#wanted?.frame === frame && this.#wanted.generation === generation;
  }

  /** @param {{video: SpriteVideo}} source */
  use({ video }) {
    if (video !== this.#video) this.#wanted = null;
    this.#video = video;
  }

  /** @param {Ticket} ticket */
  submit(ticket) {
    this.#wanted = ticket;
    queueMicrotask(() => this.#serve());
  }

  close() {
    this.#wanted = null;
  }

  #serve() {
    const ticket = this.#wanted;
    const tile = ticket && this.#video && this.#sheets.tile(this.#video, ticket.frame);
    if (!tile) return;
    if (tile.frame !== ticket.frame) {
      this.#wanted = null; // no picture is better than that of another frame
      return;
    }
    const { image, x, y, width, height } = tile;
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#canvas.getContext('2d')?.drawImage(image, x, y, width, height, 0, 0, width, height);
    this.#wanted = null;
    this.#onpicture(ticket, this.#canvas);
  }
}

/**
 * Small pictures of clips, drawn as their sprite sheets arrive: the middle frame of each clip, and
 * any frame of a clip that plays. A clip is only ever drawn with frames of its own.
 *
 * @typedef {import('../player/sprites.js').Sprites} Sprites
 * @typedef {{start_frame: number, end_frame: number, flashes?: [number, number][],
 *   video: {proxy_id: string, sprites?: Sprites | null}}} Drawn
 */

import { SpriteSheets, sheetUrl, spriteFrame, tileOf } from '../player/sprites.js';

/** How many sheets and frames to await at a time: few, so that cells in view come first. */
const MOST_AWAITED = 6;

/** The frame that shows a clip at rest: the middle one that has a small picture and is no part of a
 * flash; any in the middle where all are; null if no small picture shows one of its frames.
 * @param {Drawn} clip */
export function middleFrame(clip) {
  const { video: { sprites }, start_frame: start, end_frame: end, flashes = [] } = clip;
  if (!sprites) return null;
  const middle = spriteFrame(sprites, clip, Math.floor((start + end) / 2));
  const isCalm = (/** @type {number} */ frame) =>
    frame >= start && frame < end
    && !flashes.some(([first, behind]) => first <= frame && frame < behind);
  if (middle === null || flashes.length === 0) return middle;
  for (let by = 0; by < end - start; by += sprites.every) {
    const calm = [middle - by, middle + by].find(isCalm);
    if (calm !== undefined) return calm;
  }
  return middle;
}

export class Pictures {
  #sheets = new SpriteSheets(() => this.wake());
  #fallback;
  /** Canvases that are not drawn yet, in the order of the page.
   * @type {Map<HTMLCanvasElement, Drawn>} */
  #missing = new Map();
  #scheduled = false;

  /** @param {(canvas: HTMLCanvasElement, clip: Drawn) => boolean} [fallback] draws a clip that is
   * too short to have a small picture of its own; returns false while it can't */
  constructor(fallback = () => true) {
    this.#fallback = fallback;
  }

  /** @param {HTMLCanvasElement} canvas @param {Drawn} clip */
  want(canvas, clip) {
    this.#missing.set(canvas, clip);
    this.wake();
  }

  /** @param {HTMLCanvasElement} canvas */
  forget(canvas) {
    this.#missing.delete(canvas);
  }

  /** Draws a frame of a playing clip, if its sheet has arrived. @param {HTMLCanvasElement} canvas
   * @param {Drawn} clip @param {number} frame @returns {boolean} */
  drawFrame(canvas, clip, frame) {
    const { sprites } = clip.video;
    const shown = sprites ? spriteFrame(sprites, clip, frame) : null;
    return shown !== null && this.#drawTile(canvas, clip, shown);
  }

  /** Draws what has arrived since. */
  wake() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #draw() {
    /** @type {Set<string>} */ const awaited = new Set();
    for (const [canvas, clip] of this.#missing) {
      const { video } = clip;
      const frame = middleFrame(clip);
      const name = frame === null || !video.sprites
        ? `${video.proxy_id}/${clip.start_frame}`
        : sheetUrl(video.proxy_id, tileOf(video.sprites, frame).sheet);
      if (awaited.size >= MOST_AWAITED && !awaited.has(name)) continue;
      const isDrawn = frame === null
        ? this.#fallback(canvas, clip)
        : this.#drawTile(canvas, clip, frame);
      if (isDrawn) this.#missing.delete(canvas);
      else awaited.add(name);
    }
  }

  /** @param {HTMLCanvasElement} canvas @param {Drawn} clip @param {number} frame */
  #drawTile(canvas, clip, frame) {
    const { proxy_id: proxyId, sprites = null } = clip.video;
    const tile = this.#sheets.tile({ proxy_id: proxyId, sprites }, frame);
    if (!tile) return false;
    const { image, x, y, width, height } = tile;
    draw(canvas, frame, width, height, (context) => {
      context.drawImage(image, x, y, width, height, 0, 0, width, height);
    });
    return true;
  }
}

/** Paints a frame and records its number on the canvas. @param {HTMLCanvasElement} canvas
 * @param {number} frame @param {number} width @param {number} height
 * @param {(context: CanvasRenderingContext2D) => void} paint */
export function draw(canvas, frame, width, height, paint) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) return;
  paint(context);
  canvas.dataset.frame = String(frame);
}

/**
 * Small pictures of clips, drawn as their sprite sheets arrive: the middle frame of each clip, and
 * any frame of a clip that plays. A clip is only ever drawn with frames of its own.
 *
 * @typedef {import('../player/sprites.js').Sprites} Sprites
 * @typedef {{start_frame: number, end_frame: number, flashes?: [number, number][],
 *   video: {proxy_id: string, sprites?: Sprites | null}}} Drawn
 */

import { SpriteSheets, sheetUrl, spriteFrame, tileOf } from '../player/sprites.js';

/** @typedef {NonNullable<ReturnType<SpriteSheets['tile']>>} SheetTile */

/** How many sheets and frames to await at a time: few, so that cells in view come first. */
const MOST_AWAITED = 6;

/** True for a frame of a flash. @param {Pick<Drawn, 'flashes'>} clip @param {number} frame */
const isFlash = ({ flashes = [] }, frame) =>
  flashes.some(([first, behind]) => first <= frame && frame < behind);

/** The frame that shows a clip at rest: the middle one that has a small picture and is no part of a
 * flash; any in the middle where all are; null if no small picture shows one of its frames.
 * @param {Drawn} clip */
export function middleFrame(clip) {
  const { video: { sprites }, start_frame: start, end_frame: end, flashes = [] } = clip;
  if (!sprites) return null;
  const middle = spriteFrame(sprites, clip, Math.floor((start + end) / 2));
  const isCalm = (/** @type {number} */ frame) =>
    frame >= start && frame < end && !isFlash(clip, frame);
  if (middle === null || flashes.length === 0) return middle;
  for (let by = 0; by < end - start; by += sprites.every) {
    const calm = [middle - by, middle + by].find(isCalm);
    if (calm !== undefined) return calm;
  }
  return middle;
}

/** The frame that shows how a clip begins: the first one; where that is part of a flash, one that
 * shows the clip at rest. @param {Drawn} clip */
export const firstCalm = (clip) =>
  (isFlash(clip, clip.start_frame) ? middleFrame(clip) : null) ?? clip.start_frame;

/** @template {HTMLElement} Place where a picture is shown */
export class Pictures {
  #sheets = new SpriteSheets(() => this.wake());
  #show;
  #fallback;
  /** Places without their picture yet, in the order of the page. @type {Map<Place, Drawn>} */
  #missing = new Map();
  #scheduled = false;

  /** @param {(place: Place, tile: SheetTile) => void} show
   * @param {(place: Place, clip: Drawn) => boolean} [fallback] shows a clip that is too short to
   *   have a small picture of its own; returns false while it can't */
  constructor(show, fallback = () => true) {
    this.#show = show;
    this.#fallback = fallback;
  }

  /** @param {Place} place @param {Drawn} clip */
  want(place, clip) {
    this.#missing.set(place, clip);
    this.wake();
  }

  /** @param {Place} place */
  forget(place) {
    this.#missing.delete(place);
  }

  /** Shows a frame of a playing clip, if its sheet has arrived. @param {Place} place
   * @param {Drawn} clip @param {number} frame @returns {boolean} */
  showFrame(place, clip, frame) {
    const { sprites } = clip.video;
    const shown = sprites ? spriteFrame(sprites, clip, frame) : null;
    return shown !== null && this.#showTile(place, clip, shown);
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
    for (const [place, clip] of this.#missing) {
      const { video } = clip;
      const frame = middleFrame(clip);
      const name = frame === null || !video.sprites
        ? `${video.proxy_id}/${clip.start_frame}`
        : sheetUrl(video.sprites, tileOf(video.sprites, frame).sheet);
      if (awaited.size >= MOST_AWAITED && !awaited.has(name)) continue;
      const isDrawn = frame === null
        ? this.#fallback(place, clip)
        : this.#showTile(place, clip, frame);
      if (isDrawn) this.#missing.delete(place);
      else awaited.add(name);
    }
  }

  /** @param {Place} place @param {Drawn} clip @param {number} frame */
  #showTile(place, clip, frame) {
    const { sprites = null } = clip.video;
    const tile = this.#sheets.tile({ sprites }, frame);
    if (tile) this.#show(place, tile);
    return tile !== null;
  }
}

/** Shows a part of a sheet on a canvas. @param {HTMLCanvasElement} canvas @param {SheetTile} tile */
export function drawTile(canvas, { image, frame, x, y, width, height }) {
  draw(canvas, frame, width, height, (context) => {
    context.drawImage(image, x, y, width, height, 0, 0, width, height);
  });
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

/**
 * The pictures of the timeline: the film strip of a clip, the frames on either side of its cuts,
 * the waveform. Each is redrawn only when something in it has changed.
 *
 * @typedef {import('./queue.js').Clip} Clip
 * @typedef {Pick<Clip, 'start_frame' | 'end_frame' | 'flashes' | 'video'>} Small  what a thumbnail needs
 * @typedef {import('../shared/clip.js').Range} Range
 * @typedef {import('../player/player.js').Player} Player
 * @typedef {{image: CanvasImageSource, x: number, y: number, width: number, height: number,
 *   name: string}} Piece  a part of an image; pieces of one name look the same
 */

import { SpriteSheets, spriteFrame } from '../player/sprites.js';
import { firstCalm } from '../shared/clip_pictures.js';
import { byId } from '../shared/dom.js';
import { heightOf, stripFrames } from './scale.js';

/** How many exact frames a strip asks for if there are no sprites. */
const EXACT_MOST = 6;
const WAVE_STEP = 3;

export class Strip {
  #player;
  #sheets;
  /** @type {Map<HTMLCanvasElement, string>} */ #drawn = new Map();
  /** In device pixels. @type {Map<Element, {width: number, height: number}>} */
  #sizes = new Map();

  /** @param {Player} player @param {() => void} onchange called when a picture or a size has
   * changed */
  constructor(player, onchange) {
    this.#player = player;
    this.#sheets = new SpriteSheets(onchange);
    const observer = new ResizeObserver((entries) => {
      for (const { target, contentRect: { width, height } } of entries) {
        const scale = devicePixelRatio;
        this.#sizes.set(target, {
          width: Math.round(width * scale),
          height: Math.round(height * scale),
        });
      }
      onchange();
    });
    for (const canvas of document.querySelectorAll('.timeline canvas')) observer.observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#drawn.clear();
      onchange();
    });
  }

  /** @param {Clip} clip @param {Range} shown the part of it that the bar shows */
  draw(clip, shown) {
    this.#drawStrip(clip, shown);
    this.#drawWave(clip, shown);
    const { start_frame: start, end_frame: end, video } = clip;
    this.#drawEdge('before', clip, start > 0 ? start - 1 : null);
    this.#drawEdge('after', clip, end < video.frame_count ? end : null);
  }

  /** The clip's first frame for a list, or one near it; of a clip that begins with a flash, a frame
   * in its middle. @param {Small} clip */
  pictureOf(clip) {
    const frame = firstCalm(clip);
    const poster = frame === clip.start_frame ? this.#player.poster(clip) : null;
    return poster ? whole(poster, 'poster') : this.#sprite(clip, frame);
  }

  /** @param {HTMLCanvasElement} canvas @param {Small} clip */
  thumbnail(canvas, clip) {
    const piece = this.pictureOf(clip);
    const context = canvas.getContext('2d');
    if (piece && context) cover(context, piece, 0, 0, canvas.width, canvas.height);
  }

  /** @param {Clip} clip @param {Range} shown */
  #drawStrip(clip, shown) {
    const canvas = /** @type {HTMLCanvasElement} */ (byId('strip'));
    const size = this.#sizes.get(canvas);
    if (!size?.width) return;
    const { width, height } = size;
    const { width: w, height: h, proxy_id: proxy, sprites } = clip.video;
    const wanted = Math.max(2, Math.round(width / ((height * w) / h)));
    const frames = stripFrames(shown, sprites ? wanted : Math.min(wanted, EXACT_MOST));
    const pieces = frames.map((frame, i) => {
      const isEnd = i === 0 || i === frames.length - 1;
      return (isEnd || !sprites ? this.#exact(clip, frame) : null) ?? this.#sprite(clip, frame);
    });
    const key = [proxy, width, height, ...frames, ...pieces.map((piece) => piece?.name)].join();
    this.#paint(canvas, key, (context) => {
      pieces.forEach((piece, i) => {
        const left = Math.round((i * width) / pieces.length);
        const right = Math.round(((i + 1) * width) / pieces.length);
        if (piece) cover(context, piece, left, 0, right - left, height);
      });
    });
  }

  /** @param {'before' | 'after'} side @param {Clip} clip @param {number | null} frame */
  #drawEdge(side, clip, frame) {
    const figure = byId(`edge-${side}`);
    const canvas = /** @type {HTMLCanvasElement} */ (figure.querySelector('canvas'));
    const size = this.#sizes.get(canvas);
    if (!size?.width) return;
    // Exact or none: a nearby picture may be from the other side of the cut.
    const piece = frame === null ? null : this.#exact(clip, frame);
    const key = [clip.video.proxy_id, frame, size.width, size.height, piece?.name].join();
    this.#paint(canvas, key, (context) => {
      if (piece) cover(context, piece, 0, 0, size.width, size.height);
    });
  }

  /** @param {Clip} clip @param {Range} shown */
  #drawWave(clip, shown) {
    const canvas = /** @type {HTMLCanvasElement} */ (byId('wave'));
    const size = this.#sizes.get(canvas);
    if (!size?.width) return;
    const { width, height } = size;
    const step = Math.round(WAVE_STEP * devicePixelRatio);
    const peaks = this.#player.peaks(clip, shown, Math.floor(width / step));
    const { start_frame: start, end_frame: end } = shown;
    const key = [clip.video.proxy_id, clip.start_frame, start, end, width, !peaks].join();
    this.#paint(canvas, key, (context) => {
      if (!peaks) return;
      context.fillStyle = getComputedStyle(canvas).color;
      const bar = Math.max(1, step - Math.round(devicePixelRatio));
      peaks.forEach((peak, i) => {
        const length = Math.max(devicePixelRatio, heightOf(peak) * height);
        context.fillRect(i * step, (height - length) / 2, bar, length);
      });
    });
  }

  /** @param {HTMLCanvasElement} canvas @param {string} key everything that the picture depends on
   * @param {(context: CanvasRenderingContext2D) => void} draw */
  #paint(canvas, key, draw) {
    if (this.#drawn.get(canvas) === key) return;
    this.#drawn.set(canvas, key);
    const { width, height } = /** @type {{width: number, height: number}} */ (
      this.#sizes.get(canvas)
    );
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext('2d');
    if (context) draw(context);
  }

  /** @param {Clip} clip @param {number} frame @returns {Piece | null} */
  #exact(clip, frame) {
    const poster = frame === clip.start_frame ? this.#player.poster(clip) : null;
    const bitmap = poster ?? this.#player.stills.still(clip.video.proxy_id, frame, clip);
    return bitmap && whole(bitmap, 'exact');
  }

  /** @param {Small} clip @param {number} frame @returns {Piece | null} */
  #sprite(clip, frame) {
    const { sprites } = clip.video;
    const near = sprites ? spriteFrame(sprites, clip, frame) : null;
    if (!sprites || near === null) return null;
    const tile = this.#sheets.tile({ sprites }, near);
    return tile && { ...tile, name: `sprite ${near}` };
  }
}

/** @param {ImageBitmap} image @param {string} name @returns {Piece} */
const whole = (image, name) =>
  ({ image, x: 0, y: 0, width: image.width, height: image.height, name });

/** Fills an area with the middle of a picture. @param {CanvasRenderingContext2D} context
 * @param {Piece} piece @param {number} x @param {number} y @param {number} width
 * @param {number} height */
function cover(context, piece, x, y, width, height) {
  const scale = Math.max(width / piece.width, height / piece.height);
  const [w, h] = [width / scale, height / scale];
  const [left, top] = [piece.x + (piece.width - w) / 2, piece.y + (piece.height - h) / 2];
  context.imageSmoothingQuality = 'medium';
  context.drawImage(piece.image, left, top, w, h, x, y, width, height);
}

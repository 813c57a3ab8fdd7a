/** The page of one clip: its film strip, where it has no keyframes yet, and what looks like it. */

import { SpriteSheets, spriteFrame } from '../player/sprites.js';
import './cards.js';

/** At most so many tiles, in rows of so many. */
const MOST = 12;
const COLUMNS = 6;
/** Drawn larger than they are, so that the sheet's own scaling is not scaled again. */
const SCALE = 2;

const canvas = /** @type {HTMLCanvasElement | null} */ (document.getElementById('strip'));
if (canvas) drawStrip(canvas, JSON.parse(canvas.dataset.clip ?? ''));

/** Small pictures of the clip's own frames, from the first to the last.
 * @param {HTMLCanvasElement} canvas @param {{start_frame: number, end_frame: number,
 *   video: import('../player/sprites.js').SpriteVideo}} clip */
function drawStrip(canvas, clip) {
  const { start_frame: start, end_frame: end, video } = clip;
  const { sprites } = video;
  const wanted = Array.from(
    { length: MOST },
    (_, i) => sprites && spriteFrame(sprites, clip, start + Math.floor((i * (end - start)) / MOST)),
  );
  const frames = [...new Set(wanted)].filter((frame) => frame !== null);
  canvas.hidden = frames.length === 0;
  const context = canvas.getContext('2d');
  if (!sprites || !context || frames.length === 0) return;
  const columns = Math.min(COLUMNS, frames.length);
  const [w, h] = [sprites.width * SCALE, sprites.height * SCALE];
  canvas.width = columns * w;
  canvas.height = Math.ceil(frames.length / columns) * h;
  const sheets = new SpriteSheets(draw);
  draw();

  function draw() {
    frames.forEach((frame, i) => {
      const tile = sheets.tile(video, frame);
      if (!tile) return;
      const { image, x, y, width, height } = tile;
      const [left, top] = [(i % columns) * w, Math.floor(i / columns) * h];
      context?.drawImage(image, x, y, width, height, left, top, w, h);
    });
  }
}

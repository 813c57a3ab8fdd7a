/**
 * The pictures in the cells: parts of sprite sheets, as backgrounds. Canvases would be layers, each
 * to be put together with the others whenever a cell moves: 60 of them took three quarters of the
 * time in which a decided clip leaves the sheet.
 */

import { draw } from '../shared/clip_pictures.js';
import { make } from '../shared/dom.js';

/** Of the place for a picture, as in the style sheet: width by height. */
const SHAPE = 16 / 9;

const percent = (/** @type {number} */ share) => `${share * 100}%`;

/** @param {HTMLElement} picture @param {import('../shared/clip_pictures.js').SheetTile} tile */
export function showTile(picture, { image, frame, x, y, width, height }) {
  const { naturalWidth: wide, naturalHeight: high } = image;
  const wider = width / height / SHAPE;
  Object.assign(picture.style, {
    width: percent(Math.min(1, wider)),
    height: percent(Math.min(1, 1 / wider)),
    backgroundImage: `url("${image.src}")`,
    backgroundSize: `${percent(wide / width)} ${percent(high / height)}`,
    backgroundPosition: `${percent(x / Math.max(1, wide - width))} ${percent(y / Math.max(1, high - height))}`,
  });
  picture.replaceChildren();
  picture.dataset.frame = String(frame);
}

/** Shows a frame that no sheet has. @param {HTMLElement} picture @param {ImageBitmap} still
 * @param {number} frame */
export function showStill(picture, still, frame) {
  const canvas = make('canvas');
  draw(canvas, frame, still.width, still.height, (context) => context.drawImage(still, 0, 0));
  picture.removeAttribute('style');
  picture.replaceChildren(canvas);
  picture.dataset.frame = String(frame);
}

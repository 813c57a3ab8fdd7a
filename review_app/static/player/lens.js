/**
 * The part of the picture that is looked at: how large it is and where it lies. Pure.
 *
 * Sizes and places are in CSS pixels, places from the middle of the box.
 *
 * @typedef {{width: number, height: number}} Size
 * @typedef {{x: number, y: number}} Point
 * @typedef {{scale: number, x: number, y: number}} Lens  `scale`: of the picture that just fits,
 *   which is 1; `x`, `y`: how far its middle is from that of the box
 */

/** @type {Readonly<Lens>} */
export const WHOLE = { scale: 1, x: 0, y: 0 };

/** Of a pixel of the picture on the display. */
const MOST = 8;

/** Pixels of the display for one of the picture, when all of it just fits.
 * @param {Size} picture @param {Size} box @param {number} dpr pixels of the display for one of CSS */
export const fit = (picture, box, dpr) =>
  Math.min(box.width / picture.width, box.height / picture.height) * dpr;

/** The scale that shows each pixel as one of the display; as 2 or 4 where less is no larger than
 * the picture that fits. @param {number} fitted what `fit` says */
export function pixelScale(fitted) {
  const times = [1, 2, 4].find((each) => each > fitted * 1.05) ?? MOST;
  return times / fitted;
}

/** The lens at another scale, with the point of the picture below the pointer still there.
 * @param {Lens} lens @param {number} scale @param {Point} pointer
 * @param {{picture: Size, box: Size, dpr: number}} sizes @returns {Lens} */
export function zoomed(lens, scale, pointer, sizes) {
  const most = Math.max(1, MOST / fit(sizes.picture, sizes.box, sizes.dpr));
  const next = Math.min(most, Math.max(1, scale));
  const ratio = next / lens.scale;
  return moved(
    { scale: next, x: pointer.x - (pointer.x - lens.x) * ratio, y: pointer.y - (pointer.y - lens.y) * ratio },
    { x: 0, y: 0 },
    sizes,
  );
}

/** The lens moved, as far as there is picture. @param {Lens} lens @param {Point} by
 * @param {{picture: Size, box: Size, dpr: number}} sizes @returns {Lens} */
export function moved({ scale, x, y }, by, { picture, box, dpr }) {
  const shown = (fit(picture, box, dpr) / dpr) * scale;
  const room = (/** @type {'width' | 'height'} */ side) =>
    Math.max(0, (picture[side] * shown - box[side]) / 2);
  const within = (/** @type {number} */ at, /** @type {number} */ most) =>
    Math.min(most, Math.max(-most, at)) || 0;
  return { scale, x: within(x + by.x, room('width')), y: within(y + by.y, room('height')) };
}

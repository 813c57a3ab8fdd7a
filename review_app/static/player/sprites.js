/**
 * Small pictures of every n-th frame of a video, or of one clip of it, on sheets of many.
 *
 * @typedef {{first: number, every: number, columns: number, rows: number, width: number,
 *   height: number, count: number, sheets: number, address: string}} Sprites  tile i shows frame
 *   first + i * every; a sheet holds columns * rows tiles, row by row; width and height are a
 *   tile's, in pixels; the sheets lie below `address`
 * @typedef {{sheet: number, x: number, y: number, frame: number}} Tile  x and y in pixels on the
 *   sheet, `frame` the one that is shown
 * @typedef {{proxy_id: string, sprites: Sprites | null}} SpriteVideo
 */

const SHEETS_KEPT = 12;
const RETRY_MS = 4000;

/** The last tile at or before `frame`. @param {Sprites} sprites @param {number} frame
 * @returns {Tile} */
export function tileOf({ first, every, columns, rows, width, height, count }, frame) {
  const i = Math.min(count - 1, Math.max(0, Math.floor((frame - first) / every)));
  const place = i % (columns * rows);
  return {
    sheet: Math.floor(i / (columns * rows)),
    x: (place % columns) * width,
    y: Math.floor(place / columns) * height,
    frame: first + i * every,
  };
}

/** The frame of the clip that a tile shows: the last one at or before `frame`, else the first one
 * of the clip; null where it has none.
 * @param {Sprites} sprites @param {{start_frame: number, end_frame: number}} clip
 * @param {number} frame */
export function spriteFrame(sprites, { start_frame: start, end_frame: end }, frame) {
  const { frame: before } = tileOf(sprites, Math.min(frame, end - 1));
  if (before >= start) return before;
  const { frame: after } = tileOf(sprites, start + sprites.every - 1);
  return after >= start && after < end ? after : null;
}

/** @param {Sprites} sprites @param {number} sheet */
export const sheetUrl = ({ address }, sheet) => `${address}/${sheet}.jpg`;

/** Loads sheets, and keeps those used last. */
export class SpriteSheets {
  /** Why a sheet did not load; null if all did. @type {string | null} */ trouble = null;
  /** @type {Map<string, HTMLImageElement>} least recently used first */ #sheets = new Map();
  #onchange;

  /** @param {() => void} [onchange] called when a sheet has come */
  constructor(onchange = () => {}) {
    this.#onchange = onchange;
  }

  /** The tile for a frame and the sheet that it lies on; null until that has come.
   * @param {Pick<SpriteVideo, 'sprites'>} video @param {number} frame
   * @returns {(Tile & {image: HTMLImageElement, width: number, height: number}) | null} */
  tile({ sprites }, frame) {
    if (!sprites) return null;
    const tile = tileOf(sprites, frame);
    const image = this.#sheet(sheetUrl(sprites, tile.sheet));
    if (!image.complete || image.naturalWidth === 0) return null;
    return { ...tile, image, width: sprites.width, height: sprites.height };
  }

  /** @param {string} url */
  #sheet(url) {
    const known = this.#sheets.get(url);
    if (known) {
      this.#sheets.delete(url);
      this.#sheets.set(url, known);
      return known;
    }
    const image = new Image();
    image.addEventListener('load', () => {
      this.trouble = null;
      this.#onchange();
    });
    image.addEventListener('error', () => {
      this.trouble = 'The preview pictures do not load; trying again.';
      setTimeout(() => {
        this.#sheets.delete(url);
        this.#onchange(); // whoever still needs it asks again
      }, RETRY_MS);
      this.#onchange();
    });
    image.src = url;
    this.#sheets.set(url, image);
    for (const oldest of this.#sheets.keys()) {
      if (this.#sheets.size <= SHEETS_KEPT) break;
      this.#sheets.delete(oldest);
    }
    return image;
  }
}

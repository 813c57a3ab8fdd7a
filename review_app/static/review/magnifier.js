/**
 * Zoom and pan of the picture, and the full screen. Only how the canvas is laid out changes, never
 * what is painted on it.
 *
 * @typedef {import('../player/lens.js').Point} Point
 */

import { fit, moved, pixelScale, WHOLE, zoomed } from '../player/lens.js';
import { byId, setText } from '../shared/dom.js';

/** Pixels of a wheel's turn that make the picture twice as large. */
const WHEEL_DOUBLES = 300;
/** A pointer that has moved farther was a drag, no click. */
const CLICK_PIXELS = 4;
/** Lines of a wheel that does not count in pixels. */
const LINE_PIXELS = 30;

export class Magnifier {
  #canvases;
  #screen = byId('screen');
  #lens = WHOLE;
  /** Where the pointer is, from the middle of the screen; the middle while it is elsewhere.
   * @type {Point} */
  #pointer = { x: 0, y: 0 };
  #dragged = 0;

  /** @param {HTMLCanvasElement[]} canvases that are looked at through one lens, the first one's */
  constructor(canvases) {
    this.#canvases = canvases;
    for (const canvas of canvases) this.#listen(canvas);
    this.#screen.addEventListener('pointerleave', () => { this.#pointer = { x: 0, y: 0 }; });
    const stayInside = () => this.#look(moved(this.#lens, { x: 0, y: 0 }, this.#sizes));
    new ResizeObserver(stayInside).observe(this.#screen);
    new MutationObserver(stayInside).observe(canvases[0], { attributeFilter: ['width', 'height'] });
  }

  /** True if the pointer's last press was a drag. */
  get wasDragged() {
    return this.#dragged > CLICK_PIXELS;
  }

  /** From all of the picture to its single pixels, around the pointer, and back. */
  toggle() {
    const { picture, box, dpr } = this.#sizes;
    this.#look(this.#lens.scale > 1
      ? WHOLE
      : zoomed(this.#lens, pixelScale(fit(picture, box, dpr)), this.#pointer, this.#sizes));
  }

  toggleFullScreen() {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.#screen.requestFullscreen().catch(() => {});
  }

  /** @param {HTMLCanvasElement} canvas */
  #listen(canvas) {
    const place = (/** @type {MouseEvent} */ event) => {
      const { left, top, width, height } = boxOf(canvas);
      this.#pointer = { x: event.clientX - left - width / 2, y: event.clientY - top - height / 2 };
    };
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      place(event);
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : LINE_PIXELS);
      const scale = this.#lens.scale * 2 ** (-pixels / WHEEL_DOUBLES);
      this.#look(zoomed(this.#lens, scale, this.#pointer, this.#sizes));
    }, { passive: false });
    canvas.addEventListener('pointerdown', (event) => {
      this.#dragged = 0;
      if (this.#lens.scale > 1 && event.button === 0) canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      place(event);
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      this.#dragged += Math.abs(event.movementX) + Math.abs(event.movementY);
      this.#look(moved(this.#lens, { x: event.movementX, y: event.movementY }, this.#sizes));
    });
    canvas.addEventListener('dblclick', () => this.toggle());
  }

  get #sizes() {
    const [{ width, height }] = this.#canvases;
    return { picture: { width, height }, box: boxOf(this.#canvases[0]), dpr: devicePixelRatio };
  }

  /** @param {import('../player/lens.js').Lens} lens */
  #look(lens) {
    this.#lens = lens;
    const { scale, x, y } = lens;
    const isWhole = scale <= 1;
    for (const canvas of this.#canvases) {
      canvas.style.transform = isWhole ? '' : `translate(${x}px, ${y}px) scale(${scale})`;
    }
    this.#screen.classList.toggle('is-zoomed', !isWhole);
    const { picture, box, dpr } = this.#sizes;
    byId('zoomed').hidden = isWhole;
    setText(byId('zoomed-by'), `${Math.round(fit(picture, box, dpr) * scale * 100)} %`);
  }
}

/** Where a canvas would be if it were not zoomed. @param {HTMLCanvasElement} canvas */
const boxOf = (canvas) =>
  /** @type {HTMLElement} */ (canvas.parentElement).getBoundingClientRect();

/** Cards of clips: they play their film without audio while the pointer or the focus is on them.
 * Cards without keyframes are drawn from sprite sheets. */

import { Pictures, drawTile } from './clip_pictures.js';

/** A pointer that only crosses a card fetches nothing. */
const LINGER_MS = 150;

const isCalm = matchMedia('(prefers-reduced-motion: reduce)');
/** @type {HTMLVideoElement | null} */ let film = null;
let timer = 0;

/** @param {Element} card */
function play(card) {
  stop();
  const url = /** @type {HTMLElement} */ (card).dataset.film;
  if (!url || isCalm.matches) return;
  timer = setTimeout(() => {
    film = document.createElement('video');
    film.muted = film.loop = film.playsInline = true;
    film.addEventListener('playing', () => film?.classList.add('is-playing'), { once: true });
    film.src = url;
    card.querySelector('.shot')?.append(film);
    film.play().catch(() => {}); // stopped before it began, or unplayable: the still stays
  }, LINGER_MS);
}

function stop() {
  clearTimeout(timer);
  if (!film) return;
  film.removeAttribute('src');
  film.load(); // ends the download
  film.remove();
  film = null;
}

const pictures = new Pictures(drawTile);

/** Gives cards their films and pictures. @param {ParentNode} [root] where they came in */
export function dress(root = document) {
  for (const card of root.querySelectorAll('[data-film]')) {
    card.addEventListener('pointerenter', () => play(card));
    card.addEventListener('pointerleave', stop);
    card.addEventListener('focusin', () => play(card));
    card.addEventListener('focusout', stop);
  }
  for (const canvas of root.querySelectorAll('.card canvas')) {
    const { clip = '' } = /** @type {HTMLElement} */ (canvas).dataset;
    pictures.want(/** @type {HTMLCanvasElement} */ (canvas), JSON.parse(clip));
  }
}

dress();

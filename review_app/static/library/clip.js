/** The page of one clip: a virtual clip plays without audio above its film strip. */

import { Player } from '../player/player.js';
import { SpriteSheets, spriteFrame } from '../player/sprites.js';
import '../shared/cards.js';
import { Collecting, COLLECTING, tellInLine } from '../shared/collecting.js';
import { Comments } from '../shared/comments.js';
import { byId, setText } from '../shared/dom.js';
import { isField } from '../shared/keys/focus.js';
import { keptKeys } from '../shared/keys/kept.js';
import { Keymap } from '../shared/keys/keymap.js';
import { searchLike } from '../shared/send_picture.js';
import { sentence } from '../shared/words.js';
import { Describing } from './describing.js';

/** @typedef {import('../shared/clip.js').Clip} Clip */

/** The most tiles of the strip, and how many of them go in a row. */
const MOST = 12;
const COLUMNS = 6;
/** Tiles are drawn larger than they are, so that the page need not enlarge them again. */
const SCALE = 2;

const described = document.getElementById('describing')?.dataset.described;
if (described) new Describing().open(JSON.parse(described));

const keymap = new Keymap(
  [...COLLECTING, { action: 'comments', key: 'Shift+n', label: 'Comment' }], keptKeys(),
);
/** @type {Record<string, () => void>} */ const actions = {};

const collect = document.getElementById('collect');
if (collect) {
  const collecting = new Collecting({ chosen: () => [Number(collect.dataset.id)], tell: tellInLine });
  collect.addEventListener('click', () => collecting.choose());
  actions.collect = () => collecting.toggle();
  actions.chooseCollection = () => collecting.choose();
}

const comment = byId('comment');
let hasSaid = false;
const comments = new Comments((_, number) => {
  hasSaid = number !== Number(comment.dataset.said);
});
actions.comments = () => comments.open(Number(comment.dataset.id));
comment.addEventListener('click', actions.comments);
byId('comments').addEventListener('close', () => {
  if (hasSaid) location.reload();
});

document.addEventListener('keydown', (event) => {
  const act = actions[keymap.actionFor(event) ?? ''];
  if (!act || event.repeat || isField(/** @type {HTMLElement} */ (event.target))) return;
  event.preventDefault();
  act();
});

document.getElementById('search-like')?.addEventListener('click', () => {
  const shown = /** @type {HTMLCanvasElement | HTMLVideoElement} */ (
    document.querySelector('.film'));
  searchLike(shown).then(() => tellSearch(''), (error) => tellSearch(sentence(error)));
});

/** @param {string} text */
const tellSearch = (text) => setText(byId('search-told'), text);

const film = /** @type {HTMLCanvasElement | null} */ (document.getElementById('film'));
const strip = /** @type {HTMLCanvasElement | null} */ (document.getElementById('strip'));
if (film && strip) {
  /** @type {Clip} */ const clip = JSON.parse(film.dataset.clip ?? '');
  play(film, clip);
  drawStrip(strip, clip);
}

/** @param {HTMLCanvasElement} canvas @param {Clip} clip */
function play(canvas, clip) {
  const player = new Player({ canvas });
  player.open({ ...clip, video: { ...clip.video, has_audio: false } });
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) player.pause();
  canvas.addEventListener('click', () => player.toggle());
  canvas.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    player.toggle();
  });
}

/** Small pictures of the clip's own frames, from the first to the last.
 * @param {HTMLCanvasElement} canvas @param {Clip} clip */
function drawStrip(canvas, clip) {
  const { start_frame: start, end_frame: end } = clip;
  const { sprites = null } = clip.video;
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
      const tile = sheets.tile({ sprites }, frame);
      if (!tile) return;
      const { image, x, y, width, height } = tile;
      const [left, top] = [(i % columns) * w, Math.floor(i / columns) * h];
      context?.drawImage(image, x, y, width, height, left, top, w, h);
    });
  }
}

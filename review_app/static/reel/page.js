/** The reel: the clips of a selection one after the other in one player, with the list beside it. */

import { Player } from '../player/player.js';
import { api } from '../shared/api.js';
import { Pictures, drawTile } from '../shared/clip_pictures.js';
import { byId, make, onceAFrame, setText } from '../shared/dom.js';
import { isField, worksFocus } from '../shared/keys/focus.js';
import { keptKeys } from '../shared/keys/kept.js';
import { Keymap } from '../shared/keys/keymap.js';
import { sentence, timecode } from '../shared/words.js';
import { Reel } from './reel.js';

/** @typedef {import('./reel.js').ReelClip} ReelClip */

const REPEATING = new Set(['back', 'forward', 'back10', 'forward10']);
const keymap = new Keymap([
  { action: 'toggle', key: 'Space', label: 'Play or pause' },
  { action: 'back', key: 'ArrowLeft', label: 'One frame back' },
  { action: 'forward', key: 'ArrowRight', label: 'One frame forward' },
  { action: 'back10', key: 'Shift+ArrowLeft', label: 'Ten frames back' },
  { action: 'forward10', key: 'Shift+ArrowRight', label: 'Ten frames forward' },
  { action: 'previousClip', key: 'PageUp', label: 'Previous clip' },
  { action: 'nextClip', key: 'PageDown', label: 'Next clip' },
  { action: 'first', key: 'Home', label: 'First clip' },
  { action: 'last', key: 'End', label: 'Last clip' },
  { action: 'mute', key: 'v', label: 'Sound on or off' },
  { action: 'fullScreen', key: 'Shift+f', label: 'Full screen' },
], keptKeys());

const draw = onceAFrame(() => drawAll());
const player = new Player({
  canvas: /** @type {HTMLCanvasElement} */ (byId('picture')),
  onchange: () => draw(),
});
const reel = new Reel(player, () => {
  keepPlace();
  draw();
});
const pictures = new Pictures(drawTile);

/** @type {Record<string, () => void>} */
const actions = {
  toggle: () => reel.toggle(),
  back: () => reel.step(-1),
  forward: () => reel.step(1),
  back10: () => reel.step(-10),
  forward10: () => reel.step(10),
  previousClip: () => reel.open(reel.at - 1),
  nextClip: () => reel.open(reel.at + 1),
  first: () => reel.open(0),
  last: () => reel.open(reel.clips.length - 1),
  mute: () => {
    player.sound.mute(!player.sound.muted);
    draw();
  },
  fullScreen: () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void byId('screen').requestFullscreen();
  },
};

/** @param {string | undefined} action */
function act(action) {
  player.sound.unlock();
  if (action) actions[action]?.();
}

document.addEventListener('keydown', (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (isField(target) || worksFocus(event, target)) return;
  const action = keymap.actionFor(event);
  if (!action) return;
  event.preventDefault();
  if (!event.repeat || REPEATING.has(action)) act(action);
});

document.addEventListener('click', (event) => {
  const button = /** @type {Element} */ (event.target).closest('button');
  if (!button) return;
  player.sound.unlock();
  act(button.dataset.action);
  if (button.dataset.at) reel.open(Number(button.dataset.at));
  if (event.detail > 0) button.blur(); // the next Space is meant for the player
});

byId('picture').addEventListener('click', () => act('toggle'));

/** The address names the clip that plays, so that a reload goes on with it. */
function keepPlace() {
  const address = new URL(location.href);
  address.hash = reel.clip ? `clip-${reel.clip.id}` : '';
  history.replaceState(null, '', address);
}

function drawAll() {
  const { clip, at, clips } = reel;
  byId('toggle').classList.toggle('is-playing', player.playing);
  byId('toggle').setAttribute('aria-label', player.playing ? 'Pause' : 'Play');
  byId('mute').setAttribute('aria-pressed', String(player.sound.muted));
  const told = player.trouble ?? (player.waiting ? 'Loading…' : '');
  setText(byId('told'), told);
  byId('told').hidden = told === '';
  if (!clip) return;
  const seconds = reel.secondsBefore(at) + reel.secondsInto(player.presented);
  /** @type {HTMLProgressElement} */ (byId('bar')).value = reel.seconds ? seconds / reel.seconds : 0;
  setText(byId('where'),
    `${at + 1} of ${clips.length} · ${timecode(seconds)} / ${timecode(reel.seconds)}`);
  const items = byId('list').querySelectorAll('button');
  const current = items[at];
  if (current?.ariaCurrent === 'true') return;
  for (const item of items) item.removeAttribute('aria-current');
  current?.setAttribute('aria-current', 'true');
  current?.scrollIntoView({ block: 'nearest' });
}

/** @param {ReelClip} clip @param {number} i */
function item(clip, i) {
  const canvas = make('canvas', { ariaHidden: 'true' });
  pictures.want(canvas, clip);
  const { title } = clip.video;
  return make('li', {}, make(
    'button', { type: 'button', data: { at: String(i) } }, canvas,
    make('span', {},
      make('span', { className: 'clip-text', textContent: title, title }),
      make('small', { textContent: `clip ${clip.id} · ${timecode(clip.duration_seconds)}` })),
  ));
}

async function begin() {
  /** @type {{clips: ReelClip[], left_out: number}} */ let found;
  try {
    found = await api(byId('reel').dataset.clips ?? '');
  } catch (error) {
    setText(byId('summary'), sentence(/** @type {Error} */ (error)));
    return;
  }
  const { clips, left_out: leftOut } = found;
  byId('list').replaceChildren(...clips.map(item));
  const without = leftOut > 0
    ? ` ${leftOut} left out: without a proxy, replaced, or after the first 1,000.` : '';
  setText(byId('summary'),
    clips.length > 0 ? `${clips.length} clips.${without}` : `There is nothing to play.${without}`);
  reel.use(clips);
  const kept = clips.findIndex(({ id }) => location.hash === `#clip-${id}`);
  reel.open(Math.max(0, kept));
}

Object.assign(window, { heaters: { player, reel } });
void begin();

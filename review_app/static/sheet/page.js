/** The contact sheet: connects clips, marks, pictures and keys with the document. */

import { Player } from '../player/player.js';
import {
  api, latestDecision, queueClips, releaseClips, undoDecision,
} from '../shared/api.js';
import { Pictures } from '../shared/clip_pictures.js';
import { byId, make, onceAFrame, setText } from '../shared/dom.js';
import { Filters } from '../shared/filters.js';
import { Help, writeKeys } from '../shared/help.js';
import { isField, worksFocus } from '../shared/keys/focus.js';
import { keptKeys } from '../shared/keys/kept.js';
import { Keymap } from '../shared/keys/keymap.js';
import { drawNotice } from '../shared/notice.js';
import { letRename } from '../shared/reviewer.js';
import { partsOf, searchOf } from '../shared/selection.js';
import { count, timecode, whyEmpty } from '../shared/words.js';
import { BINDINGS, GROUPS, REPEATING } from './bindings.js';
import { Cells, idOf } from './cells.js';
import { moved, refocused } from './grid.js';
import { Marks } from './marks.js';
import { Playing, drawStill } from './playing.js';
import { SheetQueue } from './queue.js';

/** @typedef {import('./queue.js').Clip} Clip */

/** As many clips as the server hands out at a time. */
const MOST = 200;
const MORE = 100;
const REFILL_MS = 4000;
/** A notice that is not an error disappears after this time. */
const NOTICE_MS = 5000;

const sheet = byId('sheet');
const grid = byId('cells');
const scroller = byId('scroller');
/** The states of clips by the names that the address has for them.
 * @type {Record<string, string[]>} */
const STATES = JSON.parse(sheet.dataset.states ?? '{}');
const schedule = onceAFrame(() => draw());

const overlay = make('canvas', { className: 'playing' });
const player = new Player({
  canvas: overlay,
  onchange: () => {
    pictures.wake();
    playing.playerChanged();
    if (player.trouble !== toldTrouble) schedule();
  },
});
const pictures = new Pictures((canvas, clip) =>
  drawStill(player, canvas, /** @type {Clip} */ (clip)));
const playing = new Playing({ player, overlay, pictures });
const cells = new Cells(grid, {
  scroller,
  onnear: (canvas, clip) => pictures.want(canvas, clip),
  onfar: (canvas) => pictures.forget(canvas),
});
const marks = new Marks();
const queue = new SheetQueue({
  server: {
    load: (limit) => {
      const wanted = new URLSearchParams(searchOf(filters.selection));
      wanted.set('limit', String(limit));
      return queueClips(wanted);
    },
    decide: (body) => api('/api/decisions', body),
    latest: latestDecision,
    undo: undoDecision,
  },
  belongs: ({ state }) => partsOf(filters.selection.state ?? 'pending')
    .some((shown) => STATES[shown]?.includes(state)),
  onchange: () => {
    follow();
    schedule();
  },
});
const filters = new Filters(() => {
  queue.begin();
  scroller.scrollTop = 0;
  void renew(MORE);
});
const keymap = new Keymap(BINDINGS, keptKeys());
const help = new Help(keymap, GROUPS, () => writeKeys(keymap));

/** @type {Clip[]} */ let clips = [];
/** @type {number[]} */ let order = [];
/** @type {number | null} */ let focus = null;
/** @type {number | null} */ let hovered = null;
/** The clip that had the focus when the sheet was last drawn.
 * @type {number | null} */
let revealed = null;
let playsFocus = false;
/** The player's error that the notice shows. @type {string | null} */ let toldTrouble = null;

/** @param {number | null} id */
const clipOf = (id) => clips.find((clip) => clip.id === id) ?? null;

// --- What keys and buttons do ---------------------------------------------------------------

/** @param {string} key @param {boolean} [extends_] marks all clips on the way */
function move(key, extends_ = false) {
  hovered = null; // people who move by keys look at the focus
  const at = focus === null ? 0 : order.indexOf(focus);
  const id = order[moved(key, at, { count: order.length, ...cells.layout })] ?? null;
  focusOn(id, extends_);
}

/** @param {number | null} id @param {boolean} [extends_] */
function focusOn(id, extends_ = false) {
  focus = id;
  if (id === null) return;
  if (extends_) marks.extend(order, id);
  else marks.anchorAt(id);
  schedule();
}

/** @param {string} action @param {{rating?: number | null}} [fields] */
function decide(action, fields) {
  const chosen = new Set(marks.chosen(order, focus));
  queue.decide(action, clips.filter(({ id }) => chosen.has(id)), fields);
  marks.clear();
}

function open() {
  if (focus === null) return;
  location.assign(`/review${searchOf({ ...filters.selection, clip: String(focus) })}`);
}

/** @type {Record<string, () => void>} */
const ACTS = {
  approve: () => decide('approve'),
  skip: () => decide('skip'),
  archive: () => decide('archive'),
  undo: () => queue.undo(),
  repeat: () => {
    queue.repeat();
    player.retry();
  },
  toggleMark: () => focus !== null && marks.toggle(focus),
  markAll: () => marks.toggleAll(order),
  play: () => {
    hovered = null;
    playsFocus = !playsFocus;
  },
  open,
  filters: () => filters.toggle(),
  help: () => help.toggle(),
};
for (const n of [0, 1, 2, 3, 4, 5]) {
  ACTS[`rate${n}`] = () => decide('annotate', { rating: n || null });
}
for (const where of ['Left', 'Right', 'Up', 'Down']) {
  ACTS[where.toLowerCase()] = () => move(`Arrow${where}`);
  ACTS[`extend${where}`] = () => move(`Arrow${where}`, true);
}
for (const where of ['Home', 'End']) {
  ACTS[where.toLowerCase()] = () => move(where);
  ACTS[`extend${where}`] = () => move(where, true);
}
for (const where of ['Up', 'Down']) ACTS[`page${where}`] = () => move(`Page${where}`);

/** @param {KeyboardEvent} event */
function actionFor(event) {
  const isAll = event.key === 'a' && (event.ctrlKey || event.metaKey);
  return isAll && !event.shiftKey && !event.altKey ? 'markAll' : keymap.actionFor(event);
}

/** @param {HTMLElement} target */
function escape(target) {
  if (isField(target)) target.blur();
  else marks.clear();
  queue.notice = null;
  schedule();
}

document.addEventListener('keydown', (event) => {
  if (event.isComposing || help.takes(event)) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const isOver = help.isOpen || filters.isOpen;
  if (event.key === 'Escape' && !isOver) escape(target);
  if (isField(target) || worksFocus(event, target)) return;
  const action = actionFor(event);
  if (!action || (isOver && action !== (help.isOpen ? 'help' : 'filters'))) return;
  event.preventDefault();
  if (event.repeat && !REPEATING.has(action)) return;
  ACTS[action]();
  schedule();
});

document.addEventListener('click', (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const button = /** @type {HTMLElement | null} */ (target.closest('[data-action]'));
  if (!button) return;
  ACTS[button.dataset.action ?? '']?.();
  // After a click, the next Space or Enter is meant for the sheet, not for this button.
  if (event.detail > 0 && !button.closest('dialog')) button.blur();
  schedule();
});

grid.addEventListener('click', (event) => {
  const id = idOf(event.target);
  if (id === null) return;
  const isTick = /** @type {HTMLElement} */ (event.target).matches('.tick');
  if (event.shiftKey) focusOn(id, true);
  else focusOn(id);
  if (!event.shiftKey && (isTick || event.ctrlKey || event.metaKey)) marks.toggle(id);
  schedule();
});
grid.addEventListener('dblclick', (event) => {
  if (idOf(event.target) !== null) open();
});

const isCalm = matchMedia('(prefers-reduced-motion: reduce)');
grid.addEventListener('pointerover', (event) => {
  if (event.pointerType !== 'mouse') return;
  hovered = isCalm.matches ? null : idOf(event.target);
  schedule();
});
grid.addEventListener('pointerleave', () => {
  hovered = null;
  schedule();
});

// --- Reviewer's name ------------------------------------------------------------------------

letRename(
  () => Promise.all([loadMine(), renew()]),
  (why) => {
    queue.notice = { text: why, bad: true };
    schedule();
  },
);

async function loadMine() {
  const { today } = await api('/api/mine').catch(() => ({ today: queue.decidedToday }));
  queue.decidedToday = today;
  schedule();
}

// --- Drawing --------------------------------------------------------------------------------

function draw() {
  cells.show(clips, {
    focus,
    isMarked: (id) => marks.has(id),
    saving: queue.saving,
    refusals: queue.refusals,
  });
  if (focus !== revealed && focus !== null) cells.reveal(focus);
  revealed = focus;
  const played = clipOf(hovered ?? (playsFocus ? focus : null));
  playing.show(played, played && cells.canvasOf(played.id));
  drawNotice(queue, player);
  toldTrouble = player.trouble;
  letFade();
  byId('empty').hidden = !(queue.loaded && clips.length === 0);
  setText(byId('empty-why'), whyEmpty(queue, filters.isFiltered));
  drawDeck();
  setText(byId('shown'), String(clips.length));
  setText(byId('total'), String(Math.max(clips.length, queue.total - queue.leaving)));
  setText(byId('today'), String(queue.decidedToday));
  setText(byId('unsaved'), queue.unsaved > 0 ? `saving ${queue.unsaved}…` : '');
}

/** Takes over the queue's clips, with marks and focus, at once: the next key press is meant for the
 * clips that are left. */
function follow() {
  clips = queue.clips;
  const before = order;
  order = clips.map(({ id }) => id);
  marks.keep(order);
  const next = refocused(before, order, focus);
  if (next === focus) return;
  focus = next;
  marks.anchorAt(focus);
}

/** The notice that is about to disappear. @type {import('./queue.js').Notice | null} */
let fading = null;

function letFade() {
  const { notice } = queue;
  if (notice && !notice.bad && notice !== fading) setTimeout(() => forget(notice), NOTICE_MS);
  fading = notice;
}

/** @param {import('./queue.js').Notice} notice */
function forget(notice) {
  if (queue.notice !== notice) return;
  queue.notice = null;
  schedule();
}

function drawDeck() {
  const { size } = marks;
  const clip = clipOf(focus);
  const meant = clip ? `Clip ${clip.id}` : '';
  setText(byId('meant'), size > 0 ? `${count(size, 'clip')} marked` : meant);
  setText(byId('facts'), clip && size === 0 ? factsOf(clip) : '');
  for (const button of sheet.querySelectorAll('.decisions button')) {
    const { action } = /** @type {HTMLElement} */ (button).dataset;
    /** @type {HTMLButtonElement} */ (button).disabled = action !== 'undo' && clip === null;
  }
}

/** @param {Clip} clip */
function factsOf({ video, start_seconds: seconds, start_frame: start, end_frame: end }) {
  return `${video.title} · ${timecode(seconds)} · frames ${start} – ${end - 1}`;
}

// --- Keeping up -----------------------------------------------------------------------------

/** @param {number} [more] clips to fetch beyond those that are here */
function renew(more = 0) {
  return queue.renew(Math.max(1, Math.min(MOST, clips.length + queue.leaving + more)));
}

/** Fetches more clips when the end of the sheet is near. */
function refill() {
  const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  if (left < scroller.clientHeight && clips.length < MOST) void renew(MORE);
}

scroller.addEventListener('scroll', refill, { passive: true });
setInterval(() => {
  if (!document.hidden) refill();
}, REFILL_MS);
setInterval(() => {
  if (!document.hidden) void renew();
}, (Number(sheet.dataset.lease) * 1000) / 4);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void renew();
});
addEventListener('online', () => ACTS.repeat());
addEventListener('pagehide', () => void releaseClips());
addEventListener('beforeunload', (event) => {
  if (queue.unsaved > 0) event.preventDefault();
});

Object.assign(window, { heaters: { player, queue, marks, playing } });
writeKeys(keymap);
grid.focus();
void renew(MORE);
void loadMine();

/** The contact sheet: connects clips, marks, pictures and keys with the document. */

import { Player } from '../player/player.js';
import {
  api, latestDecision, queueClips, releaseClips, takeApart, undoDecision,
} from '../shared/api.js';
import { Pictures } from '../shared/clip_pictures.js';
import { byId, make, onceAFrame, setText } from '../shared/dom.js';
import { Filters } from '../shared/filters.js';
import { Help, writeKeys } from '../shared/help.js';
import { isField, worksFocus } from '../shared/keys/focus.js';
import { keptKeys } from '../shared/keys/kept.js';
import { Keymap } from '../shared/keys/keymap.js';
import { Marks } from '../shared/marks.js';
import { drawNotice } from '../shared/notice.js';
import { letRename } from '../shared/reviewer.js';
import { partsOf, searchOf } from '../shared/selection.js';
import { Stacks } from '../shared/stacks.js';
import { count, sentence, whyEmpty } from '../shared/words.js';
import { BINDINGS, GROUPS, REPEATING } from './bindings.js';
import { Cells, idOf } from './cells.js';
import { drawDeck, restOf } from './deck.js';
import { Describe } from './describe.js';
import { Everything } from './everything.js';
import { moved, refocused } from './grid.js';
import { cellsOf, idsOf, sectionsOf } from './layout.js';
import { Looks } from './looks.js';
import { keepPlace, keptPlace } from './place.js';
import { Playing, showFirst } from './playing.js';
import { SheetQueue } from './queue.js';
import { showTile } from './tiles.js';

/** @typedef {import('./queue.js').Clip} Clip */

/** As many clips as the server hands out to a page, and takes in a batch. */
const MOST = 1000;
const MORE = 100;
/** So many are here even if fewer are in view: clips that show the same find one another. */
const AHEAD = 200;
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
const pictures = new Pictures(showTile, (picture, clip) =>
  showFirst(player, picture, /** @type {Clip} */ (clip)));
const playing = new Playing({ player, overlay, pictures });
const cells = new Cells(grid, {
  scroller,
  onnear: (picture, clip) => pictures.want(picture, clip),
  onfar: (picture) => pictures.forget(picture),
});
const marks = new Marks();
const stacks = new Stacks();
const queue = new SheetQueue({
  server: {
    load: (limit, anew) => {
      const wanted = new URLSearchParams(searchOf(filters.selection));
      wanted.set('limit', String(limit));
      wanted.set('stacks', '1');
      if (anew) wanted.set('anew', '1');
      return queueClips(wanted);
    },
    decide: (body, task) => api('/api/v1/decisions', body, { task }),
    latest: latestDecision,
    undo: undoDecision,
  },
  stacks,
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
  resume();
});
const keymap = new Keymap(BINDINGS, keptKeys());
const help = new Help(keymap, GROUPS, () => writeKeys(keymap));
const everything = new Everything({
  queue,
  marks,
  most: MOST,
  load: () => renew(MOST),
  order: () => order,
  ondone: schedule,
});
const looks = new Looks(grid);
const describe = new Describe({
  meant: () => meant(),
  clipOf: (id) => clipOf(id),
  annotate: (about, fields) => queue.decide('annotate', about, fields),
  ondraw: (part) => writeKeys(keymap, part),
});

/** @type {Clip[]} */ let clips = [];
/** @type {import('./layout.js').Section[]} */ let sections = [];
/** The ids of the clips of each cell. @type {number[][]} */ let cellIds = [];
/** Of all clips, in the order of the cells. @type {number[]} */ let order = [];
/** The clip that names the cell in focus. @type {number | null} */ let focus = null;
/** @type {number | null} */ let hovered = null;
/** The clip that had the focus when the sheet was last drawn.
 * @type {number | null} */
let revealed = null;
let playsFocus = false;
/** Where to resume once the clips are here. @type {import('./place.js').Place | null} */
let resumed = null;
/** The player's error that the notice shows. @type {string | null} */ let toldTrouble = null;

/** @param {number | null} id */
const clipOf = (id) => clips.find((clip) => clip.id === id) ?? null;

/** The clips of a cell, by the id that names it. @param {number | null} id */
const idsIn = (id) => cellIds.find(([first]) => first === id) ?? [];

/** The clips that a decision is meant for. */
function meant() {
  const chosen = new Set(marks.chosen(order, idsIn(focus)));
  return clips.filter(({ id }) => chosen.has(id));
}

// --- What keys and buttons do ---------------------------------------------------------------

/** @param {string} key @param {boolean} [extends_] marks all clips on the way */
function move(key, extends_ = false) {
  hovered = null; // people who move by keys look at the focus
  const at = Math.max(0, cellIds.findIndex(([id]) => id === focus));
  const counts = sections.map(({ cells: { length } }) => length);
  const to = moved(key, at, { sections: counts, ...cells.layout });
  focusOn(cellIds[to]?.[0] ?? null, extends_);
  refill();
}

/** @param {number | null} id @param {boolean} [extends_] */
function focusOn(id, extends_ = false) {
  focus = id;
  if (id === null) return;
  if (extends_) marks.extend(cellIds, id);
  else marks.anchorAt(id);
  schedule();
}

/** @param {string} action @param {import('./queue.js').Fields} [fields] */
function decide(action, fields) {
  everything.whenMarked(() => queue.decide(action, meant(), fields));
}

function toggleStack() {
  stacks.toggle(focus);
  follow();
}

/** Has the clips of the stack in focus never stacked again. */
async function apart() {
  const stack = stacks.among(clips, focus);
  if (stack.length === 0) return;
  try {
    await takeApart(stack.map(({ id }) => id));
    queue.notice = { text: `Taken apart: ${count(stack.length, 'clip')}.`, bad: false };
  } catch (error) {
    const told = sentence(/** @type {import('../shared/courier.js').Refusal} */ (error));
    queue.notice = { text: `The stack was not taken apart. ${told}`, bad: true };
  }
  await renew();
  schedule();
}

function open() {
  if (focus === null) return;
  const search = searchOf({ ...filters.selection, clip: String(focus) });
  location.assign(`/review${search}&from=sheet`);
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
  toggleMark: () => focus !== null && marks.toggle(idsIn(focus)),
  markAll: () => everything.toggle(),
  label: () => everything.whenMarked(() => describe.open('label')),
  note: () => everything.whenMarked(() => describe.open('note')),
  openStack: toggleStack,
  apart: () => void apart(),
  stacks: () => {
    stacks.toggleAll();
    follow();
  },
  smaller: () => resize(() => looks.grow(-1)),
  larger: () => resize(() => looks.grow(1)),
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
for (let n = 1; n <= 9; n += 1) {
  ACTS[`label${n}`] = () => everything.whenMarked(() => describe.toggleKey(n));
}
for (const size of [0, 1, 2]) ACTS[`size${size}`] = () => resize(() => looks.resize(size));
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

/** Whether a key counts although a dialog lies over the sheet. @param {string} action */
function isOpenFor(action) {
  if (describe.isOpen) return action.startsWith('label') && action !== 'label';
  return action === (help.isOpen ? 'help' : 'filters');
}

/** @param {HTMLElement} target */
function escape(target) {
  if (isField(target)) target.blur();
  else {
    everything.unmark();
  }
  queue.notice = null;
  schedule();
}

document.addEventListener('keydown', (event) => {
  if (event.isComposing || help.takes(event)) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const isOver = help.isOpen || filters.isOpen || describe.isOpen;
  if (event.key === 'Escape' && !isOver) escape(target);
  if (isField(target) || worksFocus(event, target)) return;
  const action = actionFor(event);
  if (!action || (isOver && !isOpenFor(action))) return;
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
  const target = /** @type {HTMLElement} */ (event.target);
  focusOn(id, event.shiftKey);
  if (target.matches('.count')) toggleStack();
  else if (!event.shiftKey && (target.matches('.tick') || event.ctrlKey || event.metaKey)) {
    marks.toggle(idsIn(id));
  }
  schedule();
});
grid.addEventListener('dblclick', (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (idOf(target) !== null && !target.matches('.tick, .count')) open();
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
  const { today } = await api('/api/v1/mine').catch(() => ({ today: queue.decidedToday }));
  queue.decidedToday = today;
  schedule();
}

async function loadLabels() {
  describe.use(await api('/api/v1/labels').catch(() => ({ labels: [], others: [] })));
}

// --- Drawing --------------------------------------------------------------------------------

function draw() {
  cells.show(sections, {
    focus,
    marked: (ids) => marks.countOf(ids),
    saving: queue.saving,
    refusals: queue.refusals,
  });
  const played = clipOf(hovered ?? (playsFocus ? focus : null));
  playing.show(played, played && cells.pictureOf(played.id));
  drawNotice(queue, player);
  toldTrouble = player.trouble;
  letFade();
  byId('empty').hidden = !(queue.loaded && clips.length === 0);
  setText(byId('empty-why'), whyEmpty(queue, filters.isFiltered));
  drawDeck({ queue, clips, marked: marks.size, meant: meant().length, clip: clipOf(focus), most: MOST });
  byId('stacks').setAttribute('aria-pressed', String(stacks.isOn));
  setText(byId('rest'), restOf(queue, clips.length, MOST));
  setText(byId('shown'), String(clips.length));
  setText(byId('total'), String(Math.max(clips.length, queue.total - queue.leaving)));
  setText(byId('today'), String(queue.decidedToday));
  setText(byId('unsaved'), queue.unsaved > 0 ? `saving ${queue.unsaved}…` : '');
  // Last: it lays the page out, which is done once if nothing changes afterwards.
  if (focus !== revealed && focus !== null) cells.reveal(focus);
  revealed = focus;
}

/** Takes over the queue's clips, with marks and focus, at once: the next key press is meant for the
 * clips that are left. */
function follow() {
  clips = queue.clips;
  const place = takePlace();
  const all = cellsOf(clips, stacks.all, (ids) => stacks.isOpen(ids));
  const { order: by, video } = filters.selection;
  sections = sectionsOf(all, by === undefined && video === undefined);
  cellIds = sections.flatMap((section) => section.cells.map(idsOf));
  const before = place?.nearby ?? order;
  order = cellIds.flat();
  if (place) marks.set(place.marked);
  marks.keep(order);
  const next = refocused(before, order, place ? place.focus : focus);
  const named = cellIds.find((ids) => next !== null && ids.includes(next))?.[0] ?? null;
  if (named === focus) return;
  focus = named;
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

// --- Keeping up -----------------------------------------------------------------------------

/** @param {number} [more] clips to fetch beyond those that are here */
function renew(more = 0) {
  return queue.renew(Math.max(1, Math.min(MOST, clips.length + queue.leaving + more)));
}

/** Fetches more clips when few are here, or the end of the sheet is near. */
function refill() {
  const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  const isNear = left < scroller.clientHeight && clips.length < MOST;
  if (clips.length < AHEAD || isNear) void renew(MORE);
}

scroller.addEventListener('scroll', refill, { passive: true });
setInterval(() => {
  if (!document.hidden && (queue.more > 0 || clips.length < AHEAD)) refill();
}, REFILL_MS);
setInterval(() => {
  if (!document.hidden) void renew();
}, (Number(sheet.dataset.lease) * 1000) / 4);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) keepThisPlace();
  else void renew();
});
addEventListener('pageshow', (event) => {
  if (event.persisted) void renew(); // it gave its clips back when it was left
});

// --- The place ------------------------------------------------------------------------------

function keepThisPlace() {
  if (!queue.loaded) return;
  const from = Math.max(0, order.indexOf(focus ?? -1));
  keepPlace({
    search: searchOf(filters.selection),
    focus,
    nearby: order.slice(from, from + MORE),
    marked: marks.ids,
    opened: stacks.opened.filter((id) => clipOf(id)),
    loaded: clips.length,
    top: scroller.scrollTop,
  });
}

/** Loads the clips of the address, and takes the place up where it was left. */
function resume() {
  resumed = keptPlace(searchOf(filters.selection));
  void queue.renew(Math.min(MOST, Math.max(MORE, resumed?.loaded ?? 0))).then(refill);
}

/** The kept place, as soon as a clip of it is here. */
function takePlace() {
  if (!resumed || !queue.loaded) return null;
  const place = resumed;
  resumed = null;
  if (!place.nearby.some(clipOf)) return null;
  stacks.reopen(place.opened);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    scroller.scrollTop = place.top;
    if (focus !== null) cells.reveal(focus);
  }));
  return place;
}

/** Changes the size of the cells; the one in focus stays in view. @param {() => void} change */
function resize(change) {
  change();
  if (focus !== null) cells.reveal(focus);
}

addEventListener('online', () => ACTS.repeat());
addEventListener('pagehide', () => {
  keepThisPlace();
  void releaseClips();
});
addEventListener('beforeunload', (event) => {
  if (queue.unsaved > 0) event.preventDefault();
});

Object.assign(window, { heaters: { player, queue, marks, playing } });
writeKeys(keymap);
grid.focus();
resume();
void loadMine();
void loadLabels();

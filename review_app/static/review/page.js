/** The review page: joins queue, player and keys to the document. */

import { byId, onceAFrame, setText } from '../dom.js';
import { isField, worksFocus } from '../keys/focus.js';
import { keptKeys } from '../keys/kept.js';
import { Keymap } from '../keys/keymap.js';
import { Player } from '../player/player.js';
import { api } from './api.js';
import { BINDINGS, GROUPS, REPEATING } from './bindings.js';
import { Describe } from './describe.js';
import { drawFacts } from './facts.js';
import { Filters } from './filters.js';
import { Help, writeKeys } from './help.js';
import { Lists } from './lists.js';
import { Marks } from './marks.js';
import { pace } from './pace.js';
import { keepPlace, keptPlace } from './place.js';
import { ReviewQueue } from './queue.js';
import { searchOf } from './selection.js';
import { Strip } from './strip.js';
import { Timeline } from './timeline.js';
import { Transport } from './transport.js';
import { cleanRange } from './trims.js';
import { whyEmpty } from './words.js';

/** @typedef {import('./queue.js').Clip} Clip */

const REFILL_MS = 4000;
/** After a clip has come by itself, keys meant for the one before must not decide on it. */
const STARTLE_MS = 400;

const page = byId('review');
const leaseSeconds = Number(page.dataset.lease);

const schedule = onceAFrame(() => draw());
const player = new Player({
  canvas: /** @type {HTMLCanvasElement} */ (byId('picture')),
  onchange: schedule,
});
const queue = new ReviewQueue({
  server: {
    decide: (id, body) => api(`/api/clips/${id}/decisions`, body),
    undo: (eventId) => api('/api/undo', eventId === null ? {} : { event_id: eventId }),
    load: (limit, only) => {
      const { selection } = filters;
      const wanted = new URLSearchParams(searchOf(selection));
      wanted.set('limit', String(limit));
      if (only !== undefined) {
        wanted.set('clip', String(only));
        wanted.set('state', selection.state ?? 'pending'); // a clip by itself comes in any state
      }
      return api(`/api/queue?${wanted}`);
    },
  },
  onchange: () => {
    follow();
    schedule();
  },
});
const keymap = new Keymap(BINDINGS, keptKeys());
const marks = new Marks();
const strip = new Strip(player, schedule);
const timeline = new Timeline(player, { exportsTrimmed: 'exportTrimmed' in page.dataset });
const transport = new Transport(player);
const lists = new Lists(strip);
const describe = new Describe({
  current: () => queue.current,
  annotate: (clip, description) => queue.annotate(clip.id, description),
  onlabels: (labels) => writeKeys(keymap, labels),
});
const filters = new Filters(() => void queue.begin());
const help = new Help(keymap, GROUPS, () => writeKeys(keymap));

/** When the key that is being handled was pressed. @type {number | undefined} */
let pressedAt;
/** The edge of the clip that is being moved. @type {'start' | 'end' | null} */
let moving = null;
let startledUntil = 0;
let expected = '';
/** Where to go on with the clip that was on the screen last. */
let place = keptPlace(location.search);

// --- The player follows the queue -------------------------------------------------------------

/** Brings the player in line with the queue. */
function follow() {
  const clip = queue.current;
  const shown = player.clip;
  if (!clip) {
    if (shown) player.clear();
  } else if (!shown || !isSamePart(clip, shown)) {
    if (shown && pressedAt === undefined) startledUntil = performance.now() + STARTLE_MS;
    open(clip);
  }
  if (moving) return; // where the next clip begins is known when the cut rests
  const { next } = queue;
  const key = next.map((other) => `${other.video.proxy_id}/${other.start_frame}`).join();
  if (key !== expected) {
    expected = key;
    player.expect(next);
  }
}

/** @param {import('../player/player.js').PlayerClip} a
 * @param {import('../player/player.js').PlayerClip} b */
const isSamePart = (a, b) => a.video.proxy_id === b.video.proxy_id &&
  a.start_frame === b.start_frame && a.end_frame === b.end_frame;

/** @param {Clip} clip */
function open(clip) {
  const edge = moving && (moving === 'start' ? clip.start_frame : clip.end_frame - 1);
  const at = edge ?? (place?.clip === clip.id ? place.frame : undefined);
  const isInside = at !== undefined && clip.start_frame <= at && at < clip.end_frame;
  place = null;
  player.open(clip, { since: pressedAt, at: isInside ? at : undefined });
}

/** @param {number} frame */
function stopAt(frame) {
  player.pause();
  player.seek(frame, pressedAt);
}

// --- What keys and buttons do -----------------------------------------------------------------

/** @param {'start' | 'end'} edge @param {number} by frames */
function nudge(edge, by) {
  moving = edge;
  queue.nudge(edge, by);
  moving = null;
}

function split() {
  const { current: clip } = queue;
  if (!clip) return;
  const marked = marks.of(clip);
  const shown = player.presented === null ? [] : [player.presented];
  queue.decide('split', { frames: marked.length > 0 ? marked : shown });
}

function mark() {
  const { current: clip } = queue;
  if (!clip || player.presented === null) return;
  const isInside = marks.toggle(clip, player.presented);
  if (!isInside) queue.tell('A part can begin after the first frame only.');
}

/** @type {Record<string, () => void>} */
const LOOK = {
  toggle: () => player.toggle(),
  back: () => player.step(-1, pressedAt),
  forward: () => player.step(1, pressedAt),
  back10: () => player.step(-10, pressedAt),
  forward10: () => player.step(10, pressedAt),
  first: () => player.seek(player.clip?.start_frame ?? 0, pressedAt),
  last: () => stopAt((player.clip?.end_frame ?? 1) - 1),
  inPoint: () => queue.current && player.seek(cleanRange(queue.current).start_frame, pressedAt),
  outPoint: () => queue.current && stopAt(cleanRange(queue.current).end_frame - 1),
  backwards: () => player.shuttle(-1),
  forwards: () => player.shuttle(1),
  halt: () => player.halt(),
  jump: () => transport.jump(),
  mute: () => player.sound.mute(!player.sound.muted),
  softer: () => transport.turn(-0.1),
  louder: () => transport.turn(0.1),
  label: () => describe.typeLabel(),
  note: () => describe.writeNote(),
  mark,
  filters: () => filters.toggle(),
  help: () => help.toggle(),
  undo: () => queue.undo(),
  repeat: () => queue.flush(),
};

/** @type {Record<string, () => void>} */
const DECIDE = {
  split,
  mergePrevious: () => queue.decide('merge', { side: 'previous' }),
  mergeNext: () => queue.decide('merge', { side: 'next' }),
  nextClip: () => queue.look(1),
  previousClip: () => queue.look(-1),
};
for (const action of ['approve', 'skip', 'archive', 'group']) {
  DECIDE[action] = () => queue.decide(action);
}
for (let n = 0; n <= 9; n += 1) {
  DECIDE[`rate${n}`] = () => describe.rate(n);
  DECIDE[`label${n}`] = () => describe.toggleNumbered(n);
}
for (const edge of /** @type {const} */ (['start', 'end'])) {
  for (const by of [1, 10]) {
    const suffix = by === 1 ? '' : by;
    DECIDE[`${edge}Earlier${suffix}`] = () => nudge(edge, -by);
    DECIDE[`${edge}Later${suffix}`] = () => nudge(edge, by);
  }
}

/** @param {string} action @param {number} [since] */
function act(action, since) {
  pressedAt = since;
  player.sound.unlock();
  if (LOOK[action]) LOOK[action]();
  else if (performance.now() >= startledUntil) DECIDE[action]?.();
  pressedAt = undefined;
  schedule();
}

/** @param {HTMLElement} target */
function escape(target) {
  if (isField(target)) target.blur();
  else if (queue.current) marks.clear(queue.current);
  queue.notice = null;
  schedule();
}

document.addEventListener('keydown', (event) => {
  if (event.isComposing || help.takes(event)) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const isOver = help.isOpen || filters.isOpen;
  if (event.key === 'Escape' && !isOver) escape(target);
  if (isField(target)) return;
  if (worksFocus(event, target)) {
    // The browser presses a button again and again while Enter is held on it.
    const repeats = !target.matches('button') || REPEATING.has(target.dataset.action ?? '');
    if (event.repeat && !repeats) event.preventDefault();
    return;
  }
  const action = keymap.actionFor(event);
  if (!action || (isOver && action !== (help.isOpen ? 'help' : 'filters'))) return;
  event.preventDefault();
  if (event.repeat && !REPEATING.has(action)) return;
  act(action, event.timeStamp);
});

document.addEventListener('click', (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const button = target.closest('button');
  if (!button) return;
  const { action, undo, show } = button.dataset;
  if (action) act(action, event.timeStamp);
  pressedAt = event.timeStamp;
  if (undo) queue.undo(queue.done[Number(undo)]);
  if (show) queue.show(Number(show));
  pressedAt = undefined;
  // A mouse user's next Space or Enter is meant for the player, not for this button.
  if (event.detail > 0 && !button.closest('dialog')) button.blur();
});

byId('picture').addEventListener('click', (event) => act('toggle', event.timeStamp));

byId('empty-all').addEventListener('click', (event) => {
  event.preventDefault();
  filters.clear();
});

// --- Reviewer's name --------------------------------------------------------------------------

const nameField = /** @type {HTMLInputElement} */ (byId('reviewer'));
nameField.addEventListener('change', async () => {
  try {
    const { name } = await api('/api/reviewer', { name: nameField.value });
    nameField.value = name;
    nameField.blur();
    await Promise.all([loadMine(), queue.renew()]);
  } catch (error) {
    queue.tell(/** @type {Error} */ (error).message, true);
  }
});
nameField.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') nameField.blur();
});

async function loadMine() {
  const mine = await api('/api/mine').catch(() => null);
  if (mine) queue.remember(mine);
}

async function loadLabels() {
  describe.use(await api('/api/labels').catch(() => ({ numbered: [], others: [] })));
}

// --- Drawing ----------------------------------------------------------------------------------

function draw() {
  const clip = queue.current;
  const marked = clip ? marks.of(clip) : [];
  page.classList.toggle('is-empty', !clip);
  transport.draw(clip);
  timeline.draw(clip, marked);
  if (clip) strip.draw(clip);
  drawFacts(clip);
  describe.draw();
  lists.draw(queue.next, queue.done);
  drawCounters();
  drawNotice();
  drawButtons(clip, marked.length);
  byId('empty').hidden = !(queue.loaded && !clip);
  setText(byId('empty-why'), whyEmpty(queue.withOthers, filters.isFiltered));
  byId('empty-all').hidden = !filters.isFiltered;
}

function drawCounters() {
  const { at, of } = queue.position;
  setText(byId('position'), queue.current ? String(at) : '–');
  setText(byId('of'), queue.loaded ? String(of) : '–');
  setText(byId('pending'), queue.loaded ? String(queue.pending) : '–');
  setText(byId('today'), String(queue.decidedToday));
  setText(byId('pace'), String(pace(queue.times) ?? '–'));
  setText(byId('unsaved'), queue.unsaved > 0 ? `saving ${queue.unsaved}…` : '');
}

function drawNotice() {
  const lasting = queue.trouble ?? player.trouble;
  const notice = queue.notice?.bad ? queue.notice
    : lasting ? { text: lasting, bad: true } : queue.notice;
  const box = byId('notice');
  box.hidden = !notice;
  box.classList.toggle('bad', notice?.bad ?? false);
  if (notice) setText(byId('notice-text'), notice.text);
  byId('notice-repeat').hidden = !queue.trouble;
}

/** @param {Clip | null} clip @param {number} marked */
function drawButtons(clip, marked) {
  const parts = marked > 0 ? `Split at ${marked} mark${marked > 1 ? 's' : ''}` : 'Split here';
  for (const button of document.querySelectorAll('.decisions button, .do-undo')) {
    const { action = '' } = /** @type {HTMLElement} */ (button).dataset;
    const lacks = { group: 'previous', mergePrevious: 'previous', mergeNext: 'next' }[action];
    const isOff = action === 'undo'
      ? queue.done.length === 0
      : !clip || queue.busy || clip[/** @type {'next'} */ (lacks)] === null;
    /** @type {HTMLButtonElement} */ (button).disabled = isOff;
    if (action === 'split') setText(/** @type {HTMLElement} */ (button.firstElementChild), parts);
  }
}

// --- Go ---------------------------------------------------------------------------------------

function keepThisPlace() {
  const { current } = queue;
  if (!current || current.id < 0) return;
  const frame = player.presented ?? current.start_frame;
  keepPlace({ clip: current.id, frame, search: location.search });
}

Object.assign(window, { heaters: { player, queue } });
writeKeys(keymap);
void loadMine();
void loadLabels();
void queue.begin(place?.clip);
// A page that nobody looks at lets its leases run out, a closed one gives them back.
const renew = () => {
  if (!document.hidden) void queue.renew();
};
setInterval(renew, (leaseSeconds * 1000) / 4);
setInterval(() => {
  if (!document.hidden) void queue.refill();
}, REFILL_MS);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) keepThisPlace();
  renew();
});
addEventListener('online', () => queue.flush());
addEventListener('pagehide', () => {
  keepThisPlace();
  queue.flush();
  void api('/api/release', {}).catch(() => {});
});
addEventListener('beforeunload', (event) => {
  queue.flush();
  if (queue.unsaved > 0) event.preventDefault();
});

/** The review page: connects queue, player and keys with the document. */

import { Player } from '../player/player.js';
import {
  api, myDecisions, queueClips, releaseClips, undoDecision,
} from '../shared/api.js';
import { Collecting } from '../shared/collecting.js';
import { Comments } from '../shared/comments.js';
import { Describe } from '../shared/describe.js';
import { byId, onceAFrame, setText } from '../shared/dom.js';
import { Filters } from '../shared/filters.js';
import { Help, writeKeys } from '../shared/help.js';
import { isField, worksFocus } from '../shared/keys/focus.js';
import { keptKeys } from '../shared/keys/kept.js';
import { Keymap } from '../shared/keys/keymap.js';
import { drawNotice } from '../shared/notice.js';
import { letRename } from '../shared/reviewer.js';
import { searchOf } from '../shared/selection.js';
import { Stacks } from '../shared/stacks.js';
import { whyNone } from '../shared/words.js';
import { deciding, leavesCut, looking } from './actions.js';
import { Alike } from './alike.js';
import { Beside } from './beside.js';
import { BINDINGS, GROUPS, REPEATING } from './bindings.js';
import { explainOnce } from './explained.js';
import { drawFacts } from './facts.js';
import { Lists } from './lists.js';
import { Magnifier } from './magnifier.js';
import { Marks } from './marks.js';
import { keepDecided, keepPlace, keptDecided, keptPlace } from './place.js';
import { Progress } from './progress.js';
import { ReviewQueue } from './queue.js';
import { Screen } from './screen.js';
import { StackCard } from './stack.js';
import { Strip } from './strip.js';
import { Timeline } from './timeline.js';
import { Transport } from './transport.js';
import { wayBack } from './way_back.js';

/** @typedef {import('./queue.js').Clip} Clip */

const REFILL_MS = 4000;
/** How long drawing waits for the picture that a key press asked for: a page frame that is being
 * drawn when the decoder delivers the picture would hold it back. */
const HEAD_START_MS = 20;

const page = byId('review');
const leaseSeconds = Number(page.dataset.lease);

const scheduleDraw = onceAFrame(() => draw());
const scheduleSmall = onceAFrame(() => drawSmall());
const schedule = () => {
  const isPictureDue = screen.pressedAt !== undefined || player.presented === null;
  scheduleDraw(isPictureDue ? HEAD_START_MS : 0);
};
const player = new Player({
  canvas: /** @type {HTMLCanvasElement} */ (byId('picture')),
  onchange: schedule,
});
const stacks = new Stacks();
const queue = new ReviewQueue({
  stacks,
  server: {
    decide: (id, body, task) => api(`/api/v1/clips/${id}/decisions?brief=1`, body, { task }),
    decideAll: (body, task) => api('/api/v1/decisions', body, { task }),
    mine: myDecisions,
    undo: undoDecision,
    open: (id) => api(`/api/v1/clips/${id}/lease`, {}),
    load: (limit, { only, anew = false } = {}) => {
      const { selection } = filters;
      const wanted = new URLSearchParams(searchOf(selection));
      wanted.set('limit', String(limit));
      wanted.set('stacks', '1');
      if (anew) wanted.set('anew', '1');
      if (only !== undefined) {
        wanted.set('clip', String(only));
        wanted.set('state', selection.state ?? 'pending'); // else the clip comes in any state
      }
      return queueClips(wanted);
    },
  },
  onchange: () => {
    screen.follow(queue.current, queue.next, queue.isOver);
    schedule();
    const back = wayBack(location.search);
    if (back && isDone() && queue.unsaved === 0) location.replace(back.href);
  },
});
const keymap = new Keymap(BINDINGS, keptKeys());
const marks = new Marks();
const strip = new Strip(player, schedule);
const timeline = new Timeline(player, {
  exportsTrimmed: 'exportTrimmed' in page.dataset,
  sure: Number(page.dataset.sure),
  onchange: schedule,
});
const beside = new Beside(player);
const magnifier = new Magnifier(
  ['picture', 'beside'].map((id) => /** @type {HTMLCanvasElement} */ (byId(id))),
);
const transport = new Transport(player);
const lists = new Lists(strip);
const alike = new Alike(stacks);
const stackCard = new StackCard(stacks, strip);
const describe = new Describe({
  current: () => queue.current,
  annotate: (clip, description) => queue.annotate(clip.id, description),
  onlabels: (labels) => writeKeys(keymap, labels),
});
const collecting = new Collecting({
  chosen: () => (queue.current ? [queue.current.id] : []),
  tell: ({ text, bad }) => queue.tell(text, bad),
});
/** How many comments clips have, as far as it changed here. @type {Map<number, number>} */
const commented = new Map();
const comments = new Comments((id, number) => {
  commented.set(id, number);
  schedule();
});
const filters = new Filters(() => void queue.begin());
const help = new Help(keymap, GROUPS, () => writeKeys(keymap));
const progress = new Progress(schedule);

const place = keptPlace(location.search);
const screen = new Screen(player, place);
const parts = {
  player, queue, screen, marks, transport, describe, filters, help, timeline, magnifier, beside,
  collecting, stacks, comments,
};
const [look, decide] = [looking(parts), deciding(parts)];

/** True once nothing is left of what the reviewer came for. */
const isDone = () => queue.loaded && !queue.current && queue.hasDecided;

// --- Keys and buttons -------------------------------------------------------------------------

/** @param {string} action @param {number} since */
function act(action, since) {
  player.sound.unlock();
  if (leavesCut(screen, action)) screen.press(since, () => screen.endAcross());
  if (look[action]) screen.press(since, look[action]);
  else if (decide[action] && !screen.isStartled) screen.press(since, decide[action]);
  scheduleDraw(HEAD_START_MS);
}

/** True after Esc until another key: Tab moves the focus then, so that nobody is kept from the
 * controls. */
let isTabLeft = false;

/** True if Tab goes to the next suggestion, and does not move the focus from one control to the next.
 * @param {HTMLElement} target */
function takesTab(target) {
  const hasSuggestions = (queue.current?.suggestions.length ?? 0) > 0;
  return hasSuggestions && !isTabLeft && target === document.body;
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
  if (event.key !== 'Tab' && event.key !== 'Shift') isTabLeft = event.key === 'Escape';
  if (isField(target)) return;
  if (event.key === 'Tab' && !takesTab(target)) return;
  if (worksFocus(event, target)) {
    // While Enter is held on a button, the browser clicks it repeatedly.
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
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  const button = /** @type {HTMLElement | null} */ (
    target.closest(isPlain ? 'button, a[data-show]' : 'button')
  );
  if (!button) return;
  if (button instanceof HTMLAnchorElement) event.preventDefault();
  const { action, undo, show } = button.dataset;
  if (action) act(action, event.timeStamp);
  screen.press(event.timeStamp, () => {
    if (undo) for (const deed of lists.deedsOf(Number(undo))) queue.undo(deed);
    if (show) queue.show(Number(show));
  });
  // After a click, the next Space or Enter is meant for the player, not for this button.
  if (event.detail > 0 && !button.closest('dialog')) button.blur();
});

byId('picture').addEventListener('click', (event) => {
  if (!magnifier.wasDragged) act('toggle', event.timeStamp);
});

byId('empty-all').addEventListener('click', (event) => {
  event.preventDefault();
  filters.clear();
});

// --- Reviewer's name --------------------------------------------------------------------------

letRename(
  () => {
    queue.recall();
    return queue.renew();
  },
  (why) => queue.tell(why, true),
);

async function loadLabels() {
  const found = await api('/api/v1/labels').catch(() => null);
  if (found) describe.use(found);
}

// --- Drawing ----------------------------------------------------------------------------------

function draw() {
  const clip = queue.current;
  const marked = clip ? marks.of(clip) : [];
  page.classList.toggle('is-empty', !clip);
  transport.draw(clip);
  timeline.draw(clip, marked);
  beside.draw(clip);
  drawFacts(clip);
  setText(byId('comments-count'), String((clip && (commented.get(clip.id) ?? clip.comments)) || ''));
  describe.draw();
  drawCounters();
  drawNotice(queue, player);
  drawButtons(clip, marked.length);
  const back = wayBack(location.search);
  drawBack(back);
  byId('empty').hidden = !(queue.loaded && !clip) || (back !== null && isDone());
  const [what, why] = whyNone(queue, filters.isFiltered);
  setText(byId('empty-what'), what);
  setText(byId('empty-why'), why);
  byId('empty-all').hidden = !filters.isFiltered;
  if (player.presented === null) scheduleSmall(HEAD_START_MS);
  else drawSmall();
}

/** Draws the small pictures, which can wait until the large one is on the screen. */
function drawSmall() {
  if (queue.current) strip.draw(queue.current, timeline.shown);
  stackCard.draw(queue.current, queue.clips);
  lists.draw(queue.next, queue.done, (clip) => queue.under(clip));
  alike.draw(queue.current);
}

/** @param {ReturnType<typeof wayBack>} back */
function drawBack(back) {
  const link = /** @type {HTMLAnchorElement} */ (byId('back'));
  link.hidden = back === null;
  if (!back) return;
  link.href = back.href;
  setText(link, back.text);
}

function drawCounters() {
  const { at, of } = queue.position;
  setText(byId('position'), queue.current && !queue.hasGuest ? String(at) : '–');
  setText(byId('of'), queue.loaded ? String(of) : '–');
  setText(byId('pending'), queue.loaded ? String(queue.pending) : '–');
  setText(byId('today'), String(queue.decidedToday));
  progress.draw(queue);
  void progress.follow(queue);
  setText(byId('unsaved'), queue.unsaved > 0 ? `saving ${queue.unsaved}…` : '');
}

/** @param {Clip | null} clip @param {number} marked */
function drawButtons(clip, marked) {
  const split = marked > 0 ? `Split in ${marked + 1}` : 'Split here';
  for (const button of document.querySelectorAll('.do')) {
    const { action = '' } = /** @type {HTMLElement} */ (button).dataset;
    const lacks = { group: 'previous', mergePrevious: 'previous', mergeNext: 'next' }[action];
    const isOff = action === 'undo'
      ? queue.done.length === 0
      : !clip || queue.busy || clip[/** @type {'next'} */ (lacks)] === null;
    // If a focused button were disabled, the next Enter would go to the page.
    const isHeld = button === document.activeElement;
    /** @type {HTMLButtonElement} */ (button).disabled = isOff && !isHeld;
    if (action === 'split') setText(/** @type {HTMLElement} */ (button.firstElementChild), split);
  }
}

// --- Go ---------------------------------------------------------------------------------------

function keepThisPlace() {
  const { current } = queue;
  keepDecided(location.search, queue.decided);
  if (!current || current.id < 0 || queue.hasGuest) return;
  const frame = player.presented ?? current.start_frame;
  keepPlace({ clip: current.id, frame, search: location.search });
}

Object.assign(window, { heaters: { player, queue } });
writeKeys(keymap);
explainOnce();
void loadLabels();
void queue.begin({
  wish: place?.clip, decided: keptDecided(location.search), goesOn: place !== null,
});
queue.recall();
// A hidden page lets its leases expire; a closed one returns them.
const renew = () => {
  if (!document.hidden) void queue.renew();
};
setInterval(renew, (leaseSeconds * 1000) / 4);
setInterval(() => {
  if (document.hidden) return;
  void queue.refill();
  void progress.follow(queue);
}, REFILL_MS);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) keepThisPlace();
  else void loadLabels(); // the list may have changed
  renew();
});
addEventListener('online', () => look.repeat());
addEventListener('pagehide', () => {
  keepThisPlace();
  queue.flush();
  void releaseClips();
});
addEventListener('beforeunload', (event) => {
  const { activeElement } = document;
  if (activeElement instanceof HTMLTextAreaElement) activeElement.blur(); // saves the note
  queue.flush();
  if (queue.mayLose) event.preventDefault();
});

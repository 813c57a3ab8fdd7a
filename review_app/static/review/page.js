/** The review page: joins queue, player and keys to the document. */

import { BINDINGS, actionFor, keyCap } from '../player/keys.js';
import { Player } from '../player/player.js';
import { api } from './api.js';
import { DONE, ReviewQueue } from './queue.js';
import { timecode } from './text.js';
import { cleanRange, fateOfTrimmed, transitionAt, trimmedZones } from './trims.js';

/** @typedef {import('./queue.js').Clip} Clip */

const REFILL_MS = 4000;
/** After a clip has come back by itself, keys meant for the one before must not decide on it. */
const STARTLE_MS = 400;

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
const byId = (id) => /** @type {T} */ (document.getElementById(id));

/** @param {HTMLElement} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const page = byId('review');
const bar = byId('bar');
const video = page.dataset.video;
const leaseSeconds = Number(page.dataset.lease);
const exportsTrimmed = 'exportTrimmed' in page.dataset;

const player = new Player({ canvas: byId('picture'), onchange: () => schedule() });
const queue = new ReviewQueue({
  server: {
    decide: (clip, body) => api(`/api/clips/${clip.id}/decisions`, body),
    undo: (eventId) => api('/api/undo', eventId === null ? {} : { event_id: eventId }),
    load: (limit) =>
      api(`/api/queue?limit=${limit}${video ? `&video=${encodeURIComponent(video)}` : ''}`),
  },
  onchange: () => {
    follow();
    schedule();
  },
});

/** When the key that is being handled was pressed. @type {number | undefined} */
let pressedAt;
let startledUntil = 0;
let expected = '';

/** Brings the player in line with the queue. */
function follow() {
  const clip = queue.current;
  const shown = /** @type {Clip | null} */ (player.clip);
  if (clip?.id !== shown?.id || clip?.version !== shown?.version) {
    if (queue.notice?.bad && shown) startledUntil = performance.now() + STARTLE_MS;
    if (clip) player.open(clip, { since: pressedAt });
    else player.clear();
  }
  const next = queue.clips.slice(1);
  const key = next.map((other) => other.id).join();
  if (key !== expected) {
    expected = key;
    player.expect(next);
  }
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
  mute: () => {
    player.sound.mute(!player.sound.muted);
    schedule();
  },
  help: () => toggleHelp(),
  undo: () => queue.undo(),
  repeat: () => queue.repeat(),
};

/** @param {number} frame */
function stopAt(frame) {
  player.pause();
  player.seek(frame, pressedAt);
}

/** @param {string} action @param {number} [since] */
function act(action, since) {
  pressedAt = since;
  player.sound.unlock();
  if (LOOK[action]) LOOK[action]();
  else if (performance.now() >= startledUntil) queue.decide(action, player.presented);
  pressedAt = undefined;
}

// --- Keys and clicks ------------------------------------------------------------------------

document.addEventListener('keydown', (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.matches('input, select, textarea')) return;
  // Someone who goes from button to button by Tab presses them with Enter and Space.
  const pressesFocus = event.key === 'Enter' || event.key === ' ';
  if (pressesFocus && target.closest('a, button, summary') && target.matches(':focus-visible')) {
    return;
  }
  const action = actionFor(event);
  if (!action) return;
  const dialog = byId('help');
  if (/** @type {HTMLDialogElement} */ (dialog).open && action !== 'help') return;
  event.preventDefault();
  const once = !LOOK[action] || action === 'undo' || action === 'repeat' || action === 'toggle';
  if (event.repeat && once) return;
  act(action, event.timeStamp);
});

document.addEventListener('click', (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const button = /** @type {HTMLElement | null} */ (target.closest('[data-action]'));
  if (!button) return;
  if (button.dataset.event) queue.undo(Number(button.dataset.event));
  else act(button.dataset.action ?? '', event.timeStamp);
  // A mouse user's next Space or Enter is meant for the player, not for this button.
  if (event.detail > 0) button.blur();
});

byId('picture').addEventListener('click', (event) => act('toggle', event.timeStamp));

/** @param {PointerEvent} event */
function scrub(event) {
  if (!player.clip) return;
  const box = bar.getBoundingClientRect();
  const share = Math.min(0.999999, Math.max(0, (event.clientX - box.left) / box.width));
  const { start_frame: start, end_frame: end } = player.clip;
  player.seek(start + Math.floor(share * (end - start)), event.timeStamp);
}

let resumeAfterScrub = false;
bar.addEventListener('pointerdown', (event) => {
  resumeAfterScrub = player.playing;
  player.pause();
  bar.setPointerCapture(event.pointerId);
  scrub(event);
});
bar.addEventListener('pointermove', (event) => {
  if (bar.hasPointerCapture(event.pointerId)) scrub(event);
});
bar.addEventListener('lostpointercapture', () => {
  if (resumeAfterScrub) player.play();
});

// --- Reviewer's name ------------------------------------------------------------------------

const nameField = /** @type {HTMLInputElement} */ (byId('reviewer'));
nameField.addEventListener('change', async () => {
  try {
    const { name } = await api('/api/reviewer', { name: nameField.value });
    nameField.value = name;
    nameField.blur();
    await Promise.all([loadMine(), queue.renew()]);
  } catch (error) {
    queue.notice = { text: String(/** @type {Error} */ (error).message), bad: true };
    schedule();
  }
});
nameField.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') nameField.blur();
});

async function loadMine() {
  const { recent, today } = await api('/api/mine').catch(() => ({ recent: [], today: 0 }));
  queue.saved = recent;
  queue.decidedToday = today;
  schedule();
}

// --- Drawing --------------------------------------------------------------------------------

let scheduled = false;
function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    draw();
  });
}

/** @type {Clip | null} */ let drawnClip = null;
let drawnLists = '';

function draw() {
  drawPlayer();
  const clip = queue.current;
  if (clip !== drawnClip) {
    drawnClip = clip;
    drawFacts(clip);
    drawTrim(clip);
  }
  const { notice, failed } = queue;
  const unsaved = failed.length > 0 ? `Decisions not saved: ${failed.length}.` : null;
  const lasting = unsaved ?? player.trouble;
  const trouble = notice ?? (lasting ? { text: lasting, bad: true } : null);
  const box = byId('notice');
  box.hidden = !trouble;
  box.classList.toggle('bad', trouble?.bad ?? false);
  if (trouble) setText(byId('notice-text'), trouble.text);
  byId('notice-repeat').hidden = !unsaved;
  byId('empty').hidden = !(queue.loaded && !clip);
  setText(byId('empty-why'), whyEmpty(queue.withOthers));
  page.classList.toggle('is-empty', !clip);
  setText(byId('pending'), String(queue.pending));
  setText(byId('today'), String(queue.decidedToday));
  setText(byId('unsaved'), queue.unsaved > 0 ? `saving ${queue.unsaved}…` : '');
  for (const button of document.querySelectorAll('.decisions button')) {
    const { action } = /** @type {HTMLElement} */ (button).dataset;
    const needsPrevious = action === 'group' || action === 'merge';
    const off = action === 'undo'
      ? queue.saved.length + queue.unsaved + failed.length === 0
      : !clip || queue.busy || (needsPrevious && !clip.previous);
    /** @type {HTMLButtonElement} */ (button).disabled = off;
  }
  drawLists();
}

/** @param {number} withOthers clips */
function whyEmpty(withOthers) {
  if (withOthers === 0) return 'New clips appear here by themselves.';
  const clips = withOthers === 1 ? '1 clip that waits is' : `${withOthers} clips that wait are`;
  return `The ${clips} with other reviewers.`;
}

/** @param {Clip | null} clip */
function drawFacts(clip) {
  byId('facts').hidden = !clip;
  if (!clip) return;
  const length = clip.end_frame - clip.start_frame;
  setText(byId('title'), clip.video.title);
  setText(byId('clip-id'), `Clip ${clip.id}`);
  byId('clip-id').setAttribute('href', `/clips/${clip.id}`);
  setText(byId('range'), `${clip.start_frame} – ${clip.end_frame - 1}`);
  setText(byId('length'), `${clip.duration_seconds.toFixed(2)} s · ${length} frames`);
  setText(byId('starts'), timecode(clip.start_seconds));
  const before = clip.previous;
  setText(
    byId('previous'),
    before ? `clip ${before.id}, ${before.state.replace(/^review_|_review$/g, '')}` : 'none',
  );
  bar.setAttribute('aria-valuemin', String(clip.start_frame));
  bar.setAttribute('aria-valuemax', String(clip.end_frame - 1));
}

/** @param {Clip | null} clip */
function drawTrim(clip) {
  const { start = null, end = null } = clip ? trimmedZones(clip) : {};
  byId('trim').hidden = !start && !end;
  if (!clip) return;
  const length = clip.end_frame - clip.start_frame;
  for (const [side, zone] of /** @type {const} */ ([['start', start], ['end', end]])) {
    const [area, name] = [byId(`trim-${side}`), byId(`trim-${side}-name`)];
    area.hidden = name.hidden = !zone;
    area.style.width = `${zone ? ((zone.end - zone.start) / length) * 100 : 0}%`;
    area.title = name.title = zone?.title ?? '';
    setText(name, zone?.name ?? '');
  }
  setText(byId('trim-fate'), fateOfTrimmed(exportsTrimmed));
}

function drawPlayer() {
  const { clip, presented } = player;
  byId('waiting').hidden = !player.waiting;
  byId('picture').classList.toggle('stale', clip !== null && presented === null);
  page.classList.toggle('is-playing', player.playing);
  byId('play').setAttribute('aria-label', player.playing ? 'Pause' : 'Play');
  byId('mute').setAttribute('aria-pressed', String(player.sound.muted));
  byId('mute').hidden = !clip?.video.has_audio;
  setText(byId('engine'), player.engineName);
  byId('engine').title = player.reason ?? 'Frames are decoded one by one.';
  const why = byId('engine-why');
  why.hidden = !player.reason;
  setText(why, player.reason ?? '');
  if (!clip) return;
  const length = clip.end_frame - clip.start_frame;
  const at = presented === null ? null : presented - clip.start_frame;
  setText(byId('frame'), presented === null ? '–' : String(presented));
  setText(byId('frame-of'), at === null ? '' : `${at + 1} of ${length}`);
  setText(byId('time'), timecode(player.presentedSeconds));
  const kind = queue.current && transitionAt(queue.current, presented);
  setText(byId('within'), kind ? `in a ${kind}` : '');
  if (at !== null) {
    const share = `${((at + 0.5) / length) * 100}%`;
    byId('knob').style.left = share;
    byId('played').style.width = share;
    bar.setAttribute('aria-valuenow', String(presented));
    bar.setAttribute('aria-valuetext', `${presented}${kind ? `, in a ${kind}` : ''}`);
  }
  drawLoaded(clip.start_frame, length);
}

let drawnLoaded = '';

/** @param {number} start @param {number} length */
function drawLoaded(start, length) {
  const parts = player.loaded;
  const key = `${start}/${length}:${parts.join()}`;
  if (key === drawnLoaded) return;
  drawnLoaded = key;
  byId('loaded').replaceChildren(
    ...parts.map(([a, b]) => {
      const part = document.createElement('i');
      part.style.left = `${((a - start) / length) * 100}%`;
      part.style.width = `${((b - a) / length) * 100}%`;
      return part;
    }),
  );
}

/** Next clips and own decisions, drawn again only when they have changed. */
function drawLists() {
  const next = queue.clips.slice(1, 6);
  const key = JSON.stringify([
    next.map((clip) => [clip.id, player.poster(clip) !== null]),
    queue.saved.map((event) => event.id),
  ]);
  if (key === drawnLists) return;
  drawnLists = key;
  byId('next').replaceChildren(...next.map(nextItem));
  byId('saved').replaceChildren(...queue.saved.map(savedItem));
  byId('saved-none').hidden = queue.saved.length > 0;
}

/** @param {Clip} clip */
function nextItem(clip) {
  const item = document.createElement('li');
  const poster = player.poster(clip);
  const picture = document.createElement('canvas');
  picture.width = 192;
  picture.height = Math.round((192 * clip.video.height) / clip.video.width);
  if (poster) picture.getContext('2d')?.drawImage(poster, 0, 0, picture.width, picture.height);
  const label = document.createElement('span');
  label.textContent = `${clip.duration_seconds.toFixed(1)} s`;
  item.title = `Clip ${clip.id}, ${clip.video.title}`;
  item.append(picture, label);
  return item;
}

/** @param {import('./queue.js').Saved} event */
function savedItem({ id, action, start_frame: a, end_frame: b }) {
  const item = document.createElement('li');
  const what = document.createElement('span');
  what.className = `did did-${action}`;
  what.textContent = DONE[action] ?? action;
  const range = document.createElement('span');
  range.className = 'frames';
  range.textContent = `${a} – ${b - 1}`;
  const undo = document.createElement('button');
  undo.className = 'quiet';
  undo.dataset.action = 'undo';
  undo.dataset.event = String(id);
  undo.textContent = 'Undo';
  undo.setAttribute('aria-label', `Undo: ${what.textContent} frames ${a} to ${b - 1}`);
  item.append(what, range, undo);
  return item;
}

// --- Help -----------------------------------------------------------------------------------

function toggleHelp() {
  const dialog = /** @type {HTMLDialogElement} */ (byId('help'));
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

for (const group of /** @type {const} */ (['Decide', 'Look'])) {
  const list = byId(`help-${group.toLowerCase()}`);
  for (const { keys, label } of BINDINGS.filter((binding) => binding.group === group)) {
    const cap = document.createElement('kbd');
    cap.textContent = keyCap(keys[0]);
    const term = document.createElement('dt');
    term.append(cap);
    const text = document.createElement('dd');
    text.textContent = label;
    list.append(term, text);
  }
}

// --- Go -------------------------------------------------------------------------------------

Object.assign(window, { heaters: { player, queue } });
void loadMine();
void queue.renew();
// A page that nobody looks at lets its leases run out, a closed one gives them back.
const renew = () => {
  if (!document.hidden) void queue.renew();
};
setInterval(renew, (leaseSeconds * 1000) / 4);
setInterval(() => {
  if (!document.hidden) void queue.refill();
}, REFILL_MS);
document.addEventListener('visibilitychange', renew);
addEventListener('pagehide', () => void api('/api/release', {}).catch(() => {}));
addEventListener('beforeunload', (event) => {
  if (queue.unsaved > 0 || queue.failed.length > 0) event.preventDefault();
});

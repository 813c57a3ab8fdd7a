/** The page of one collection: clips are put in order by dragging or by key, taken out, put back. */

import { api } from '../shared/api.js';
import '../shared/cards.js';
import { byId, setText } from '../shared/dom.js';
import { tellInLine } from '../shared/collecting.js';
import { sentence } from '../shared/words.js';

const list = document.getElementById('ordered');
const id = list?.dataset.collection ?? /\d+/.exec(location.pathname)?.[0];
const first = Number(list?.getAttribute('start') ?? 1);
const undo = byId('notice-undo');

/** The clip that was taken out last. @type {HTMLElement | null} */ let gone = null;
/** What follows it. @type {Element | null} */ let follower = null;
/** One request after the other, so that the last order wins. */
let last = Promise.resolve();

/** @returns {HTMLElement[]} */
const cards = () => /** @type {HTMLElement[]} */ ([...(list?.children ?? [])]);

/** @param {HTMLElement} card */
const idOf = (card) => Number(card.dataset.id);

/** @param {string} text @param {boolean} [canUndo] */
function tell(text, canUndo = false) {
  tellInLine({ text });
  undo.hidden = !canUndo;
}

/** @param {string} what @param {object} body @param {() => void} [then] */
function send(what, body, then = () => {}) {
  last = last.then(() => api(`/api/v1/collections/${id}/${what}`, body)).then(then, (error) => {
    tellInLine({ text: `Not saved: ${sentence(error)} Load the page again.`, bad: true });
  });
}

function number() {
  cards().forEach((card, i) => {
    const place = card.querySelector('.place');
    if (place) setText(/** @type {HTMLElement} */ (place), String(first + i));
  });
}

/** Puts a card before another one; null: at the end of the page. @param {HTMLElement} card
 * @param {Element | null} before */
function place(card, before) {
  if (before === card || before === card.nextElementSibling) return;
  list?.insertBefore(card, before);
  number();
}

/** @param {HTMLElement} card */
function save(card) {
  const next = /** @type {HTMLElement | null} */ (card.nextElementSibling);
  const previous = /** @type {HTMLElement | null} */ (card.previousElementSibling);
  const at = cards().indexOf(card);
  tell(`Clip ${idOf(card)} is ${first + at} now.`);
  if (next) {
    send('order', { clips: [idOf(card)], before: idOf(next) });
  } else if (previous) {
    // The last of this page, and not always of the collection: right behind the one before it.
    send('order', { clips: [idOf(previous), idOf(card)], before: idOf(previous) });
  }
}

// --- Dragging -----------------------------------------------------------------------------------

/** @type {HTMLElement | null} */ let dragged = null;
/** What followed it when the drag began. @type {Element | null} */ let began = null;

// On the document: a card that is put elsewhere loses the pointer.
document.addEventListener('pointermove', ({ clientX, clientY }) => {
  if (!dragged) return;
  const over = document.elementsFromPoint(clientX, clientY).find(
    (each) => each !== dragged && each.parentElement === list);
  if (!over) return;
  const { left, width } = over.getBoundingClientRect();
  place(dragged, clientX > left + width / 2 ? over.nextElementSibling : over);
});
for (const end of ['pointerup', 'pointercancel']) {
  document.addEventListener(end, () => {
    if (!dragged) return;
    const card = dragged;
    dragged = null;
    card.classList.remove('is-dragged');
    if (card.nextElementSibling !== began) save(card);
  });
}

for (const handle of document.querySelectorAll('.handle')) {
  const card = /** @type {HTMLElement} */ (handle.closest('.card'));
  handle.addEventListener('pointerdown', (event) => {
    if (/** @type {PointerEvent} */ (event).button !== 0) return;
    event.preventDefault(); // no selection of text
    /** @type {HTMLElement} */ (handle).focus();
    [dragged, began] = [card, card.nextElementSibling];
    card.classList.add('is-dragged');
  });
  handle.addEventListener('keydown', (event) => {
    const { key } = /** @type {KeyboardEvent} */ (event);
    const all = cards();
    const at = all.indexOf(card);
    const row = columns();
    /** @type {Record<string, number>} */
    const to = {
      ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - row, ArrowDown: at + row,
      Home: 0, End: all.length - 1,
    };
    if (!(key in to)) return;
    event.preventDefault();
    const wanted = Math.min(all.length - 1, Math.max(0, to[key]));
    if (wanted === at) return;
    place(card, wanted > at ? all[wanted].nextElementSibling : all[wanted]);
    /** @type {HTMLElement} */ (handle).focus(); // moving an element takes its focus
    save(card);
  });
}

/** How many cards there are in a row. */
function columns() {
  const all = cards();
  const top = all[0]?.offsetTop;
  const next = all.findIndex((card) => card.offsetTop !== top);
  return next < 0 ? all.length : next;
}

// --- Taking out, putting back -------------------------------------------------------------------

document.addEventListener('click', ({ target }) => {
  const button = /** @type {Element} */ (target).closest('button');
  if (!button) return;
  if ('takeOut' in button.dataset) {
    takeOut(/** @type {HTMLElement} */ (button.closest('.card')));
  } else if (button.dataset.putBack) {
    send('put-back', { clips: [Number(button.dataset.putBack)] }, () => location.reload());
  } else if (button === undo && gone) {
    const [card, before] = [gone, follower];
    gone = null;
    send('put-back', { clips: [idOf(card)] }, () => {
      list?.insertBefore(card, before);
      number();
      tell(`Clip ${idOf(card)} is back.`);
      /** @type {HTMLElement} */ (card.querySelector('.take-out')).focus(); // the button goes
    });
  }
});

/** @param {HTMLElement} card */
function takeOut(card) {
  send('take-out', { clips: [idOf(card)] }, () => {
    [gone, follower] = [card, card.nextElementSibling];
    const next = card.nextElementSibling ?? card.previousElementSibling;
    card.remove();
    number();
    tell(`Clip ${idOf(card)} is out of the collection.`, true);
    /** @type {HTMLElement | null | undefined} */ (next?.querySelector('.take-out'))?.focus();
  });
}

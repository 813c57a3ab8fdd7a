/** The library: the search box, filters as on the other pages, a dialog that describes a clip, and marks. */

import { takeApart } from '../shared/api.js';
import { dress } from '../shared/cards.js';
import { Collecting, COLLECTING, tellInLine } from '../shared/collecting.js';
import { byId, make } from '../shared/dom.js';
import { dot } from '../shared/dot.js';
import { Filters } from '../shared/filters.js';
import { isField } from '../shared/keys/focus.js';
import { keptKeys } from '../shared/keys/kept.js';
import { Keymap } from '../shared/keys/keymap.js';
import { colourOf } from '../shared/labels.js';
import { LIBRARY } from '../shared/selection.js';
import { bindingsOf } from '../shared/keys/lines.js';
import { STACK_LINES } from '../shared/stacks.js';
import { sentence } from '../shared/words.js';
import { Describing } from './describing.js';
import { Marking } from './marking.js';
import { SearchBox } from './search.js';

const filters = new Filters(() => location.reload(), LIBRARY);
const keymap = new Keymap([
  { action: 'search', key: '/', label: 'Search' },
  { action: 'filters', key: 'f', label: 'Filter the clips' },
  { action: 'toggleMark', key: 'x', label: 'Mark, or unmark' },
  { action: 'markRange', key: 'Shift+x', label: 'Mark from the last mark to here' },
  { action: 'markAll', key: 'e', label: 'Mark all, or none' },
  ...COLLECTING,
  ...bindingsOf([{ title: 'Stacks', lines: STACK_LINES }]),
], keptKeys());
const dialog = /** @type {HTMLDialogElement} */ (byId('describe'));

const marking = new Marking();
const box = new SearchBox(() => {
  dress(byId('found'));
  marking.begin();
});
const collecting = new Collecting({ chosen: () => marking.chosen, tell: tellInLine });

/** Opens the stack of the card in focus, or closes the one that is open. */
function openStack() {
  const link = marking.focused?.querySelector('.count') ?? document.getElementById('close-stack');
  if (link instanceof HTMLAnchorElement) location.assign(link.href);
}

/** Has the clips of the stack in focus, or of the one that is open, never stacked again. */
async function apart() {
  const holder = marking.focused?.dataset.stack ? marking.focused : document.getElementById('opened');
  const ids = holder?.dataset.stack?.split(',').map(Number);
  if (!ids) return;
  try {
    await takeApart(ids);
    location.reload();
  } catch (error) {
    const told = sentence(/** @type {import('../shared/api.js').ApiError} */ (error));
    tellInLine({ text: `The stack was not taken apart. ${told}`, bad: true });
  }
}

/** @type {Record<string, () => void>} */
const actions = {
  openStack,
  apart: () => void apart(),
  stacks: () => document.getElementById('stacks')?.click(),
  search: () => box.focus(),
  filters: () => filters.toggle(),
  toggleMark: () => marking.toggle(),
  markRange: () => marking.toggle(true),
  markAll: () => marking.all(),
  collect: () => collecting.toggle(),
  chooseCollection: () => collecting.choose(),
};

byId('found').addEventListener('click', ({ target }) => {
  const { id } = /** @type {Element} */ (target).closest('button') ?? { id: '' };
  if (id === 'filter') filters.toggle();
  if (id === 'apart') void apart();
});
byId('marked-collect').addEventListener('click', actions.chooseCollection);
document.addEventListener('keydown', (event) => {
  const isOver = filters.isOpen || dialog.open;
  if (event.key === 'Escape' && !isOver) marking.none();
  const action = keymap.actionFor(event);
  const isBusy = isField(/** @type {HTMLElement} */ (event.target)) || dialog.open;
  if (isBusy || !action || event.repeat || (filters.isOpen && action !== 'filters')) return;
  event.preventDefault();
  actions[action]?.();
});

const describing = new Describing((clip, listed) => {
  const card = /** @type {HTMLElement | null} */ (
    byId('found').querySelector(`.card[data-id="${clip.id}"]`));
  if (!card) return;
  card.dataset.described = JSON.stringify(clip);
  const stars = /** @type {HTMLElement} */ (card.querySelector('.stars'));
  stars.hidden = !clip.rating;
  stars.textContent = '★'.repeat(clip.rating ?? 0);
  stars.setAttribute('aria-label', `Rated ${clip.rating} of 5`);
  card.querySelector('.card-labels')?.replaceChildren(...clip.labels.flatMap((label) => [
    ' ', make('span', { className: 'label' }, dot(colourOf(label, listed)), label),
  ]));
});

document.addEventListener('click', ({ target }) => {
  const button = /** @type {Element} */ (target).closest('[data-describe]');
  if (target === dialog) dialog.close(); // a click beside it
  if (!button) return;
  const card = /** @type {HTMLElement} */ (button.closest('.card'));
  const clip = JSON.parse(card.dataset.described ?? '');
  byId('describe-title').textContent = `Clip ${clip.id}`;
  describing.open(clip);
  dialog.showModal();
});

/** The library: filters as on the other pages, and a dialog that describes a clip. */

import { byId, make } from '../shared/dom.js';
import { dot } from '../shared/dot.js';
import { Filters } from '../shared/filters.js';
import { isField } from '../shared/keys/focus.js';
import { keptKeys } from '../shared/keys/kept.js';
import { Keymap } from '../shared/keys/keymap.js';
import { colourOf } from '../shared/labels.js';
import { LIBRARY } from '../shared/selection.js';
import './cards.js';
import { Describing } from './describing.js';

const filters = new Filters(() => location.reload(), LIBRARY);
const keymap = new Keymap([{ action: 'filters', key: '/', label: 'Filter the clips' }], keptKeys());
const dialog = /** @type {HTMLDialogElement} */ (byId('describe'));

byId('filter').addEventListener('click', () => filters.toggle());
document.addEventListener('keydown', (event) => {
  const isBusy = isField(/** @type {HTMLElement} */ (event.target)) || dialog.open;
  if (isBusy || keymap.actionFor(event) !== 'filters') return;
  event.preventDefault();
  filters.toggle();
});

/** @type {HTMLElement | null} */ let card = null;
const describing = new Describing((clip, listed) => {
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
  card = /** @type {HTMLElement} */ (button.closest('.card'));
  const clip = JSON.parse(card.dataset.described ?? '');
  byId('describe-title').textContent = `Clip ${clip.id}`;
  describing.open(clip);
  dialog.showModal();
});

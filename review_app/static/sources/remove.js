/** Asks before a video is deleted, and tells what would be lost. */

import { byId, setText } from '../shared/dom.js';

export function askBeforeRemoval() {
  const dialog = /** @type {HTMLDialogElement} */ (byId('remove'));
  const form = /** @type {HTMLFormElement} */ (byId('remove-form'));
  document.addEventListener('click', (event) => {
    const target = /** @type {Element} */ (event.target);
    const button = /** @type {HTMLElement | null} */ (target.closest('[data-remove]'));
    if (!button) return;
    const { remove, title, lost } = button.dataset;
    form.action = remove ?? '';
    setText(byId('remove-title'), title ?? '');
    setText(byId('remove-lost'), lost ?? '');
    dialog.showModal();
  });
  byId('remove-not').addEventListener('click', () => dialog.close());
  form.addEventListener('submit', () => dialog.close());
}

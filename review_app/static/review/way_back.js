/** Where a reviewer came from to decide on one clip. Pure. */

import { searchOf, selectionOf, without } from '../shared/selection.js';

/** @param {string} search of the review page's address
 * @returns {{href: string, text: string} | null} null where the page shows more than that clip, or
 * was opened by itself */
export function wayBack(search) {
  const selection = selectionOf(search);
  const from = new URLSearchParams(search).get('from');
  if (!/^\d+$/.test(selection.clip ?? '')) return null;
  if (from === 'clip') return { href: `/clips/${selection.clip}`, text: 'Back to the clip' };
  if (from !== 'sheet') return null;
  const sheet = searchOf(without(selection, ['clip']));
  return { href: `/sheet${sheet}`, text: 'Back to the contact sheet' };
}

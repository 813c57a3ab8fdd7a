/** The card of the first visit: what the decisions do. Whoever closes it never sees it again. */

import { remember, remembered } from '../player/remember.js';
import { byId } from '../shared/dom.js';

export function explainOnce() {
  byId('explained').hidden = remembered('explained') !== null;
  byId('explained-close').addEventListener('click', () => {
    remember('explained', 'yes');
    byId('explained').hidden = true;
  });
}

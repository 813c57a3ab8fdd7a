/** The page Hand over: the list of copies keeps itself up to date while one is under way. */

import { byId } from '../shared/dom.js';

const PERIOD_MS = 1500;
const list = byId('copies');
let shown = '';

async function refresh() {
  try {
    const response = await fetch('/handover/copies');
    const text = await response.text();
    if (response.ok && text !== shown) {
      shown = text;
      const focused = list.contains(document.activeElement) ? document.activeElement?.id : '';
      list.innerHTML = text;
      if (focused) document.getElementById(focused)?.focus();
    }
  } catch {
    // The server can't be reached: the list stays, and the next round asks again.
  }
  wait();
}

function wait() {
  if (list.querySelector('[data-under-way]')) setTimeout(() => void refresh(), PERIOD_MS);
}

wait();

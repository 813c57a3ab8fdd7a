/**
 * Keeps the list up to date, and the page open: the answers to forms and links replace parts of the
 * page, because loading another page would interrupt uploads.
 */

import { byId, make } from '../shared/dom.js';

const PERIOD_MS = 3000;
const table = byId('table');
let shown = '';
let isPressing = false;
/** Counts the requests: an answer that arrives after a newer request is dropped. */
let asked = 0;

/** Changes the page, and keeps open details open and the focus in place.
 * @param {() => void} change */
function keeping(change) {
  const open = [...table.querySelectorAll('details[open]')].map(({ id }) => id);
  const focused = table.contains(document.activeElement) ? document.activeElement?.id : '';
  change();
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  if (focused) document.getElementById(focused)?.focus();
}

const isReading = () => {
  const selection = getSelection();
  return selection && !selection.isCollapsed && table.contains(selection.anchorNode);
};

/** Fetches the list as it is now. */
export async function refresh() {
  const number = (asked += 1);
  try {
    const response = await fetch(`/sources/table${location.search}`);
    const text = await response.text();
    if (!response.ok || text === shown || number !== asked || isPressing || isReading()) return;
    shown = text;
    keeping(() => {
      table.innerHTML = text;
    });
  } catch {
    // The server can't be reached: the list stays, and the next round asks again.
  }
}

/** @param {string} sentence */
function say(sentence) {
  byId('messages').replaceChildren(make('p', { className: 'message bad', textContent: sentence }));
}

/** Replaces parts of the page by those of the page that the server answers.
 * @param {string[]} parts ids @param {string} url @param {RequestInit} [request] */
async function visit(parts, url, request) {
  const number = (asked += 1);
  let response;
  let answer;
  try {
    response = await fetch(url, request);
    answer = new DOMParser().parseFromString(await response.text(), 'text/html');
  } catch {
    say('The server does not answer: try again in a moment.');
    return;
  }
  if (!answer.getElementById('table')) {
    const sentence = answer.getElementById('sentence')?.textContent;
    say(sentence ?? `The server answered ${response.status}.`);
    return;
  }
  const isOvertaken = number !== asked;
  shown = '';
  keeping(() => {
    for (const id of parts) {
      const [here, there] = [document.getElementById(id), answer.getElementById(id)];
      if (!here || !there || (id === 'table' && isOvertaken)) continue;
      here.replaceChildren(...there.childNodes);
    }
  });
}

/** @param {string} url */
function open(url) {
  history.pushState(null, '', url);
  void visit(['messages', 'search', 'table'], url);
}

/** @param {SubmitEvent} event */
function submit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.method === 'dialog') return;
  event.preventDefault();
  const fields = new FormData(form, event.submitter);
  if (form.id === 'search') {
    const find = `${fields.get('find')}`.trim();
    open(find ? `/sources?find=${encodeURIComponent(find)}` : '/sources');
    return;
  }
  const adds = form.id === 'add-form';
  const parts = adds ? ['messages', 'bad', 'add-form', 'table'] : ['messages', 'table'];
  const button = /** @type {HTMLButtonElement} */ (event.submitter);
  const { textContent } = button;
  button.disabled = true;
  if (adds) button.textContent = 'Adding…';
  // The form's own encoding: FormData would be sent in one several times as long.
  const body = new URLSearchParams(/** @type {any} */ (fields));
  void visit(parts, form.action, { method: 'POST', body }).finally(() => {
    button.disabled = false;
    button.textContent = textContent;
    if (adds) document.getElementById('references')?.focus();
  });
}

/** @param {Element | null} inside */
function closeOthers(inside) {
  for (const each of table.querySelectorAll('details[open]')) {
    if (!inside || !each.contains(inside)) each.removeAttribute('open');
  }
}

export function keepFresh() {
  document.querySelector('main')?.addEventListener('submit', submit);
  document.addEventListener('click', (event) => {
    const target = /** @type {Element} */ (event.target);
    closeOthers(target);
    const link = /** @type {HTMLAnchorElement | null} */ (target.closest('a.go'));
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link.href);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') closeOthers(null);
  });
  addEventListener('popstate', () => void visit(['search', 'table'], location.href));
  // A button that is replaced between press and release gets no click.
  table.addEventListener('pointerdown', () => {
    isPressing = true;
  });
  addEventListener('pointerup', () => {
    setTimeout(() => {
      isPressing = false;
    });
  });
  addEventListener('pointercancel', () => {
    isPressing = false;
  });
  setInterval(() => {
    if (!document.hidden) void refresh();
  }, PERIOD_MS);
}

/**
 * Names this page to the server, which leases clips to pages.
 *
 * A page that closes gives its clips back, but that request can come late or never: after a crash,
 * or when the next page of the tab is faster. The next page therefore gives back first what its
 * predecessor in the tab had. A duplicated tab has the same predecessor, still alive: each page
 * holds a lock, which ends with it.
 */

const KEY = 'heaters-page';
const GONE_MS = 300;

export const PAGE = Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16))
  .join('-');

const before = sessionStorage.getItem(KEY);
sessionStorage.setItem(KEY, PAGE);
void navigator.locks?.request(nameOf(PAGE), () => new Promise(() => {}));

/** @param {string} page */
function nameOf(page) {
  return `${KEY}-${page}`;
}

/** The token of the page that this one follows in its tab; null: none, or it is still open.
 * @returns {Promise<string | null>} */
export async function predecessor() {
  if (before === null) return null;
  // Without locks, as on http from another machine, nobody knows whether it is still open.
  if (!navigator.locks) return null;
  const signal = AbortSignal.timeout(GONE_MS);
  return navigator.locks.request(nameOf(before), { signal }, () => before).catch(() => null);
}

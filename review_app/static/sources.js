/** Keeps the table of sources up to date while nobody is in the middle of pressing its buttons. */

const PERIOD_MS = 3000;
const table = /** @type {HTMLElement} */ (document.getElementById('table'));

async function refresh() {
  if (document.hidden || table.contains(document.activeElement)) return;
  try {
    const response = await fetch(`/sources/table${location.search}`);
    if (response.ok) table.innerHTML = await response.text();
  } catch {
    // The server is away: the table stays as it was, the next round asks again.
  }
}

setInterval(() => void refresh(), PERIOD_MS);

/**
 * How long the reviewer waited for the next clip, from key press to paint: kept until a request
 * takes it to the server, which counts it.
 */

const MOST = 20;
const LONGEST_MS = 99_999;

/** @type {number[]} */ let waits = [];

const observer = new PerformanceObserver((list) => {
  for (const { duration } of list.getEntriesByName('heaters:next')) {
    waits.push(Math.min(LONGEST_MS, Math.round(duration)));
  }
  waits = waits.slice(-MOST);
});
observer.observe({ type: 'measure' });

/** The waits since the last call, in milliseconds, with commas; '': none. */
export function takeWaits() {
  const taken = waits.join();
  waits = [];
  return taken;
}

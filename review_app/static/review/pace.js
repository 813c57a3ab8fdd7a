/** How fast a reviewer decides. Pure. */

const LATEST = 60;
const FEWEST = 4;
/** A longer time between two decisions was a pause. */
const PAUSE_MS = 120_000;
const HOUR_MS = 3_600_000;

/** Decisions per hour by the latest ones, pauses left out; null while there are too few to tell.
 * @param {number[]} times of decisions, in ms, oldest first */
export function pace(times) {
  const latest = times.slice(-LATEST);
  let spent = 0;
  let steps = 0;
  for (let i = 1; i < latest.length; i += 1) {
    const took = latest[i] - latest[i - 1];
    if (took > PAUSE_MS) continue;
    spent += took;
    steps += 1;
  }
  return steps < FEWEST || spent === 0 ? null : Math.round((steps * HOUR_MS) / spent);
}

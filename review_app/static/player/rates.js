/** How fast a clip plays: below 0 backward, never 0. Pure. */

const LADDER = [-8, -4, -2, -1, 1, 2, 4, 8];
const SLOWEST = 0.1;
const FASTEST = 8;

/** The nearest rate that the player can play. @param {number} rate */
export function validRate(rate) {
  if (!Number.isFinite(rate) || rate === 0) return 1;
  return Math.sign(rate) * Math.min(FASTEST, Math.max(SLOWEST, Math.abs(rate)));
}

/** The rate after one more press of L (`direction` 1) or J (-1): from a stand at once, then ever
 * faster, through the other direction if it was playing that way.
 * @param {number} rate @param {boolean} playing @param {1 | -1} direction */
export function shuttled(rate, playing, direction) {
  if (!playing) return direction;
  const beyond = LADDER.filter((each) => (each - rate) * direction > 0);
  return (direction > 0 ? beyond[0] : beyond.at(-1)) ?? rate;
}

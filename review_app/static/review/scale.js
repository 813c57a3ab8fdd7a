/**
 * Positions along the bar: frames as shares of a clip, pictures of the film strip, names that must
 * not overlap. Pure.
 *
 * @typedef {import('../shared/clip.js').Range} Range
 */

/** Where a frame begins, from 0 to 1. @param {Range} clip @param {number} frame */
export const shareOf = ({ start_frame: start, end_frame: end }, frame) =>
  (frame - start) / (end - start);

/** The frame at a share of the bar. @param {Range} clip @param {number} share */
export function frameAt({ start_frame: start, end_frame: end }, share) {
  const frame = start + Math.floor(share * (end - start));
  return Math.min(end - 1, Math.max(start, frame));
}

/** The frames of a film strip of n pictures: the first is the clip's first, the last its last.
 * @param {Range} clip @param {number} n @returns {number[]} */
export function stripFrames({ start_frame: start, end_frame: end }, n) {
  const most = Math.max(1, Math.min(n, end - start));
  if (most === 1) return [start];
  return Array.from({ length: most }, (_, i) =>
    start + Math.round((i * (end - 1 - start)) / (most - 1)));
}

/** The left edges of names that should be centred on `at`, in order from left to right, all in
 * pixels: within `width` and apart from each other; null for a name without room.
 * @param {{at: number, width: number}[]} names @param {number} width @param {number} gap */
export function spread(names, width, gap) {
  let free = 0;
  return names.map((name) => {
    const wished = Math.min(width - name.width, name.at - name.width / 2);
    const left = Math.max(free, wished);
    if (left + name.width > width) return null;
    free = left + name.width + gap;
    return left;
  });
}

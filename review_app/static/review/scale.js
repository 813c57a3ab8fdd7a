/**
 * Positions along the bar: frames as shares of what it shows, which is a clip or a part of it;
 * pictures of the film strip, the height of a waveform, names that must not overlap. Pure.
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

/** The fewest frames that the bar shows of a longer clip. */
const NARROWEST = 10;
/** Where the playhead comes to stand on the bar when it had left what was shown. */
const LEAD = 0.1;

/** The part of a clip that is `times` as long as the one that is shown, around a frame, which stays
 * where it is on the bar. @param {Range} clip @param {Range} shown @param {number} times
 * @param {number} frame @returns {Range} */
export function zoomedBy(clip, shown, times, frame) {
  const whole = clip.end_frame - clip.start_frame;
  const wished = Math.round((shown.end_frame - shown.start_frame) * times);
  const length = Math.min(whole, Math.max(NARROWEST, wished));
  return within(clip, Math.round(frame - shareOf(shown, frame) * length), length);
}

/** What is shown, moved by a share of itself. @param {Range} clip @param {Range} shown
 * @param {number} share @returns {Range} */
export function scrolledBy(clip, shown, share) {
  const length = shown.end_frame - shown.start_frame;
  return within(clip, shown.start_frame + Math.round(share * length), length);
}

/** What is shown once a frame is to be seen. @param {Range} clip @param {Range} shown
 * @param {number} frame @returns {Range} */
export function showing(clip, shown, frame) {
  if (shown.start_frame <= frame && frame < shown.end_frame) return shown;
  if (frame < clip.start_frame || frame >= clip.end_frame) return shown;
  const length = shown.end_frame - shown.start_frame;
  const lead = Math.floor(length * (frame < shown.start_frame ? 1 - LEAD : LEAD));
  return within(clip, frame - lead, length);
}

/** @param {Range} clip @param {number} start @param {number} length @returns {Range} */
function within(clip, start, length) {
  const first = Math.min(clip.end_frame - length, Math.max(clip.start_frame, start));
  return { start_frame: first, end_frame: first + length };
}

/** Decibels below full scale at which a waveform and the meter begin. */
export const QUIETEST_DB = -48;

/** How high a peak is drawn, 0 to 1, by its decibels. @param {number} peak 0 to 1 */
export const heightOf = (peak) =>
  Math.min(1, Math.max(0, 1 - (20 * Math.log10(Math.max(peak, 1e-6))) / QUIETEST_DB));

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

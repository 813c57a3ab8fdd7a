/**
 * Two clips in step. Pure.
 *
 * @typedef {{start_frame: number, end_frame: number, duration_seconds: number,
 *   video: {proxy_id: string}}} Timed
 */

/** Rates that differ by less are one, measured on clips of a few frames. */
const SAME_RATE = 0.01;

/** The frame of `other` that is as far from its beginning as `frame` is in `clip`: in frames where
 * both have one rate, in time where they have not. A clip that has ended stays on its last frame.
 * @param {Timed} clip @param {Timed} other @param {number} frame @returns {number} */
export function inStep(clip, other, frame) {
  const ratio = clip.video.proxy_id === other.video.proxy_id ? 1 : rateOf(other) / rateOf(clip);
  const frames = (frame - clip.start_frame) * (Math.abs(ratio - 1) < SAME_RATE ? 1 : ratio);
  const inside = Math.min(other.end_frame - other.start_frame - 1, Math.max(0, Math.floor(frames)));
  return other.start_frame + inside;
}

/** Frames a second. @param {Timed} clip */
const rateOf = ({ start_frame: start, end_frame: end, duration_seconds: seconds }) =>
  (end - start) / seconds;

/**
 * The frames of a clip that a reviewer chose as its keyframes. Pure.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {Pick<Clip, 'start_frame' | 'end_frame' | 'chosen_frames'>} Chosen
 */

/** @param {Chosen} clip @param {number} frame */
export const isChosen = (clip, frame) => clip.chosen_frames?.includes(frame) ?? false;

/** The chosen frames once `frame` is chosen, or is not any more; null where it is no frame of the
 * clip. @param {Chosen} clip @param {number} frame @returns {number[] | null} */
export function toggledFrame({ start_frame: start, end_frame: end, chosen_frames: chosen = [] }, frame) {
  if (frame < start || frame >= end) return null;
  if (chosen.includes(frame)) return chosen.filter((each) => each !== frame);
  return [...chosen, frame].sort((a, b) => a - b);
}

/** Those of `frames` that a range has. @param {number[] | undefined} frames @param {number} start
 * @param {number} end */
export const chosenIn = (frames, start, end) =>
  (frames ?? []).filter((frame) => start <= frame && frame < end);

/** What became of the chosen frames: `+still 12`. @param {number[] | undefined} was
 * @param {number[] | undefined} now */
export function stillWords(was = [], now = []) {
  return [
    ...now.filter((frame) => !was.includes(frame)).map((frame) => `+still ${frame}`),
    ...was.filter((frame) => !now.includes(frame)).map((frame) => `−still ${frame}`),
  ];
}

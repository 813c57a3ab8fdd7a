/**
 * Transitions of a clip, and its frames that are not a clean part of its shot, as ranges and in
 * words. Pure.
 *
 * @typedef {import('../shared/clip.js').Transition} Transition
 * @typedef {import('../shared/clip.js').Range} Range
 * @typedef {Range & {trim: Range | null, transitions: Transition[]}} Trimmed
 * @typedef {{start: number, end: number, name: string, title: string}} Zone  frames `[start, end)`
 */

import { count } from '../shared/words.js';

/** @param {Trimmed} clip @returns {Range} the frames that show its own shot alone */
export const cleanRange = (clip) => clip.trim ?? clip;

/** The zones trimmed off either end; null for an untrimmed end.
 * @param {Trimmed} clip @returns {{start: Zone | null, end: Zone | null}} */
export function trimmedZones(clip) {
  const clean = cleanRange(clip);
  return {
    start: zone(clip, clip.start_frame, clean.start_frame),
    end: zone(clip, clean.end_frame, clip.end_frame),
  };
}

/** @param {Trimmed} clip @param {number} start @param {number} end @returns {Zone | null} */
function zone({ transitions }, start, end) {
  if (start >= end) return null;
  const over = transitions.filter(({ first, last }) => first + 1 < end && last > start);
  const kinds = [...new Set(over.map(({ kind }) => kind))].join(' and ') || 'transition';
  const length = end - start;
  const [one, ...others] = over;
  const whole = one && others.length === 0 ? one.last - one.first - 1 : length;
  const what = whole > length ? `${length} of the ${count(whole, 'frame')} of a ${kinds}` : kinds;
  return {
    start,
    end,
    name: `${kinds}, ${count(length, 'frame')}`,
    title: `${start} – ${end - 1}: ${what}`,
  };
}

/** The zones of transitions within a clip.
 * @param {Trimmed} clip @returns {(Zone & {kind: string})[]} */
export function transitionZones({ start_frame: from, end_frame: to, transitions }) {
  return transitions.flatMap(({ kind, first, last }) => {
    const [start, end] = [Math.max(from, first + 1), Math.min(to, last)];
    if (start >= end) return [];
    const name = `${kind}, ${count(end - start, 'frame')}`;
    return [{ kind, start, end, name, title: `${start} – ${end - 1}: ${kind}` }];
  });
}

/** The frame at which the next transition within a clip begins, or the previous one; null where there
 * is none. @param {Trimmed} clip @param {number} frame @param {1 | -1} direction */
export function transitionFrom(clip, frame, direction) {
  const starts = transitionZones(clip).map(({ start }) => start).sort((a, b) => a - b);
  const beyond = starts.filter((start) => (start - frame) * direction > 0);
  return (direction > 0 ? beyond[0] : beyond.at(-1)) ?? null;
}

/** The frames around a cut of a clip, as many on either side as the film has of so many; null at
 * either end of the film. @param {Range & {video: {frame_count: number}}} clip
 * @param {'start' | 'end'} edge @param {number} frames @returns {Range | null} */
export function acrossCut(clip, edge, frames) {
  const at = edge === 'start' ? clip.start_frame : clip.end_frame;
  if (at <= 0 || at >= clip.video.frame_count) return null;
  return {
    start_frame: Math.max(0, at - frames),
    end_frame: Math.min(clip.video.frame_count, at + frames),
  };
}

/** The kind of transition with which a clip begins (`at`: its first frame) or ends (`at`: the frame
 * after its last). @param {Trimmed} clip @param {number} at */
export function kindOfCut({ transitions }, at) {
  return transitions.find(({ first, last }) => first < at && at <= last)?.kind ?? 'cut';
}

/** The kind of the transition around a frame, or null.
 * @param {Trimmed} clip @param {number | null} frame */
export function transitionAt({ transitions }, frame) {
  if (frame === null) return null;
  return transitions.find(({ first, last }) => first < frame && frame < last)?.kind ?? null;
}

/** What exports do with the trimmed frames.
 * @param {boolean} areLeftOut by the main export profile */
export const fateOfTrimmed = (areLeftOut) =>
  areLeftOut ? 'Exports leave the hatched frames out.' : 'Exports keep the hatched frames.';

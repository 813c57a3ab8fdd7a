/**
 * Transitions of a clip, and what of it is no clean part of its shot, in frames and in words. Pure.
 *
 * @typedef {import('../shared/clip.js').Transition} Transition
 * @typedef {import('../shared/clip.js').Range} Range
 * @typedef {Range & {trim: Range | null, transitions: Transition[]}} Trimmed
 * @typedef {{start: number, end: number, name: string, title: string}} Zone  frames `[start, end)`
 */

import { count } from '../shared/words.js';

/** @param {Trimmed} clip @returns {Range} the frames that show its own shot alone */
export const cleanRange = (clip) => clip.trim ?? clip;

/** What is trimmed off either end; null where nothing is.
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

/** Where transitions lie within a clip, each with its kind.
 * @param {Trimmed} clip @returns {(Zone & {kind: string})[]} */
export function transitionZones({ start_frame: from, end_frame: to, transitions }) {
  return transitions.flatMap(({ kind, first, last }) => {
    const [start, end] = [Math.max(from, first + 1), Math.min(to, last)];
    if (start >= end) return [];
    const name = `${kind}, ${count(end - start, 'frame')}`;
    return [{ kind, start, end, name, title: `${start} – ${end - 1}: ${kind}` }];
  });
}

/** How a clip begins (`at` its first frame) or ends (`at` the frame after its last): the kind of
 * the transition there. @param {Trimmed} clip @param {number} at */
export function kindOfCut({ transitions }, at) {
  return transitions.find(({ first, last }) => first < at && at <= last)?.kind ?? 'cut';
}

/** The kind of the transition that a frame lies in, or null.
 * @param {Trimmed} clip @param {number | null} frame */
export function transitionAt({ transitions }, frame) {
  if (frame === null) return null;
  return transitions.find(({ first, last }) => first < frame && frame < last)?.kind ?? null;
}

/** What becomes of the trimmed frames. @param {boolean} areLeftOut the setting `export_trimmed` */
export const fateOfTrimmed = (areLeftOut) =>
  areLeftOut ? 'Exports leave the hatched frames out.' : 'Exports keep the hatched frames.';

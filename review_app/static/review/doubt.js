/**
 * Cuts that the detector is not sure of, and cuts that it left out and suggests: in words, and the
 * way from one to the next. Pure.
 *
 * @typedef {import('../shared/clip.js').Range} Range
 * @typedef {import('../shared/clip.js').Suggestion} Suggestion
 * @typedef {Range & {start_score: number | null, end_score: number | null,
 *   suggestions: Suggestion[]}} Judged
 */

/** @param {number} score 0 to 1 */
export const perCent = (score) => `${Math.round(score * 100)} %`;

/** How sure the detector is of the cut at one end of a clip; empty where there is no doubt.
 * @param {Judged} clip @param {'start' | 'end'} side @param {number} sure the score from which on
 * there is none @returns {string} */
export function doubtOfCut(clip, side, sure) {
  const score = side === 'start' ? clip.start_score : clip.end_score;
  return score !== null && score < sure ? `${perCent(score)} sure` : '';
}

/** @param {Suggestion} suggestion */
export const suggestionWords = ({ score }) => `suggested cut, ${perCent(score)}`;

/** The places of the suggestions on the bar. @param {Judged} clip */
export const suggestionZones = ({ suggestions }) => suggestions.map((each) => {
  const [{ frame: start }, name] = [each, suggestionWords(each)];
  return { start, end: start, kind: 'suggested', name, title: `${start}: ${name}` };
});

/** The suggestion whose second part begins at a frame. @param {Judged} clip
 * @param {number | null} frame */
export const suggestionAt = ({ suggestions }, frame) =>
  suggestions.find((each) => each.frame === frame) ?? null;

/** The frame of the next suggestion after a frame (1), or the one before it (-1); beyond the last
 * comes the first. Null without suggestions. @param {Judged} clip @param {number} frame
 * @param {1 | -1} direction @returns {number | null} */
export function suggestionFrom({ suggestions }, frame, direction) {
  const frames = suggestions.map((each) => each.frame).sort((a, b) => direction * (a - b));
  return frames.find((each) => direction * (each - frame) > 0) ?? frames[0] ?? null;
}

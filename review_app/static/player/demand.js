/**
 * What to load, most wanted first. Pure.
 *
 * @typedef {import('./frames.js').Run} Run
 * @typedef {{start_frame: number, end_frame: number, video: {proxy_id: string}}} Clip
 */

import { inPlayOrder, planRuns } from './frames.js';

/** Of the clip on the screen, before the next one's first and in all. */
const RUNS_FIRST = 2;
const RUNS_AHEAD = 16;
const NEXT_CLIP_FRAMES = 128;

/**
 * First what is about to be shown, then what is asked for by name, then the beginning of the next
 * clip: a decision may come at any moment.
 * @param {{clip: Clip, wanted: number, backward: boolean, next: Clip[],
 *   stills: {proxy: string, frame: number}[]}} need @returns {Run[]}
 */
export function runsInNeed({ clip, wanted, backward, next, stills }) {
  const own = inPlayOrder(runsOf(clip), wanted, backward).slice(0, RUNS_AHEAD);
  const [soon, ...later] = next.map((each) => runsOf(each, NEXT_CLIP_FRAMES));
  const first = [...own.slice(0, RUNS_FIRST), ...(soon ?? []).slice(0, 1)];
  const named = stills
    .filter(({ proxy, frame }) =>
      !first.some((run) => run.proxy === proxy && run.a <= frame && frame < run.b))
    .map(({ proxy, frame }) => ({ proxy, a: frame, b: frame + 1 }));
  return [
    ...own.slice(0, 1), ...named, ...first.slice(1), ...own.slice(RUNS_FIRST),
    ...(soon ?? []).slice(1), ...later.flat(),
  ];
}

/** Those of a clip, or of its beginning. @param {Clip} clip @param {number} [most] frames
 * @returns {Run[]} */
export const runsOf = ({ video, start_frame: start, end_frame: end }, most = Infinity) =>
  planRuns(video.proxy_id, start, Math.min(end, start + most));

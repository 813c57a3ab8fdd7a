/**
 * A clip as the server sends it, for all pages.
 *
 * @typedef {{start_frame: number, end_frame: number}} Range  frames `[start_frame, end_frame)`
 * @typedef {{kind: string, first: number, last: number}} Transition  `first` and `last` are clean
 *   frames, one on either side: the frames of the transition itself lie between them
 * @typedef {{frame: number, score: number}} Suggestion  a cut that the detector left out; `frame` is
 *   the first after it
 * @typedef {Range & {id: number, state: string}} Neighbour
 * @typedef {{action: string, actor: string, at: string}} Verdict  the decision that gave a clip its
 *   state; `at`: ISO 8601
 * @typedef {{actor: string, action: string}} Opinion  of one of several people who decide
 * @typedef {Neighbour & {version: number, start_seconds: number, duration_seconds: number,
 *   labels: string[], rating: number | null, note: string | null, score: number | null,
 *   chosen_frames?: number[],
 *   trim: Range | null, flashes?: [number, number][], transitions: Transition[],
 *   suggestions: Suggestion[], start_score: number | null, end_score: number | null,
 *   verdict?: Verdict | null, opinions?: Opinion[], comments?: number,
 *   video: import('../player/player.js').PlayerVideo & {key: string, title: string,
 *     frame_count: number, rate: [number, number]},
 *   previous?: Neighbour | null, next?: Neighbour | null}} Clip  a neighbour is the live clip that
 *   ends where this one starts, or starts where it ends; null: there is none, undefined: not known;
 *   `chosen_frames`: those that a reviewer chose
 *   as keyframes; `comments`: how many there are; the scores say how sure the detector is of the cuts at its ends, null where a reviewer made them
 */

export {};

/**
 * How decisions change the list of clips: at once on the screen, and again when the server has
 * answered. Pure.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {import('../shared/clip.js').Neighbour} Neighbour
 * @typedef {{edge: 'start' | 'end', frame: number}} Nudge
 * @typedef {{action: string, clip: Clip, fields: Record<string, any>, made: number[],
 *   before: Clip[], also: Clip[], target: Edit | null, place: number | null}} Edit  `clip` as the
 *   reviewer saw it; `also`: the others of its stack that are decided on with it; `made`: the ids of the clips that it makes, below zero until the server has
 *   given them ids; `before`: the clips that it changes, as they were; an undo takes back its
 *   `target`, and the clips return in front of the clip `place`
 */

import { stateWords } from '../shared/words.js';
import { chosenIn } from './stills.js';

/** Frames at either end of a clip in which a suggested cut is taken for that end; as the server's. */
const CLEARANCE = 2;

/** @param {Neighbour} clip */
export const isPending = (clip) => clip.state === 'pending_review';

/** Decisions that are made on all clips of a closed stack. */
export const STACKED = new Set(['approve', 'skip', 'archive']);

/** Decisions that take a clip off the list, with the states that follow. */
const DECIDED = new Map(Object.entries({
  approve: 'review_approved',
  skip: 'review_skipped',
  archive: 'review_archived',
  group: 'review_approved',
}));

/** States of clips that the pipeline has not started on. */
const OPEN = new Set(['pending_review', ...DECIDED.values()]);
const ARCHIVED = new Set(['review_archived', 'archived']);

/** A clip in one of these states is approved when the clip after it is grouped with it. */
const APPROVED_BY_GROUP = new Set(['pending_review', 'review_skipped']);

/** What a neighbour's state can rule out. @type {Record<string, string>} */
const BARRED = {
  group: "this one can't be grouped with it",
  merge: "this one can't be merged with it",
  nudge: "the cut between can't be moved",
};

/** What a clip's own state can rule out. @type {Record<string, string>} */
const PREVENTED = {
  group: "it can't be grouped",
  merge: "it can't be merged",
  split: "it can't be split",
  nudge: "its cuts can't be moved",
};

/** What to tell of an edit that does more than the screen shows; null if nothing.
 * @param {string} action @param {Clip} clip @param {Record<string, any>} fields */
export function alsoDone(action, clip, fields) {
  if (alsoDecided(action, clip)) return 'Grouped: 2 clips approved.';
  const beside = action === 'merge' && clip[sideOf(fields)];
  if (!beside || isPending(beside)) return null;
  return `The clip ${sideOf(fields) === 'next' ? 'after' : 'before'} was ${stateWords(beside.state)}: ` +
    'its frames wait for a decision again.';
}

/** @param {{action: string}} edit */
export const isDecision = (edit) => DECIDED.has(edit.action);

/** The clip before, if an edit decides on it, too. @param {string} action @param {Clip} clip */
export function alsoDecided(action, { previous }) {
  return action === 'group' && previous && APPROVED_BY_GROUP.has(previous.state) ? previous : null;
}

/** True if only the server can tell what the screen shows next. @param {Edit} edit */
export function awaits({ action, clip, fields, target }) {
  if (action === 'undo') return target === null;
  return action === 'merge' && clip[sideOf(fields)] === undefined;
}

/** @param {Record<string, any>} fields @returns {'previous' | 'next'} */
const sideOf = ({ side }) => (side === 'next' ? 'next' : 'previous');

/** @param {'start' | 'end'} edge @returns {'previous' | 'next'} */
const besideEdge = (edge) => (edge === 'start' ? 'previous' : 'next');

/** Why an edit is not possible on a clip; null if it is.
 * @param {string} action @param {Clip} clip @param {Record<string, any>} fields */
export function whyNot(action, clip, fields) {
  const isTaken = !OPEN.has(clip.state) && !ARCHIVED.has(clip.state);
  const isSame = DECIDED.get(action) === clip.state || (action === 'approve' && isTaken) ||
    (action === 'archive' && ARCHIVED.has(clip.state));
  if (isSame && action !== 'group') return `This clip is ${stateWords(clip.state)} already.`;
  const kept = action === 'group' ? isTaken : !OPEN.has(clip.state);
  if (kept && action in PREVENTED) return `This clip is ${stateWords(clip.state)}, so ${PREVENTED[action]}.`;
  if (action === 'group' || action === 'merge' || action === 'nudge') {
    const side = action === 'nudge' ? besideEdge(fields.edge) : sideOf(fields);
    const where = side === 'next' ? 'after' : 'before';
    const beside = clip[side];
    if (beside === undefined) return null;
    if (beside === null) {
      const so = action === 'nudge'
        ? `its ${fields.edge} can't be moved`
        : `there is nothing to ${action} it with`;
      return `No clip comes right ${where} this one, so ${so}.`;
    }
    const allowed = action === 'group' ? !ARCHIVED.has(beside.state) : OPEN.has(beside.state);
    return allowed
      ? null
      : `The clip ${where} is ${stateWords(beside.state)}, so ${BARRED[action]}.`;
  }
  if (action === 'split') {
    const inside = (/** @type {number} */ n) => clip.start_frame < n && n < clip.end_frame;
    if (fields.frames.length > 0 && fields.frames.every(inside)) return null;
    return 'Step to the first frame of the second part, then split.';
  }
  return null;
}

/** The frame for a cut, limited so that the clips on both sides keep a frame.
 * @param {Clip} clip @param {'start' | 'end'} edge @param {number} frame */
export function clampedCut(clip, edge, frame) {
  const [lowest, highest] = edge === 'start'
    ? [(clip.previous?.start_frame ?? 0) + 1, clip.end_frame - 1]
    : [clip.start_frame + 1, (clip.next?.end_frame ?? clip.video.frame_count) - 1];
  return Math.min(highest, Math.max(lowest, frame));
}

/** The list as the screen shows it after `edit`. @param {Clip[]} clips @param {Edit} edit
 * @returns {Clip[]} */
export function applied(clips, edit) {
  if (edit.action === 'undo') return edit.target ? restored(clips, edit) : clips;
  const clip = clips.find((each) => each.id === edit.clip.id);
  if (!clip || awaits(edit)) return clips;
  const { action, fields, made } = edit;
  if (action === 'annotate') {
    return clips.map((each) => (each === clip ? { ...each, ...fields } : each));
  }
  if (action === 'nudge') return nudged(clips, clip, /** @type {Nudge} */ (fields));
  if (action === 'split') return replaced(clips, [clip], parts(clip, fields.frames, made));
  if (action === 'merge') {
    const beside = /** @type {Neighbour} */ (clip[sideOf(fields)]);
    const other = clips.find((each) => each.id === beside.id);
    return replaced(clips, other ? [clip, other] : [clip], [merged(clip, beside, other, made[0])]);
  }
  const other = alsoDecided(action, clip);
  const state = DECIDED.get(action) ?? clip.state;
  const decided = [clip, ...(other ? [{ ...other, video: clip.video }] : []), ...edit.also]
    .map((each) => ({ ...each, state }));
  return joined(clips.filter(({ id }) => decided.every((each) => each.id !== id)), decided);
}

/** The list after the server's answer to an edit. @param {Clip[]} clips @param {Edit} edit
 * @param {Clip[]} answered the clips that it changed or made */
export function settled(clips, edit, answered) {
  const fresh = new Map(answered.map((clip) => [clip.id, clip]));
  // Where two people decide, a clip that was decided on still waits: for somebody else.
  const decided = new Set([edit.clip, ...edit.also].map(({ id }) => id));
  const leaves = (/** @type {Clip} */ { id, state }) => {
    const now = fresh.get(id)?.state ?? state;
    return now === 'superseded' ||
      (isDecision(edit) && fresh.has(id) && (decided.has(id) || now !== state));
  };
  const here = new Set(clips.map((clip) => clip.id));
  const comes = (/** @type {Clip} */ clip) => !here.has(clip.id) && entersBy(edit, clip);
  const coming = answered.filter(comes).sort((x, y) => x.start_frame - y.start_frame);
  const place = edit.action === 'undo' ? edit.place : edit.clip.id;
  const at = Math.max(0, clips.findIndex((clip) => clip.id === place));
  const stays = (/** @type {Clip[]} */ some) =>
    some.filter((clip) => !leaves(clip)).map((clip) => fresh.get(clip.id) ?? clip);
  return joined([...stays(clips.slice(0, at)), ...coming, ...stays(clips.slice(at))], answered);
}

/** @param {Edit} edit @param {Clip} clip */
function entersBy({ action, target }, clip) {
  if (action === 'split' || action === 'merge') return isPending(clip);
  if (action !== 'undo' || clip.state === 'superseded') return false;
  if (isPending(clip) || target === null) return isPending(clip);
  const left = isDecision(target) ? target.before : [];
  return [target.clip, ...left].some(({ id }) => id === clip.id);
}

/** The clips that an edit takes off a list or changes, as they were.
 * @param {Clip[]} old @param {Clip[]} now */
export function changedBetween(old, now) {
  const after = new Map(now.map((clip) => [clip.id, clip]));
  return old.filter((clip) => !isSame(clip, after.get(clip.id)));
}

/** @param {Clip} a @param {Clip | undefined} b */
const isSame = (a, b) =>
  b !== undefined && a.start_frame === b.start_frame && a.end_frame === b.end_frame &&
  a.labels === b.labels && a.rating === b.rating && a.note === b.note &&
  a.chosen_frames === b.chosen_frames;

/** @param {Clip[]} clips @param {Edit} edit an undo with its target */
function restored(clips, { target, place }) {
  const { before, made } = /** @type {Edit} */ (target);
  const back = new Map(before.map((clip) => [clip.id, clip]));
  const here = new Set(clips.map((clip) => clip.id));
  const coming = before.filter((clip) => !here.has(clip.id));
  const at = Math.max(0, clips.findIndex((clip) => clip.id === place));
  const stays = (/** @type {Clip[]} */ some) =>
    some.filter(({ id }) => !made.includes(id)).map((clip) => back.get(clip.id) ?? clip);
  return joined([...stays(clips.slice(0, at)), ...coming, ...stays(clips.slice(at))], before);
}

/** @param {Clip[]} clips @param {Clip} clip @param {Nudge} nudge */
function nudged(clips, clip, { edge, frame }) {
  const beside = clip[besideEdge(edge)];
  const other = edge === 'start' ? 'end' : 'start';
  const list = clips.map((each) => {
    if (each === clip) return withCut(each, edge, frame);
    if (each.id === beside?.id) return withCut(each, other, frame);
    return beyondCut(each, beside, edge, frame);
  });
  return joined(list, list.filter((each, i) => each !== clips[i]));
}

/** @param {Clip} clip @param {'start' | 'end'} edge @param {number} frame @returns {Clip} */
function withCut(clip, edge, frame) {
  const { previous, next } = clip;
  if (edge === 'start') {
    const moved = ranged(clip, frame, clip.end_frame);
    return { ...moved, previous: previous && { ...previous, end_frame: frame } };
  }
  const moved = ranged(clip, clip.start_frame, frame);
  return { ...moved, next: next && { ...next, start_frame: frame } };
}

/** A clip on the far side of a moved cut's neighbour, which need not be in the list.
 * @param {Clip} clip @param {Neighbour | null | undefined} beside @param {'start' | 'end'} edge
 * @param {number} frame @returns {Clip} */
function beyondCut(clip, beside, edge, frame) {
  const { previous, next } = clip;
  if (edge === 'end' && previous && previous.id === beside?.id) {
    return { ...clip, previous: { ...previous, start_frame: frame } };
  }
  if (edge === 'start' && next && next.id === beside?.id) {
    return { ...clip, next: { ...next, end_frame: frame } };
  }
  return clip;
}

/** @param {Clip} clip @param {number[]} frames @param {number[]} ids */
function parts(clip, frames, ids) {
  const edges = [clip.start_frame, ...frames, clip.end_frame];
  const made = ids.map((id, i) => provisional(ranged(clip, edges[i], edges[i + 1]), id));
  return made.map((part, i) => ({
    ...part,
    previous: i > 0 ? neighbour(made[i - 1]) : clip.previous,
    next: i < made.length - 1 ? neighbour(made[i + 1]) : clip.next,
  }));
}

/** @param {Clip} clip @param {Neighbour} beside @param {Clip | undefined} other `beside`, if it is
 * in the list @param {number} id */
function merged(clip, beside, other, id) {
  const start = Math.min(clip.start_frame, beside.start_frame);
  const end = Math.max(clip.end_frame, beside.end_frame);
  const isFirst = clip.start_frame === start;
  const whole = provisional(ranged(clip, start, end), id);
  return {
    ...whole,
    previous: isFirst ? clip.previous : other?.previous,
    next: isFirst ? other?.next : clip.next,
    labels: [...new Set([...clip.labels, ...(other?.labels ?? [])])],
    rating: Math.max(clip.rating ?? 0, other?.rating ?? 0) || null,
    chosen_frames: [...clip.chosen_frames ?? [], ...other?.chosen_frames ?? []].sort((a, b) => a - b),
    transitions: isFirst
      ? [...clip.transitions, ...(other?.transitions ?? [])]
      : [...(other?.transitions ?? []), ...clip.transitions],
    start_score: (isFirst ? clip : other)?.start_score ?? null,
    end_score: (isFirst ? other : clip)?.end_score ?? null,
    suggestions: [...clip.suggestions, ...(other?.suggestions ?? [])],
  };
}

/** @param {Clip} clip @param {number} id */
const provisional = (clip, id) => ({ ...clip, id, version: 0, state: 'pending_review' });

/** The clip with another range, its times computed from the nominal rate.
 * @param {Clip} clip @param {number} start @param {number} end @returns {Clip} */
function ranged(clip, start, end) {
  const [num, den] = clip.video.rate;
  const seconds = (/** @type {number} */ frames) => (frames * den) / num;
  const added = end - start - (clip.end_frame - clip.start_frame);
  const { trim } = clip;
  const clean = trim && {
    start_frame: Math.max(start, trim.start_frame),
    end_frame: Math.min(end, trim.end_frame),
  };
  return {
    ...clip,
    start_frame: start,
    end_frame: end,
    start_seconds: clip.start_seconds + seconds(start - clip.start_frame),
    duration_seconds: clip.duration_seconds + seconds(added),
    chosen_frames: chosenIn(clip.chosen_frames, start, end),
    trim: clean && clean.start_frame < clean.end_frame ? clean : null,
    transitions: clip.transitions.filter(({ first, last }) => first + 1 < end && last > start),
    start_score: start === clip.start_frame ? clip.start_score : null,
    end_score: end === clip.end_frame ? clip.end_score : null,
    suggestions: clip.suggestions.filter(({ frame }) => frame > start + CLEARANCE && frame < end - CLEARANCE),
  };
}

/** @param {Neighbour} clip @returns {Neighbour} */
const neighbour = ({ id, state, start_frame: start, end_frame: end }) =>
  ({ id, state, start_frame: start, end_frame: end });

/** @param {Clip[]} clips @param {Clip[]} old adjacent ones @param {Clip[]} now */
function replaced(clips, old, now) {
  const at = clips.findIndex((clip) => old.includes(clip));
  const rest = clips.filter((clip) => !old.includes(clip));
  return joined([...rest.slice(0, at), ...now, ...rest.slice(at)], now);
}

/** The clips, with their neighbours brought up to date.
 * @param {Clip[]} clips @param {(Neighbour & Pick<Clip, 'video'>)[]} changed */
export function joined(clips, changed) {
  const live = changed.filter((clip) => clip.state !== 'superseded');
  return clips.map((clip) => {
    const beside = live.filter((other) => other.video.key === clip.video.key);
    const before = beside.find((other) => other.end_frame === clip.start_frame);
    const after = beside.find((other) => other.start_frame === clip.end_frame);
    if (!before && !after) return clip;
    return {
      ...clip,
      previous: before ? neighbour(before) : clip.previous,
      next: after ? neighbour(after) : clip.next,
    };
  });
}

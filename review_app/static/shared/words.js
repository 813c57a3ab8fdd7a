/** Numbers, decisions and errors in words. Pure. */

/** @type {Record<string, string>} */
const DONE = {
  approve: 'Approved',
  skip: 'Skipped',
  archive: 'Archived',
  group: 'Grouped',
  merge: 'Merged',
  split: 'Split',
  nudge: 'Nudged',
  ungroup: 'Ungrouped',
  annotate: 'Described',
};

/** @type {Record<string, string>} */
const SAID = { labels: 'Labelled', rating: 'Rated', note: 'Noted', chosen_frames: 'Marked' };

/** What a reviewer did. @param {string} action @param {string[]} fields that an annotation
 * changed */
export const doneWord = (action, fields) =>
  (action === 'annotate' && fields.length === 1 && SAID[fields[0]]) || (DONE[action] ?? action);

/** `75.2` -> `1:15.20`. @param {number | null} seconds */
export function timecode(seconds) {
  if (seconds === null) return '–';
  const hundredths = Math.round(seconds * 100);
  const rest = hundredths % 6000;
  const minutes = Math.floor(hundredths / 6000);
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const hours = Math.floor(minutes / 60);
  const clock = hours ? `${hours}:${two(minutes % 60)}` : String(minutes);
  return `${clock}:${two(Math.floor(rest / 100))}.${two(rest % 100)}`;
}

/** `743.9` -> `12:23`, with hours only where there are any. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}`;
}

/** @param {number} n @param {string} one @param {string} [many] */
export const count = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

/** States whose names say too little. @type {Record<string, string>} */
const STATES = {
  generating_sprite: 'getting its sprite sheet',
  sprite_failed: 'spliced (its sprite sheet failed)',
  exporting: 'being exported',
  export_failed: 'approved (its export failed)',
  keyframing: 'being exported',
  keyframed: 'exported',
  keyframe_failed: 'exported (its stills failed)',
  embedding: 'being embedded',
  embedded: 'in the library',
  embedding_failed: 'exported (its embedding failed)',
  superseded: 'replaced by a merge or a split',
};

/** A clip's state as sentences name it, after `is`: `review_approved` -> `approved`.
 * @param {string} state */
export const stateWords = (state) => STATES[state] ?? state.replace(/^review_|_review$/g, '');

/** `approved by anna at 14:05`. @param {import('./clip.js').Verdict} verdict @param {Date} now */
function verdictWords({ action, actor, at }, now) {
  const when = new Date(at);
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const clock = `${two(when.getHours())}:${two(when.getMinutes())}`;
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  const isToday = when.toDateString() === now.toDateString();
  return `${doneWord(action, []).toLowerCase()} by ${actor} ${isToday ? 'at' : `on ${day},`} ${clock}`;
}

/** A clip's state, with who gave it and when. @param {import('./clip.js').Clip} clip
 * @param {Date} now */
export function stateTold({ state, verdict }, now) {
  const is = stateWords(state);
  if (!verdict) return is;
  const was = verdictWords(verdict, now);
  return was.startsWith(is) ? was : `${is}, ${was}`;
}

/** `ann approved, ben skipped`. @param {import('./clip.js').Opinion[]} opinions */
export const opinionWords = (opinions) =>
  opinions.map(({ actor, action }) => `${actor} ${doneWord(action, []).toLowerCase()}`).join(', ');

/** A clip without an id from the server has one below zero. @param {number} id */
export const clipName = (id) => (id > 0 ? `clip ${id}` : 'new clip');

/** The message of an error as a sentence. @param {{message: string}} error */
export function sentence({ message }) {
  const capital = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

/** @param {{action: string, clip: {id: number}, fields: object}} edit
 * @param {{message: string}} error @param {number} others later edits that were lost with it */
export function notSaved({ action, clip, fields }, error, others) {
  const did = doneWord(action, Object.keys(fields)).toLowerCase();
  const what = `Not saved: ${clipName(clip.id)} ${did}.`;
  const lost = count(others, 'later decision on it was', 'later decisions on it were');
  return `${what} ${sentence(error)}${others > 0 ? ` ${lost} not saved either.` : ''}`;
}

/** @param {{message: string}} error @param {number} waiting edits */
export function unreachable(error, waiting) {
  const what = waiting > 0 ? `${count(waiting, 'decision waits', 'decisions wait')} here. ` : '';
  return `${sentence(error)} ${what}Retrying.`;
}

/** @param {{withOthers: number, inOtherPages: number}} queue pending clips that are not to be had
 * @param {boolean} isFiltered */
export function whyEmpty({ withOthers, inOtherPages }, isFiltered) {
  const places = [withOthers && 'with other reviewers', inOtherPages && 'open in another tab'];
  const where = places.filter(Boolean).join(' or ');
  if (where) {
    const clips = count(withOthers + inOtherPages, 'clip that waits is', 'clips that wait are');
    return `The ${clips} ${where}.`;
  }
  return isFiltered ? 'No clip matches all the filters.'
    : 'New clips appear here by themselves.';
}

/** Why no clip is on the screen: the heading, and a sentence.
 * @param {{trouble: string | null, hasMore: boolean, withOthers: number, inOtherPages: number}} queue
 * @param {boolean} isFiltered @returns {[string, string]} */
export function whyNone(queue, isFiltered) {
  if (queue.trouble) {
    return ["The next clips can't be loaded", 'They come as soon as the server answers.'];
  }
  if (queue.hasMore) return ['The next clips are on their way', ''];
  return ['Nothing to review', whyEmpty(queue, isFiltered)];
}

/** How many pending clips other tabs of the reviewer have, by what the queue has answered.
 * @param {{total: number, available: number, with_others: number}} handed */
export const inOtherPages = ({ total, available, with_others: withOthers }) =>
  Math.max(0, total - available - withOthers);

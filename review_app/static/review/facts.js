/** The facts of a clip: its state and whose it is, its place in the film, its length, its score. */

import { byId, setText } from '../shared/dom.js';
import { clipName, clock, count, opinionWords, stateWords } from '../shared/words.js';

/** The tones of badges for states that have one.
 * @type {Record<string, string>} */
const TONES = { review_approved: 'good', embedded: 'good', review_archived: 'bad', archived: 'bad' };

/** Who gave a clip its state, and when: `by ann, 28 Nov, 17:04`.
 * @param {import('../shared/clip.js').Verdict} verdict */
function verdictText({ actor, at }) {
  const [when, now] = [new Date(at), new Date()];
  const isToday = when.toDateString() === now.toDateString();
  const day = when.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  const time = when.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  return `by ${[actor, ...(isToday ? [] : [day]), time].join(', ')}`;
}

/** @param {import('./queue.js').Clip | null} clip */
export function drawFacts(clip) {
  byId('facts').hidden = !clip;
  if (!clip) return;
  const { id, start_frame: start, end_frame: end, score } = clip;
  setText(byId('title'), clip.video.title);
  byId('title').title = clip.video.title;
  const link = byId('clip-id');
  const name = clipName(id);
  setText(link, name.charAt(0).toUpperCase() + name.slice(1));
  if (id > 0) link.setAttribute('href', `/clips/${id}`);
  else link.removeAttribute('href');
  setText(byId('state'), stateWords(clip.state));
  byId('state').className = `badge ${TONES[clip.state] ?? ''}`;
  const opinions = opinionWords(clip.opinions ?? []);
  setText(byId('decided'), clip.verdict ? [verdictText(clip.verdict), opinions].filter(Boolean).join(' · ') : opinions);
  const { start_seconds: from, duration_seconds: seconds } = clip;
  setText(byId('times'), `${clock(from)} – ${clock(Math.ceil(from + seconds))}`);
  setText(byId('length'), `${seconds.toFixed(2)} s`);
  setText(byId('range'), `${start} – ${end - 1}`);
  setText(byId('frames'), `(${count(end - start, 'frame')})`);
  const isScored = score !== null && score !== undefined;
  setText(byId('score'), isScored ? `· score ${score.toFixed(2)}` : '');
  byId('score').title = isScored
    ? 'From 0 to 1: how much it looks like approved clips, rather than skipped or archived ones'
    : '';
}

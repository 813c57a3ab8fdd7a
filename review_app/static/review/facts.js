/** The facts of a clip: its place in the film, its length, its score. */

import { byId, setText } from '../shared/dom.js';
import { clipName, count, stateTold, timecode } from '../shared/words.js';

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
  const isPending = clip.state === 'pending_review';
  for (const part of document.querySelectorAll('.facts .state')) {
    /** @type {HTMLElement} */ (part).hidden = isPending;
  }
  const told = isPending ? '' : stateTold(clip, new Date());
  setText(byId('state'), told.charAt(0).toUpperCase() + told.slice(1));
  setText(byId('range'), `${start} – ${end - 1}, from ${timecode(clip.start_seconds)}`);
  setText(byId('length'), `${clip.duration_seconds.toFixed(2)} s, ${count(end - start, 'frame')}`);
  const isScored = score !== null && score !== undefined;
  setText(byId('score'), isScored ? `· score ${score.toFixed(2)}` : '');
  byId('score').title = isScored
    ? 'From 0 to 1: how much it looks like approved clips, rather than skipped or archived ones'
    : '';
}

/** What the sheet says of itself: the clips that a decision is meant for, and those that are not
 * here. */

import { byId, setText } from '../shared/dom.js';
import { count, timecode } from '../shared/words.js';

/** @typedef {import('./queue.js').Clip} Clip */
/** @typedef {import('./queue.js').SheetQueue} SheetQueue */

/** @param {{queue: SheetQueue, clips: Clip[], marked: number, meant: number, clip: Clip | null,
 *   most: number}} sheet  `meant`: how many clips a decision is meant for; `clip`: in focus;
 *   `most`: how many clips the sheet holds */
export function drawDeck({ queue, clips, marked, meant, clip, most }) {
  const one = clip ? `Clip ${clip.id}` : '';
  const stack = meant > 1 ? `Stack of ${meant}` : one;
  setText(byId('meant'), marked > 0 ? `${count(marked, 'clip')} marked` : stack);
  setText(byId('facts'), clip && marked === 0 ? factsOf(clip) : '');
  const all = Math.min(most, clips.length + queue.more);
  setText(byId('all'), queue.loaded && all > 0 ? `Mark all ${all}` : 'Mark all');
  for (const button of byId('sheet').querySelectorAll('.decisions button')) {
    const { action } = /** @type {HTMLElement} */ (button).dataset;
    /** @type {HTMLButtonElement} */ (button).disabled = action !== 'undo' && clip === null;
  }
}

/** @param {Clip} clip */
function factsOf({ video, start_seconds: seconds, start_frame: start, end_frame: end }) {
  return `${video.title} · ${timecode(seconds)} · frames ${start} – ${end - 1}`;
}

/** What is not on the sheet, in words. @param {SheetQueue} queue @param {number} shown clips
 * @param {number} most that the sheet holds */
export function restOf({ more, withOthers, inOtherPages, loaded, leaving }, shown, most) {
  if (!loaded || shown === 0) return '';
  const isFull = shown + leaving >= most;
  const follows = isFull
    ? `The sheet holds ${most} clips at a time. ${more} more come as you decide on these.`
    : `${more} more clips come as you go on.`;
  const others = [
    withOthers > 0 && `${count(withOthers, 'clip is', 'clips are')} with other reviewers.`,
    inOtherPages > 0 && `${count(inOtherPages, 'clip is', 'clips are')} open in another tab.`,
  ];
  return [more > 0 && follows, ...others].filter(Boolean).join(' ');
}

/** Goals, the time that is left, and what is on its way to the library, in words. Pure. */

import { clock } from '../shared/words.js';

/** The goal that was typed or kept; null: none. @param {string | null} text */
export function goalOf(text) {
  const goal = Number(text);
  return Number.isSafeInteger(goal) && goal > 0 ? goal : null;
}

/** `about 35 min`; empty where nobody can tell. @param {number} clips that wait
 * @param {number | null} anHour decisions */
export function timeLeft(clips, anHour) {
  if (!anHour || clips === 0) return '';
  const minutes = Math.round((60 * clips) / anHour);
  if (minutes < 1) return 'under a minute';
  if (minutes < 60) return `about ${minutes} min`;
  const rest = minutes % 60;
  return `about ${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ''}`;
}

/** When the latest approval is exported, and how many clips are on their way.
 * @param {{on_the_way: number, export_in: number | null}} told
 * @param {number} passed seconds since it was told */
export function onTheWay({ on_the_way: clips, export_in: seconds }, passed) {
  if (clips === 0) return '';
  const way = `${clips} approved on the way`;
  const rest = seconds === null ? 0 : Math.ceil(seconds - passed);
  return rest > 0 ? `${way} · exported in ${clock(rest)}` : way;
}

/** The line that tells what was done and what went wrong. */

import { byId, setText } from './dom.js';

/** A refusal comes first, then a lasting error, then what was done.
 * @param {{notice: {text: string, bad: boolean} | null, trouble: string | null}} queue
 * @param {{trouble: string | null}} player */
export function drawNotice(queue, player) {
  const lasting = queue.trouble ?? player.trouble;
  const told = !queue.notice?.bad && lasting ? { text: lasting, bad: true } : queue.notice;
  const box = byId('notice');
  box.hidden = !told;
  box.classList.toggle('bad', told?.bad ?? false);
  if (told) setText(byId('notice-text'), told.text);
  byId('notice-repeat').hidden = !queue.trouble;
}

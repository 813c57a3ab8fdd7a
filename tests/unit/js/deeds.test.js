import assert from 'node:assert/strict';
import { test } from 'node:test';

import { rowsOf } from '../../../review_app/static/review/deeds.js';

/** @param {object} [fields] @returns {any} */
const clip = (fields) => ({
  id: 1, start_frame: 40, end_frame: 100, labels: ['night'], rating: null, note: null, ...fields,
});

/** @param {string} action @param {object} [rest] @returns {any} a decision as the server tells it */
const deed = (action, rest) =>
  ({ id: 7, action, start_frame: 40, end_frame: 100, fields: [], was: clip(), now: clip(), ...rest });

/** @param {any} seen @param {'start' | 'end'} edge @param {number} frame @returns {any} a move as
 * this page made it */
const move = (seen, edge, frame) =>
  deed('nudge', { edit: { action: 'nudge', clip: seen, fields: { edge, frame } } });

/** @param {any[]} done */
const told = (done) => rowsOf(done).map(({ deeds, word, what }) => [deeds.length, word, what]);

test('what a decision changed, in words', () => {
  const says = (/** @type {object} */ now) => told([deed('annotate', { now: clip(now) })])[0][2];
  assert.equal(says({ labels: ['b-roll'] }), '+b-roll, −night');
  assert.equal(says({ rating: 3, note: 'Blurred.' }), '★★★, Blurred.');
  const here = { action: 'annotate', clip: clip({ rating: 2, note: 'x' }), fields: { rating: null, note: null } };
  assert.equal(told([deed('annotate', { edit: here })])[0][2], 'no rating, no note');
  const batch = deed('annotate', { now: clip({ rating: 2 }), fields: ['rating'], count: 3 });
  assert.deepEqual(told([deed('approve'), batch]), [[1, 'Approved', '40 – 99'], [1, 'Rated', '3 clips']]);
});

test('the moves of one cut are one row, whether the server or this page tells of them', () => {
  const second = clip({ id: 2, start_frame: 100, end_frame: 120 });
  assert.deepEqual(told([
    move(clip({ start_frame: 41 }), 'start', 43),
    deed('nudge', { now: clip({ start_frame: 41 }) }),
    deed('approve'),
    move(clip({ end_frame: 97, next: second }), 'end', 99),
    deed('nudge', { was: second, now: clip({ id: 2, start_frame: 97 }) }),
    move(clip(), 'end', 99),
  ]), [
    [2, 'Nudged', 'start +3'],
    [1, 'Approved', '40 – 99'],
    [2, 'Nudged', 'end −1'],
    [1, 'Nudged', 'end −1'],
  ]);
});

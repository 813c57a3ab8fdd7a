import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Marks } from '../../../review_app/static/review/marks.js';

const part = (/** @type {number} */ start, /** @type {number} */ end, key = 'film', id = start) =>
  ({ id, start_frame: start, end_frame: end, video: { key } });

test('marks stand within their clip, in order, and go when they are set again', () => {
  const marks = new Marks();
  const clip = part(10, 20);
  for (const frame of [17, 12, 15]) assert.ok(marks.toggle(clip, frame));
  assert.deepEqual(marks.of(clip), [12, 15, 17]);
  assert.ok(!marks.toggle(clip, 10) && !marks.toggle(clip, 20), 'no part begins there');
  marks.toggle(clip, 15);
  assert.deepEqual(marks.of(clip), [12, 17]);
  assert.deepEqual(marks.of(part(10, 20, 'other')), []);
});

test('Esc clears the marks of one clip, not of the film', () => {
  const marks = new Marks();
  for (const frame of [12, 15]) marks.toggle(part(10, 20), frame);
  assert.deepEqual(marks.of(part(12, 20)), [15]);
  marks.clear(part(12, 20));
  assert.deepEqual(marks.of(part(10, 20)), [12]);
});

test('a split uses its marks up: a part that grows past one has none; an undo brings them back', () => {
  const marks = new Marks();
  const whole = part(10, 20, 'film', 1);
  for (const frame of [12, 15]) marks.toggle(whole, frame);
  marks.use(whole);
  assert.deepEqual(marks.of(part(10, 15, 'film', -1)), []);
  assert.deepEqual(marks.of(part(10, 18, 'film', 2)), []);
  assert.ok(marks.toggle(part(12, 20, 'film', 3), 17));
  assert.deepEqual(marks.of(whole), [12, 15, 17]);
  marks.clear(whole);
  assert.deepEqual(marks.of(whole), []);
});

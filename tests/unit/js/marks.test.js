import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Marks } from '../../../review_app/static/review/marks.js';

const part = (/** @type {number} */ start, /** @type {number} */ end, key = 'film') =>
  ({ start_frame: start, end_frame: end, video: { key } });

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

test('the frame of a split marks none of its parts, and marks the whole clip again after an undo', () => {
  const marks = new Marks();
  for (const frame of [12, 15]) marks.toggle(part(10, 20), frame);
  assert.deepEqual(marks.of(part(12, 20)), [15]);
  assert.deepEqual(marks.of(part(10, 20)), [12, 15]);
  marks.clear(part(12, 20));
  assert.deepEqual(marks.of(part(10, 20)), [12]);
});

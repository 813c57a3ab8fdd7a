import assert from 'node:assert/strict';
import { test } from 'node:test';

import { frameAt, shareOf, spread, stripFrames } from '../../../review_app/static/review/scale.js';

const clip = { start_frame: 100, end_frame: 150 };

test('a frame and its place on the bar', () => {
  assert.equal(shareOf(clip, 100), 0);
  assert.equal(shareOf(clip, 125), 0.5);
  assert.equal(frameAt(clip, 0.5), 125);
  const frames = [-1, 0, 0.999, 1, 7].map((share) => frameAt(clip, share));
  assert.deepEqual(frames, [100, 100, 149, 149, 149]);
});

test('a film strip begins with the first frame and ends with the last', () => {
  assert.deepEqual(stripFrames(clip, 6), [100, 110, 120, 129, 139, 149]);
  assert.deepEqual(stripFrames({ start_frame: 7, end_frame: 9 }, 6), [7, 8]);
  assert.deepEqual(stripFrames({ start_frame: 7, end_frame: 8 }, 6), [7]);
});

test('names stay within the row and apart, and the last ones go where there is no room', () => {
  assert.deepEqual(spread([{ at: 5, width: 40 }], 100, 10), [0]);
  assert.deepEqual(spread([{ at: 98, width: 40 }], 100, 10), [60]);
  assert.deepEqual(
    spread([{ at: 20, width: 30 }, { at: 30, width: 30 }, { at: 90, width: 30 }], 100, 10),
    [5, 45, null],
  );
});

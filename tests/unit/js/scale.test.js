import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  frameAt, heightOf, scrolledBy, shareOf, showing, spread, stripFrames, zoomedBy,
} from '../../../review_app/static/review/scale.js';

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

const whole = { start_frame: 100, end_frame: 1100 };

test('the bar shows less of a clip around a frame that stays in its place', () => {
  const half = zoomedBy(whole, whole, 0.5, 350);
  assert.deepEqual(half, { start_frame: 225, end_frame: 725 });
  assert.equal(shareOf(half, 350), shareOf(whole, 350));
  assert.deepEqual(zoomedBy(whole, half, 0.5, 350), { start_frame: 288, end_frame: 538 });
  assert.deepEqual(zoomedBy(whole, half, 4, 350), whole);
  assert.deepEqual(zoomedBy(whole, whole, 0.5, 100), { start_frame: 100, end_frame: 600 });
  assert.deepEqual(zoomedBy(whole, whole, 0.0001, 1099), { start_frame: 1089, end_frame: 1099 });
  const short = { start_frame: 5, end_frame: 9 };
  assert.deepEqual(zoomedBy(short, short, 0.5, 6), short);
});

test('the bar moves within the clip, and to the playhead once that has left it', () => {
  const part = { start_frame: 300, end_frame: 400 };
  assert.deepEqual(scrolledBy(whole, part, 0.5), { start_frame: 350, end_frame: 450 });
  assert.deepEqual(scrolledBy(whole, part, -9), { start_frame: 100, end_frame: 200 });
  assert.equal(showing(whole, part, 399), part);
  assert.deepEqual(showing(whole, part, 400), { start_frame: 390, end_frame: 490 });
  assert.deepEqual(showing(whole, part, 299), { start_frame: 209, end_frame: 309 });
  assert.deepEqual(showing(whole, part, 1099), { start_frame: 1000, end_frame: 1100 });
  assert.equal(showing(whole, part, 1100), part); // across the cut after it
});

test('a wave form is as high as its decibels', () => {
  assert.deepEqual([1, 2, 0, 0.001].map(heightOf), [1, 1, 0, 0]);
  assert.ok(Math.abs(heightOf(10 ** (-24 / 20)) - 0.5) < 1e-9);
});

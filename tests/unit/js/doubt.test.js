import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  doubtOfCut, suggestionAt, suggestionFrom, suggestionWords, suggestionZones,
} from '../../../review_app/static/review/doubt.js';

/** @param {number | null} start @param {number | null} end @param {...number} frames */
const clipOf = (start, end, ...frames) => ({
  start_frame: 100,
  end_frame: 200,
  start_score: start,
  end_score: end,
  suggestions: frames.map((frame) => ({ frame, score: 0.381 })),
});

test('a cut shows its doubt in per cent, unless the detector is sure or a reviewer made it', () => {
  assert.equal(doubtOfCut(clipOf(0.618, 0.75), 'start', 0.75), '62 % sure');
  assert.equal(doubtOfCut(clipOf(0.618, 0.75), 'end', 0.75), '');
  assert.equal(doubtOfCut(clipOf(null, 0.5), 'start', 0.75), '');
});

test('a suggestion has a frame and words', () => {
  const clip = clipOf(null, null, 120, 150);
  const found = suggestionAt(clip, 150);
  assert.equal(found && suggestionWords(found), 'suggested cut, 38 %');
  assert.equal(suggestionAt(clip, 149), null);
  assert.equal(suggestionAt(clip, null), null);
});

test('a suggestion has a place on the bar', () => {
  const [zone] = suggestionZones(clipOf(null, null, 120));
  assert.deepEqual(zone, {
    start: 120, end: 120, kind: 'suggested',
    name: 'suggested cut, 38 %', title: '120: suggested cut, 38 %',
  });
});

test('the way leads through all suggestions and around', () => {
  const clip = clipOf(null, null, 120, 150, 180);
  const from = [100, 120, 135, 180, 199];
  assert.deepEqual(from.map((at) => suggestionFrom(clip, at, 1)), [120, 150, 150, 120, 120]);
  assert.deepEqual(from.map((at) => suggestionFrom(clip, at, -1)), [180, 180, 120, 150, 180]);
  assert.equal(suggestionFrom(clipOf(null, null), 100, 1), null);
});

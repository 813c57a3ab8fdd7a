import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inStep } from '../../../review_app/static/player/step.js';

/** @param {number} start @param {number} end @param {number} rate @param {string} proxy */
const clip = (start, end, rate, proxy) => ({
  start_frame: start, end_frame: end, duration_seconds: (end - start) / rate,
  video: { proxy_id: proxy },
});

test('clips of one video are in step frame by frame', () => {
  const [one, other] = [clip(100, 200, 25, 'a'), clip(500, 550, 24.8, 'a')];
  assert.deepEqual([100, 149, 150, 199].map((n) => inStep(one, other, n)), [500, 549, 549, 549]);
  assert.equal(inStep(other, one, 549), 149);
});

test('clips of other rates are in step in time', () => {
  const [one, other] = [clip(0, 100, 25, 'a'), clip(0, 300, 50, 'b')];
  assert.deepEqual([0, 1, 50].map((n) => inStep(one, other, n)), [0, 2, 100]);
  assert.deepEqual([0, 1, 2, 3, 299].map((n) => inStep(other, one, n)), [0, 0, 1, 1, 99]);
  assert.equal(inStep(one, clip(0, 300, 25.1, 'b'), 60), 60);
});

test('frames across a cut stay within the other clip', () => {
  const [one, other] = [clip(100, 200, 25, 'a'), clip(500, 550, 25, 'b')];
  assert.deepEqual([80, 220].map((n) => inStep(one, other, n)), [500, 549]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { peaksOf } from '../../../review_app/static/player/peaks.js';

test('each part tells its loudest sample', () => {
  const samples = Float32Array.from([0, 0.5, -0.75, 0.25, 0, 0, 0.125, -1.5]);
  assert.deepEqual([...peaksOf(samples, 4)], [0.5, 0.75, 0, 1]);
  assert.deepEqual([...peaksOf(samples, 3)], [0.5, 0.75, 1]);
  assert.deepEqual([...peaksOf(new Float32Array(0), 2)], [0, 0]);
});

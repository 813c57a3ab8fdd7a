import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pace } from '../../../review_app/static/review/pace.js';

test('the pace leaves pauses out and needs a few decisions', () => {
  const every = (/** @type {number} */ seconds, /** @type {number} */ n) =>
    Array.from({ length: n }, (_, i) => i * seconds * 1000);
  assert.equal(pace([]), null);
  assert.equal(pace(every(6, 3)), null);
  assert.equal(pace(every(6, 20)), 600);
  const afterLunch = every(6, 20).map((time) => time + 3_600_000);
  assert.equal(pace([...every(6, 20), ...afterLunch]), 600);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { shuttled, validRate } from '../../../review_app/static/player/rates.js';

test('L and J from a stand, faster with each press, and around', () => {
  assert.equal(shuttled(4, false, 1), 1);
  assert.equal(shuttled(1, false, -1), -1);
  const climbed = [1, 1, 1, 1].reduce((rates, to) => [...rates, shuttled(rates.at(-1), true, to)], [1]);
  assert.deepEqual(climbed, [1, 2, 4, 8, 8]);
  const down = Array(8).fill(-1).reduce((rates, to) => [...rates, shuttled(rates.at(-1), true, to)], [8]);
  assert.deepEqual(down, [8, 4, 2, 1, -1, -2, -4, -8, -8]);
  assert.equal(shuttled(0.5, true, 1), 1);
  assert.equal(shuttled(1.5, true, -1), 1);
});

test('a rate is never 0 and never beyond 8', () => {
  assert.deepEqual([0, NaN, 9, -20, 0.01, 1.5].map(validRate), [1, 1, 8, -8, 0.1, 1.5]);
});

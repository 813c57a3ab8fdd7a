import assert from 'node:assert/strict';
import { test } from 'node:test';

import { shuttled, validRate } from '../../../review_app/static/player/rates.js';

test('L and J from a stand, faster with each press, and around', () => {
  assert.equal(shuttled(4, false, 1), 1);
  assert.equal(shuttled(1, false, -1), -1);
  const next = { 1: 2, 2: 4, 4: 8, 8: 8, '-8': -4, '-1': 1 };
  const before = { 8: 4, 2: 1, 1: -1, '-1': -2, '-4': -8, '-8': -8 };
  for (const [rate, faster] of Object.entries(next)) {
    assert.equal(shuttled(Number(rate), true, 1), faster);
  }
  for (const [rate, slower] of Object.entries(before)) {
    assert.equal(shuttled(Number(rate), true, -1), slower);
  }
  assert.equal(shuttled(0.5, true, 1), 1);
  assert.equal(shuttled(1.5, true, -1), 1);
});

test('a rate is never 0 and never beyond 8', () => {
  assert.deepEqual([0, NaN, 9, -20, 0.01, 1.5].map(validRate), [1, 1, 8, -8, 0.1, 1.5]);
});

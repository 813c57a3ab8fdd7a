import assert from 'node:assert/strict';
import { test } from 'node:test';

import { takeWaits } from '../../../review_app/static/shared/waits.js';

/** @param {string} name @param {number} ms */
const measure = (name, ms) => performance.measure(`heaters:${name}`, { start: 0, duration: ms });
const observed = () => new Promise((resolve) => setTimeout(resolve, 20));

test('waits for the next clip are told once, the latest twenty, and no other measures', async () => {
  assert.equal(takeWaits(), '');
  measure('next', 40.4);
  measure('step', 5);
  measure('next', 3e6);
  await observed();
  assert.equal(takeWaits(), '40,99999');
  assert.equal(takeWaits(), '');
  for (let ms = 1; ms <= 25; ms++) measure('next', ms);
  await observed();
  assert.equal(takeWaits(), Array.from({ length: 20 }, (_, i) => i + 6).join());
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { goalOf, onTheWay, timeLeft } from '../../../review_app/static/review/progress_words.js';

test('a goal is a whole number above zero, or none', () => {
  assert.deepEqual(['200', '', null, '0', '-3', '1.5', 'x'].map(goalOf), [
    200, null, null, null, null, null, null,
  ]);
});

test('the time that is left at a pace', () => {
  assert.equal(timeLeft(400, null), '');
  assert.equal(timeLeft(0, 480), '');
  assert.equal(timeLeft(3, 480), 'under a minute');
  assert.equal(timeLeft(65, 480), 'about 8 min');
  assert.equal(timeLeft(960, 480), 'about 2 h');
  assert.equal(timeLeft(1000, 480), 'about 2 h 5 min');
});

test('what was approved, on its way to the library', () => {
  assert.equal(onTheWay({ on_the_way: 0, export_in: null }, 0), '');
  assert.equal(
    onTheWay({ on_the_way: 12, export_in: 41.2 }, 0),
    '12 approved on the way · exported in 0:42',
  );
  assert.equal(
    onTheWay({ on_the_way: 1, export_in: 41.2 }, 42),
    '1 approved on the way',
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { moved, refocused } from '../../../review_app/static/sheet/grid.js';

// 0 1 2 3
// 4 5 6 7
// 8 9
const grid = { sections: [10], columns: 4, rows: 2 };

test('arrows move by one and by a row, and stop at the edges', () => {
  /** @type {[string, number, number][]} */ const steps = [
    ['ArrowRight', 0, 1], ['ArrowRight', 3, 4], ['ArrowRight', 9, 9],
    ['ArrowLeft', 4, 3], ['ArrowLeft', 0, 0],
    ['ArrowDown', 1, 5], ['ArrowDown', 5, 9], ['ArrowDown', 8, 8],
    ['ArrowUp', 9, 5], ['ArrowUp', 2, 2],
  ];
  for (const [key, from, to] of steps) assert.equal(moved(key, from, grid), to, `${key} ${from}`);
});

test('down from above a gap leads to the last one', () => {
  assert.equal(moved('ArrowDown', 6, grid), 9);
  assert.equal(moved('ArrowDown', 7, grid), 9);
});

test('Home, End and pages', () => {
  assert.equal(moved('Home', 6, grid), 0);
  assert.equal(moved('End', 0, grid), 9);
  const tall = { sections: [100], columns: 4, rows: 6 };
  assert.equal(moved('PageDown', 1, tall), 21);
  assert.equal(moved('PageUp', 21, tall), 1);
  assert.equal(moved('PageUp', 5, tall), 1);
  assert.equal(moved('PageDown', 97, tall), 97);
  assert.equal(moved('PageDown', 90, tall), 98);
});

test('each section begins a row of its own', () => {
  // 0 1 2 3
  // 4
  // --
  // 5 6
  // --
  // 7 8 9 10
  const films = { sections: [5, 2, 4], columns: 4, rows: 4 };
  /** @type {[string, number, number][]} */ const steps = [
    ['ArrowDown', 3, 4], ['ArrowDown', 4, 5], ['ArrowDown', 6, 8], ['ArrowRight', 6, 7],
    ['ArrowUp', 10, 6], ['ArrowUp', 6, 4], ['PageDown', 1, 8], ['PageUp', 9, 2], ['End', 0, 10],
  ];
  for (const [key, from, to] of steps) assert.equal(moved(key, from, films), to, `${key} ${from}`);
});

test('nothing to move in, or another key', () => {
  assert.equal(moved('End', 0, { sections: [], columns: 4, rows: 2 }), 0);
  assert.equal(moved('q', 3, grid), 3);
});

test('when clips leave, the focus goes to what follows them', () => {
  assert.equal(refocused([1, 2, 3, 4], [1, 2, 3, 4], 2), 2);
  assert.equal(refocused([1, 2, 3, 4], [1, 4], 2), 4);
  assert.equal(refocused([1, 2, 3, 4], [1, 2], 3), 2);
  assert.equal(refocused([1, 2], [], 1), null);
  assert.equal(refocused([], [7, 8], null), 7);
});

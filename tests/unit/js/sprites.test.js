import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sheetUrl, spriteFrame, tileOf } from '../../../review_app/static/player/sprites.js';

/** 25 tiles on three sheets of 3 x 4. */
const SPRITES = {
  first: 0, every: 6, columns: 3, rows: 4, width: 160, height: 90, count: 25, sheets: 3, address: '/media/a/sprites',
};

test('a frame has the last tile at or before it', () => {
  assert.deepEqual(tileOf(SPRITES, 0), { sheet: 0, x: 0, y: 0, frame: 0 });
  assert.deepEqual(tileOf(SPRITES, 5), { sheet: 0, x: 0, y: 0, frame: 0 });
  assert.deepEqual(tileOf(SPRITES, 6), { sheet: 0, x: 160, y: 0, frame: 6 });
  assert.deepEqual(tileOf(SPRITES, 18), { sheet: 0, x: 0, y: 90, frame: 18 });
  assert.deepEqual(tileOf(SPRITES, 71), { sheet: 0, x: 320, y: 270, frame: 66 });
  assert.deepEqual(tileOf(SPRITES, 72), { sheet: 1, x: 0, y: 0, frame: 72 });
  assert.deepEqual(tileOf(SPRITES, 149), { sheet: 2, x: 0, y: 0, frame: 144 });
  assert.deepEqual(tileOf(SPRITES, 9999), tileOf(SPRITES, 149));
});

test('a clip is shown by tiles of its own alone', () => {
  const clip = { start_frame: 13, end_frame: 31 };
  assert.deepEqual([13, 17, 18, 23, 24, 30].map((n) => spriteFrame(SPRITES, clip, n)), [18, 18, 18, 18, 24, 30]);
  assert.equal(spriteFrame(SPRITES, { start_frame: 13, end_frame: 18 }, 15), null);
  assert.equal(spriteFrame(SPRITES, { start_frame: 12, end_frame: 13 }, 12), 12);
  assert.equal(spriteFrame(SPRITES, { start_frame: 146, end_frame: 150 }, 148), null);
});

test('the sheets of a clip begin with its first frame', () => {
  const own = { ...SPRITES, first: 40, columns: 3, rows: 1, count: 3, address: '/clips/7/sprites/ab' };
  const clip = { start_frame: 40, end_frame: 55 };
  assert.deepEqual([40, 45, 46, 54].map((n) => spriteFrame(own, clip, n)), [40, 40, 46, 52]);
  assert.deepEqual(tileOf(own, 53), { sheet: 0, x: 320, y: 0, frame: 52 });
  assert.equal(sheetUrl(own, 0), '/clips/7/sprites/ab/0.jpg');
});

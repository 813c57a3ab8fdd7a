import assert from 'node:assert/strict';
import { test } from 'node:test';

import { firstCalm, middleFrame } from '../../../review_app/static/shared/clip_pictures.js';

const SPRITES = {
  ...{ first: 0, every: 6, columns: 10, rows: 10, width: 160, height: 90, count: 30, sheets: 1 },
  address: '/media/p/sprites',
};

/** @param {[number, number]} range @param {[number, number][]} flashes of it */
const clip = ([start, end], flashes) =>
  ({ start_frame: start, end_frame: end, flashes, video: { proxy_id: 'p', sprites: SPRITES } });

/** @param {[number, number]} range @param {[number, number][]} flashes */
const shown = (range, ...flashes) => middleFrame(clip(range, flashes));

test('a clip is shown by its middle, unless that is a flash', () => {
  assert.equal(shown([0, 60]), 30);
  assert.equal(shown([0, 60], [31, 32]), 30);
  assert.equal(shown([0, 60], [30, 31]), 24);
  assert.equal(shown([0, 60], [22, 31]), 36);
  assert.equal(shown([30, 42], [36, 37]), 30);
  assert.equal(shown([30, 36], [30, 31]), 30);
  assert.equal(shown([31, 35], [33, 34]), null);
});

test('the beginning of a clip is its first frame, unless that is a flash', () => {
  const first = (/** @type {[number, number]} */ range, /** @type {[number, number][]} */ ...flashes) =>
    firstCalm(clip(range, flashes));
  assert.equal(first([3, 60]), 3);
  assert.equal(first([3, 60], [5, 6]), 3);
  assert.equal(first([3, 60], [3, 6]), 30);
  assert.equal(first([31, 35], [31, 32]), 31);
});

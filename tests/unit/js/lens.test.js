import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fit, moved, pixelScale, WHOLE, zoomed } from '../../../review_app/static/player/lens.js';

const picture = { width: 1280, height: 720 };
const box = { width: 640, height: 480 };
const sizes = { picture, box, dpr: 1 };

test('a picture that fits touches the box on two sides', () => {
  assert.equal(fit(picture, box, 1), 0.5);
  assert.equal(fit(picture, box, 2), 1);
  assert.equal(fit({ width: 720, height: 1280 }, box, 1), 0.375);
});

test('100 % is one pixel for each, and never smaller than what fits', () => {
  assert.equal(pixelScale(0.5), 2);
  assert.equal(pixelScale(1), 2);
  assert.equal(pixelScale(1.5), 2 / 1.5);
  assert.equal(pixelScale(3) * 3, 4);
  assert.equal(pixelScale(6) * 6, 8);
});

test('what is below the pointer stays there', () => {
  const pointer = { x: 100, y: 50 };
  const lens = zoomed(WHOLE, 4, pointer, sizes);
  assert.deepEqual(lens, { scale: 4, x: -300, y: -150 });
  // The picture's point 100, 50 at scale 1 is 400, 200 from its middle now.
  assert.deepEqual([lens.x + 400, lens.y + 200], [100, 50]);
});

test('a picture is dragged no farther than its edge', () => {
  const lens = zoomed(WHOLE, 2, { x: 0, y: 0 }, sizes);
  assert.deepEqual(moved(lens, { x: 1000, y: -1000 }, sizes), { scale: 2, x: 320, y: -120 });
  assert.deepEqual(moved(WHOLE, { x: 10, y: 10 }, sizes), WHOLE);
});

test('the scale has limits, and all the way back everything is in its place', () => {
  const near = zoomed(WHOLE, 1000, { x: 300, y: 0 }, sizes);
  assert.equal(near.scale, 16);
  assert.deepEqual(zoomed(near, 0.1, { x: -50, y: 20 }, sizes), WHOLE);
});

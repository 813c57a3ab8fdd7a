import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Levels } from '../../../review_app/static/player/levels.js';

/** @param {{loudness: number, peaks: number[]}[]} records @param {number} [lead] */
function levels(records, lead = 0) {
  const bytes = new ArrayBuffer(12 + 7 * records.length);
  const view = new DataView(bytes);
  new Uint8Array(bytes).set(new TextEncoder().encode('HLV1'));
  view.setUint32(4, records.length, true);
  view.setFloat32(8, lead, true);
  records.forEach(({ loudness, peaks }, i) => {
    view.setInt16(12 + 7 * i, loudness, true);
    peaks.forEach((peak, k) => view.setUint8(14 + 7 * i + k, peak));
  });
  return new Levels(bytes);
}

/** @param {number} n @param {number} lufs @param {number} [peak] */
const steady = (n, lufs, peak = 200) => Array.from({ length: n }, () =>
  ({ loudness: Math.round(lufs * 100), peaks: [peak, peak, peak, peak, peak] }));
const near = (/** @type {number | null} */ value, /** @type {number} */ wished) =>
  assert.ok(value !== null && Math.abs(value - wished) < 0.05, `${value} is not ${wished}`);

test('peaks are those of the stretch that is asked for', () => {
  const sound = levels([
    { loudness: 0, peaks: [0, 255, 0, 0, 0] },
    { loudness: 0, peaks: [0, 0, 0, 0, 235] },
  ], 0.02);
  // From 0.02 s into the first record on: nine fiftieths.
  const found = [...sound.peaks(0, 0.18, 9)];
  near(found[0], 1);
  assert.deepEqual(found.slice(1, 8), [0, 0, 0, 0, 0, 0, 0]);
  near(found[8], 10 ** (-6 / 20));
  near(sound.peaks(0.08, 0.18, 1)[0], 10 ** (-6 / 20));
  assert.deepEqual([...sound.peaks(5, 6, 2)], [0, 0]);
});

test('loudness is the mean of the blocks that are loud enough', () => {
  near(levels(steady(20, -18)).loudness, -18);
  near(levels([...steady(20, -18), ...steady(40, -90)]).loudness, -18);
  near(levels([...steady(23, -18), ...steady(40, -40)]).loudness, -18);
  near(levels([...steady(23, -20), ...steady(20, -23)]).loudness, -21.25);
});

test('a clip of less than a block has the loudness at its end', () => {
  near(levels([...steady(1, -60), ...steady(1, -20)]).loudness, -20);
});

test('silence and what was not measured have none', () => {
  assert.equal(levels(steady(10, -120)).loudness, null);
  assert.equal(levels(steady(10, -327.68)).loudness, null);
  assert.equal(levels([]).loudness, null);
  assert.equal(levels([]).gain, 1);
});

test('the gain leads to one level without clipping', () => {
  near(levels(steady(10, -13)).gain, 10 ** (-10 / 20));
  near(levels(steady(10, -33, 200)).gain, 10 ** (10 / 20));
  near(levels(steady(10, -33, 245)).gain, 10 ** (3 / 20));
  near(levels(steady(10, -65, 100)).gain, 10);
});

test('what is no sound is refused', () => {
  assert.throws(() => new Levels(new ArrayBuffer(4)), /not the levels/);
});

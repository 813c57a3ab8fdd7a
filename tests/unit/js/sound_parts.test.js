import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { partsOf, placeOf, SoundParts } from '../../../review_app/static/player/sound_parts.js';

test('a position lies in a part', () => {
  assert.deepEqual(placeOf(0, 1810), { part: 0, offset: 0 });
  assert.deepEqual(placeOf(9.5, 1810), { part: 0, offset: 9.5 });
  assert.deepEqual(placeOf(1800, 1810), { part: 180, offset: 0 });
  assert.deepEqual([0.04, 10, 10.01, 1800].map(partsOf), [1, 1, 2, 180]);
});

test('a length that is not exact makes no part of nothing', () => {
  assert.equal(partsOf(20 + 4e-15), 2);
  assert.equal(placeOf(20 + 2e-15, 20 + 4e-15).part, 1);
});

/** @param {(url: string) => boolean} isThere */
function opened(isThere) {
  /** @type {string[]} */ const asked = [];
  globalThis.fetch = /** @type {any} */ (async (/** @type {string} */ url) => {
    asked.push(url);
    return { ok: isThere(url), arrayBuffer: async () => url };
  });
  const context = /** @type {any} */ ({ decodeAudioData: async (/** @type {any} */ bytes) => bytes });
  const told = mock.fn();
  return { asked, told, parts: new SoundParts({ context: () => context, onchange: told }) };
}

test('a long clip keeps the parts that were wanted last, however many it plays', async () => {
  const { asked, told, parts } = opened(() => true);
  for (let part = 0; part < 180; part += 1) await parts.load('a', part);
  const kept = Array.from({ length: 180 }, (_, part) => parts.part('a', part)).filter(Boolean);
  assert.equal(kept.length, 8);
  assert.equal(parts.part('a', 179), 'a/179.wav');
  await parts.load('a', 179);
  assert.equal(asked.length, 180);
  assert.equal(told.mock.callCount(), 180);
});

test('what did not load is told once and fetched again later', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let isThere = false;
  const { asked, told, parts } = opened(() => isThere);
  await parts.load('a', 0);
  await parts.load('a', 0);
  assert.deepEqual([parts.hasFailed, asked.length, told.mock.callCount()], [true, 1, 1]);
  isThere = true;
  context.mock.timers.tick(2000);
  await parts.load('a', 0);
  assert.deepEqual([parts.hasFailed, asked.length, parts.part('a', 0)], [false, 2, 'a/0.wav']);
});

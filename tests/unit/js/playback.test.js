import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Playback } from '../../../review_app/static/player/playback.js';

const FRAME_TICKS = 1500;

/** A clip of frames 100 to 199 at 60 a second, all loaded. */
function opened(rate = 1) {
  const supply = /** @type {any} */ ({
    sample: () => true,
    interval: (/** @type {any} */ _, /** @type {number} */ n) =>
      [n * FRAME_TICKS, (n + 1) * FRAME_TICKS],
  });
  const playback = new Playback(supply);
  playback.open(/** @type {any} */ ({ start_frame: 100, end_frame: 200 }), 100, rate);
  return playback;
}

test('the clock stands until the frame that it begins with is on the screen', () => {
  const playback = opened();
  assert.deepEqual([playback.due(0, null), playback.due(500, null)], [null, null]);
  assert.equal(playback.isAwaiting, true);
  assert.equal(playback.due(600, 100), 100);
  assert.equal(playback.isAwaiting, false);
  assert.equal(playback.due(620, 100), 101);
  playback.restart(150);
  assert.equal(playback.due(700, 101), null);
  playback.awaitInstead(148);
  assert.equal(playback.due(720, 150), null);
  assert.equal(playback.due(740, 148), 150);
});

test('only frames that will be shown are upcoming, before the first one is there, too', () => {
  const playback = opened(8);
  assert.equal(playback.due(0, null), null);
  assert.deepEqual(playback.upcoming(3), [108, 116, 124]);
});

test('frames are counted once the clip plays', () => {
  const playback = opened();
  playback.note(false);
  assert.deepEqual(playback.stats, { ticks: 0, late: 0 });
  playback.due(0, 100);
  playback.note(true);
  playback.note(false);
  assert.deepEqual(playback.stats, { ticks: 2, late: 1 });
});

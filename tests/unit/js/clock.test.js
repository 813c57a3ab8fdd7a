import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LoopClock } from '../../../review_app/static/player/clock.js';

/** Frames 10..14 shown for 1, 2, 3, 4 and 5 times 900 ticks (10 ms). */
const STARTS = [0, 900, 2700, 5400, 9000, 13500];
const variable = (n) => (n >= 10 && n < 15 ? [STARTS[n - 10], STARTS[n - 9]] : null);

function clockWith(interval, { start = 10, end = 15 } = {}) {
  const time = { now: 1000 };
  return { time, clock: new LoopClock({ start, end, interval, now: () => time.now }) };
}

test('frames are due by their own times, over many loops', () => {
  const { clock, time } = clockWith(variable);
  clock.restart(10);
  assert.equal(clock.due(), 10);
  for (let ms = 1; ms < 2000; ms += 1) {
    time.now = 1000 + ms;
    const inLoop = (ms % 150) * 90;
    const expected = 10 + STARTS.filter((at) => at <= inLoop).length - 1;
    assert.equal(clock.due(), expected, `after ${ms} ms`);
  }
});

test('a frame that is not there stops the clock, and play goes on with it', () => {
  const missing = new Set([12]);
  const { clock, time } = clockWith((n) => (missing.has(n) ? null : variable(n)));
  clock.restart(10);
  clock.due();
  time.now += 500;
  assert.equal(clock.due(), 12);
  assert.ok(clock.stalled);
  assert.equal(clock.position, null);
  time.now += 5000;
  missing.clear();
  assert.equal(clock.due(), 12);
  assert.ok(!clock.stalled);
  time.now += 29;
  assert.equal(clock.due(), 12);
  time.now += 1;
  assert.equal(clock.due(), 13);
});

test('after the page has slept, play goes on where it was', () => {
  const { clock, time } = clockWith(variable);
  clock.restart(13);
  clock.due();
  time.now += 3_600_000;
  assert.equal(clock.due(), 13);
});

test('a clip of one frame stays on it', () => {
  const { clock, time } = clockWith(variable, { start: 11, end: 12 });
  clock.restart(11);
  for (let i = 0; i < 20; i += 1) {
    time.now += 13;
    assert.equal(clock.due(), 11);
  }
});

test('the position is told in seconds from the beginning of the clip', () => {
  const { clock, time } = clockWith(variable);
  clock.restart(12);
  clock.due();
  time.now += 10;
  assert.ok(Math.abs(clock.position - 0.04) < 1e-9);
});

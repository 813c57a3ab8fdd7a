import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LoopClock } from '../../../review_app/static/player/clock.js';

/** Frames 10..14 shown for 1, 2, 3, 4 and 5 times 900 ticks (10 ms). */
const STARTS = [0, 900, 2700, 5400, 9000, 13500];
/** @param {number} n @returns {[number, number] | null} */
const variable = (n) => (n >= 10 && n < 15 ? [STARTS[n - 10], STARTS[n - 9]] : null);

/** @param {(n: number) => [number, number] | null} interval */
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

test('a missing frame stops the clock, and play resumes with it', () => {
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

test('after the page has slept, play resumes where it was', () => {
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
  assert.ok(Math.abs((clock.position ?? NaN) - 0.04) < 1e-9);
});

test('backward each frame has its own time, too, and the loop ends at the first one', () => {
  const { clock, time } = clockWith(variable);
  clock.rate = -1;
  clock.restart(14);
  for (let ms = 0; ms < 1000; ms += 1) {
    time.now = 1000 + ms;
    const left = 150 - (ms % 150);
    const expected = 10 + STARTS.filter((at) => at < left * 90).length - 1;
    assert.equal(clock.due(), expected, `after ${ms} ms`);
  }
  assert.equal(clock.position, null);
});

test('faster than the frames, by the rate', () => {
  const { clock, time } = clockWith(variable);
  clock.rate = 4;
  clock.restart(10);
  for (let ms = 0; ms < 500; ms += 1) {
    time.now = 1000 + ms;
    const inLoop = (ms * 4 % 150) * 90;
    assert.equal(clock.due(), 10 + STARTS.filter((at) => at <= inLoop).length - 1);
  }
});

/** 60 frames a second. @param {number} n @returns {[number, number]} */
const even = (n) => [1500 * n, 1500 * (n + 1)];

test('each frame that comes due was announced before', () => {
  for (const [rate, step] of [[1, 1], [2, 2], [4, 4], [8, 8], [-1, -1], [-2, -2], [-8, -8]]) {
    const { clock, time } = clockWith(even, { start: 0, end: 240 });
    clock.displayMs = 1000 / 60;
    clock.rate = rate;
    const from = rate > 0 ? 0 : 239;
    clock.restart(from);
    let shown = clock.due();
    assert.equal(shown, from);
    let ahead = clock.upcoming(4);
    assert.deepEqual(ahead.slice(0, 2), [from + step, from + 2 * step]);
    for (let n = 1; n < 400; n += 1) {
      time.now = 1000 + (n * 1000) / 60;
      const due = clock.due();
      assert.equal(due, ahead[0], `picture ${n} at ${rate}x`);
      assert.ok(due >= 0 && due < 240);
      ahead = clock.upcoming(4);
      shown = due;
    }
    assert.notEqual(shown, from);
  }
});

test('a display that is as fast as the frames shows each of them, though its ticks are uneven', () => {
  const { clock, time } = clockWith(even, { start: 0, end: 1000 });
  clock.displayMs = 1000 / 60;
  clock.restart(0);
  clock.due();
  for (let n = 1; n < 600; n += 1) {
    time.now = 1000 + (n * 1000) / 60 + [0.4, -0.3, 0, 1.1, -0.9][n % 5];
    assert.equal(clock.due(), n);
  }
});

test('of 120 frames a second a display of 60 shows every other one', () => {
  const { clock, time } = clockWith((n) => [750 * n, 750 * (n + 1)], { start: 0, end: 999 });
  clock.displayMs = 1000 / 60;
  clock.restart(0);
  const seen = [];
  for (let n = 0; n < 10; n += 1) {
    time.now = 1000 + (n * 1000) / 60;
    seen.push(clock.due());
  }
  assert.deepEqual(seen, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
});

test('a change of direction starts from the frame on the screen', () => {
  const { clock, time } = clockWith(even, { start: 0, end: 100 });
  clock.restart(0);
  clock.due();
  time.now += 500;
  assert.equal(clock.due(), 30);
  clock.rate = -2;
  assert.equal(clock.due(), 30);
  time.now += 100;
  assert.equal(clock.due(), 18);
});

test('laps are counted in either direction', () => {
  for (const rate of [1, -1]) {
    let now = 0;
    const clock = new LoopClock({
      start: 10, end: 13, interval: (frame) => [frame * 900, (frame + 1) * 900], now: () => now,
    });
    clock.rate = rate;
    clock.restart(rate > 0 ? 10 : 12);
    const laps = [];
    for (; now <= 60; now += 10) {
      clock.due();
      laps.push(clock.laps);
    }
    assert.deepEqual(laps, [0, 0, 0, 1, 1, 1, 2]);
  }
});

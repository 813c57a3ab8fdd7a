import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Latest } from '../../../review_app/static/library/latest.js';

test('only the latest request answers, and the earlier ones are given up', async () => {
  const latest = new Latest();
  /** @type {AbortSignal[]} */ const signals = [];
  /** @type {((text: string) => void)[]} */ const answers = [];
  const ask = () => latest.of((signal) => {
    signals.push(signal);
    return new Promise((/** @type {(text: string) => void} */ answer) => { answers.push(answer); });
  });
  const [first, second] = [ask(), ask()];
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true, false]);
  answers[1]('second');
  assert.equal(await second, 'second');
  answers[0]('first');
  assert.equal(await first, null);
});

test('what fails counts only if it is the latest', async () => {
  const latest = new Latest();
  const first = latest.of(() => Promise.reject(new Error('no')));
  const second = latest.of(() => Promise.reject(new Error('not this either')));
  assert.equal(await first, null);
  await assert.rejects(second, /not this either/);
});

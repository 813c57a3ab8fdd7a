import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RunReader, inPlayOrder, planRuns } from '../../../review_app/static/player/frames.js';
import { wire } from './wire.js';

test('runs cover the clip once, the first from its start, the others from multiples of 64', () => {
  for (const [start, end] of [[0, 1], [0, 64], [5, 200], [60, 300], [63, 64], [100, 101]]) {
    const runs = planRuns('p', start, end);
    assert.equal(runs[0].a, start);
    assert.equal(runs.at(-1)?.b, end);
    for (let i = 1; i < runs.length; i += 1) {
      assert.equal(runs[i].a, runs[i - 1].b);
      assert.equal(runs[i].a % 64, 0);
    }
  }
  assert.deepEqual(planRuns('p', 60, 200).map((r) => [r.a, r.b]), [[60, 128], [128, 192], [192, 200]]);
});

test('play order starts at the run of the frame and goes around the loop', () => {
  const runs = planRuns('p', 0, 256);
  assert.deepEqual(inPlayOrder(runs, 130).map((r) => r.a), [128, 192, 0, 64]);
  assert.deepEqual(inPlayOrder(runs, 130, true).map((r) => r.a), [128, 64, 0, 192]);
});

test('a run is readable frame by frame while its bytes arrive, however they are cut', () => {
  const bytes = wire(10, 40);
  for (const cut of [1, 7, 100, 1000]) {
    const reader = new RunReader();
    let before = 0;
    for (let at = 0; at < bytes.length; at += cut) {
      reader.push(bytes.subarray(at, at + cut));
      assert.ok(reader.ready >= before);
      before = reader.ready;
      if (reader.ready < 30) assert.equal(reader.sample(10 + reader.ready), null);
    }
    assert.ok(reader.complete);
    for (let n = 10; n < 40; n += 1) {
      assert.deepEqual([...(reader.sample(n) ?? [])], Array((n % 7) + 1).fill(n));
      assert.deepEqual(reader.interval(n), [3000 * n, 3000 * (n + 1)]);
    }
    assert.equal(reader.sample(9), null);
    assert.equal(reader.interval(40), null);
  }
});

test('what is not a run is refused', () => {
  assert.throws(() => new RunReader().push(new TextEncoder().encode('<html>, and quite a long one')));
});

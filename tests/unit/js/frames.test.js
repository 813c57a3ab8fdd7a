import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FrameStore, RunReader, inPlayOrder, planRuns, runKey } from '../../../review_app/static/player/frames.js';

/** A run as the server sends it: frame n has n % 7 + 1 bytes of value n, 3000 ticks each. */
function wire(a, b) {
  const n = b - a;
  const sizes = Array.from({ length: n }, (_, i) => ((a + i) % 7) + 1);
  const bytes = new Uint8Array(24 + 8 * n + sizes.reduce((x, y) => x + y, 0));
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('HFR1'));
  view.setUint32(4, a, true);
  view.setUint32(8, n, true);
  view.setUint32(12, 3000 * n, true);
  view.setBigUint64(16, BigInt(3000 * a), true);
  let at = 24 + 8 * n;
  sizes.forEach((size, i) => {
    view.setUint32(24 + 4 * i, size, true);
    view.setUint32(24 + 4 * (n + i), 3000 * i, true);
    bytes.fill((a + i) % 256, at, at + size);
    at += size;
  });
  return bytes;
}

const settled = () => new Promise((done) => setTimeout(done, 0));

test('runs cover the clip once, the first from its start, the others from multiples of 64', () => {
  for (const [start, end] of [[0, 1], [0, 64], [5, 200], [60, 300], [63, 64], [100, 101]]) {
    const runs = planRuns('p', start, end);
    assert.equal(runs[0].a, start);
    assert.equal(runs.at(-1).b, end);
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
      assert.deepEqual([...reader.sample(n)], Array((n % 7) + 1).fill(n));
      assert.deepEqual(reader.interval(n), [3000 * n, 3000 * (n + 1)]);
    }
    assert.equal(reader.sample(9), null);
    assert.equal(reader.interval(40), null);
  }
});

test('what is not a run is refused', () => {
  assert.throws(() => new RunReader().push(new TextEncoder().encode('<html>, and quite a long one')));
});

/** A store on a server whose answers the test releases. */
function storeWith({ maxBytes, fail = () => false } = {}) {
  const asked = [];
  const store = new FrameStore({
    maxBytes,
    fetchRun: async (run, signal, urgent) => {
      let release;
      const gate = new Promise((done) => { release = done; });
      asked.push({ key: runKey(run), urgent, release, signal });
      await gate;
      if (signal.aborted) throw new DOMException('aborted', 'AbortError');
      if (fail(run)) throw new TypeError('fetch failed');
      return new Response(wire(run.a, run.b));
    },
  });
  return { store, asked };
}

test('at most three runs are on their way, the most wanted first', async () => {
  const { store, asked } = storeWith();
  store.demand(planRuns('p', 0, 640));
  assert.deepEqual(asked.map((a) => [a.key, a.urgent]), [['p/0-64', true], ['p/64-128', false], ['p/128-192', false]]);
  asked[0].release();
  await settled();
  assert.equal(asked.length, 4);
  assert.deepEqual([...store.sample('p', 3)], [3, 3, 3, 3]);
  assert.deepEqual(store.loaded('p', 0, 640), [[0, 64]]);
});

test('a new urgent run takes the place of the least wanted one', async () => {
  const { store, asked } = storeWith();
  const runs = planRuns('p', 0, 640);
  store.demand(runs);
  store.demand(inPlayOrder(runs, 600));
  assert.ok(asked.some((a) => a.key === 'p/576-640' && a.urgent));
  assert.equal(asked.filter((a) => !a.signal.aborted).length, 3);
});

test('runs that nobody wants any more are given up', async () => {
  const { store, asked } = storeWith();
  store.demand(planRuns('p', 0, 128));
  store.demand(planRuns('q', 0, 64));
  assert.deepEqual(asked.map((a) => [a.key, a.signal.aborted]), [['p/0-64', true], ['p/64-128', true], ['q/0-64', false]]);
});

test('memory stays bounded, and what is in demand stays', async () => {
  const { store, asked } = storeWith({ maxBytes: 3000 });
  for (let start = 0; start < 64 * 20; start += 64) {
    store.demand(planRuns('p', start, start + 64));
    asked.at(-1).release();
    await settled();
    assert.notEqual(store.sample('p', start + 63), null);
    assert.ok(store.byteLength <= 3000);
  }
  assert.equal(store.sample('p', 0), null);
});

test('a failure is told, and tried again', async () => {
  let broken = true;
  const { store, asked } = storeWith({ fail: () => broken });
  store.demand(planRuns('p', 0, 10));
  asked[0].release();
  await settled();
  assert.match(store.trouble, /server does not answer/);
  broken = false;
  while (asked.length < 2) await new Promise((done) => setTimeout(done, 20));
  asked[1].release();
  await settled();
  assert.equal(store.trouble, null);
  assert.notEqual(store.sample('p', 9), null);
});

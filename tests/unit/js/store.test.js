import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inPlayOrder, planRuns, runKey } from '../../../review_app/static/player/frames.js';
import { FrameStore } from '../../../review_app/static/player/store.js';
import { wire } from './wire.js';

/** @typedef {import('../../../review_app/static/player/frames.js').Run} Run */

const settled = () => new Promise((done) => setTimeout(done, 0));

/**
 * A store on a server whose answers the test releases.
 * @param {{maxBytes?: number, fail?: (run: Run) => boolean}} [options]
 */
function storeWith({ maxBytes, fail = () => false } = {}) {
  /** @type {{key: string, urgent: boolean, release: () => void, signal: AbortSignal}[]} */
  const asked = [];
  const store = new FrameStore({
    maxBytes,
    fetchRun: async (run, signal, urgent) => {
      let release = () => {};
      const gate = new Promise((done) => { release = () => done(null); });
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
  assert.deepEqual([...(store.sample('p', 3) ?? [])], [3, 3, 3, 3]);
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

test('runs that are no longer wanted are aborted', async () => {
  const { store, asked } = storeWith();
  store.demand(planRuns('p', 0, 128));
  store.demand(planRuns('q', 0, 64));
  assert.deepEqual(asked.map((a) => [a.key, a.signal.aborted]), [['p/0-64', true], ['p/64-128', true], ['q/0-64', false]]);
});

test('memory stays bounded, and runs in demand stay', async () => {
  const { store, asked } = storeWith({ maxBytes: 3000 });
  for (let start = 0; start < 64 * 20; start += 64) {
    store.demand(planRuns('p', start, start + 64));
    asked.at(-1)?.release();
    await settled();
    assert.notEqual(store.sample('p', start + 63), null);
    assert.ok(store.byteLength <= 3000);
  }
  assert.equal(store.sample('p', 0), null);
});

test('a failure is reported and retried', async () => {
  let broken = true;
  const { store, asked } = storeWith({ fail: () => broken });
  store.demand(planRuns('p', 0, 10));
  asked[0].release();
  await settled();
  assert.match(store.trouble ?? '', /server does not answer/);
  broken = false;
  while (asked.length < 2) await new Promise((done) => setTimeout(done, 20));
  asked[1].release();
  await settled();
  assert.equal(store.trouble, null);
  assert.notEqual(store.sample('p', 9), null);
});

test('frames from before the connection broke stay until more arrive', async () => {
  const bodies = [wire(0, 10).subarray(0, 24 + 80 + 6), wire(0, 10)];
  const store = new FrameStore({ fetchRun: async () => new Response(bodies.shift()) });
  store.demand(planRuns('p', 0, 10));
  await settled();
  assert.deepEqual([...(store.sample('p', 2) ?? [])], [2, 2, 2]);
  assert.equal(store.sample('p', 3), null);
  assert.match(store.trouble ?? '', /in the middle of a run/);
  while (bodies.length > 0 || store.trouble) {
    assert.notEqual(store.sample('p', 2), null);
    await new Promise((done) => setTimeout(done, 20));
  }
  assert.notEqual(store.sample('p', 9), null);
});

test('a run that the server refuses holds up no other', async () => {
  /** @type {string[]} */ const asked = [];
  const store = new FrameStore({
    fetchRun: async (run) => {
      asked.push(runKey(run));
      return run.proxy === 'gone' ? new Response('', { status: 404 }) : new Response(wire(run.a, run.b));
    },
  });
  store.demand([...planRuns('p', 0, 10), ...planRuns('gone', 0, 10), ...planRuns('q', 0, 10)]);
  await settled();
  assert.notEqual(store.sample('q', 9), null);
  assert.equal(store.trouble, null);
  store.demand([...planRuns('r', 0, 10), ...planRuns('gone', 0, 10)]);
  await settled();
  assert.notEqual(store.sample('r', 9), null);
  assert.equal(asked.filter((key) => key.startsWith('gone')).length, 1);
  store.demand([]);
});

test('the error of a run is reported as long as the run is wanted', async () => {
  const store = new FrameStore({
    fetchRun: async ({ proxy, a, b }) =>
      (proxy === 'gone' ? new Response('', { status: 404 }) : new Response(wire(a, b))),
  });
  const [gone, other] = [planRuns('gone', 0, 10), planRuns('p', 0, 10)];
  store.demand([...gone, ...other]);
  await settled();
  assert.match(store.trouble ?? '', /the server answered 404/);
  assert.notEqual(store.sample('p', 9), null, 'another run that comes makes nothing good');
  store.demand(other);
  assert.equal(store.trouble, null);
});

test('a server that does not answer is no error while all frames are here', async () => {
  let broken = false;
  const { store, asked } = storeWith({ fail: () => broken });
  store.demand(planRuns('p', 0, 10));
  asked[0].release();
  await settled();
  broken = true;
  store.demand(planRuns('p', 100, 110));
  asked[1].release();
  await settled();
  assert.match(store.trouble ?? '', /does not answer/);
  store.demand(planRuns('p', 0, 10));
  assert.equal(store.trouble, null);
});

test('what waits after a failure is tried at once when somebody knows better', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  let broken = true;
  const store = new FrameStore({
    fetchRun: async ({ a, b }) => {
      if (broken) throw new TypeError('fetch failed');
      return new Response(wire(a, b));
    },
  });
  const loaded = async () => {
    for (let i = 0; i < 1000 && store.trouble; i += 1) await new Promise(setImmediate);
  };
  store.demand(planRuns('p', 0, 10));
  for (let i = 0; i < 100; i += 1) await Promise.resolve();
  assert.match(store.trouble ?? '', /does not answer/);
  broken = false;
  store.retry();
  await loaded();
  assert.equal(store.trouble, null);
  assert.notEqual(store.sample('p', 9), null);
});

test('a refused run that gets no answer the next time is not retried without a pause', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  let asked = 0;
  const store = new FrameStore({
    fetchRun: async () => {
      asked += 1;
      if (asked > 1) throw new TypeError('fetch failed');
      return new Response('', { status: 503 });
    },
  });
  const turns = async () => {
    for (let i = 0; i < 100; i += 1) await Promise.resolve();
  };
  store.demand(planRuns('p', 0, 10));
  await turns();
  t.mock.timers.tick(8100);
  await turns();
  assert.equal(asked, 2);
  assert.match(store.trouble ?? '', /does not answer/);
  store.demand([]);
  assert.equal(store.trouble, null);
});

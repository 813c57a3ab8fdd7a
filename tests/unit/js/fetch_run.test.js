import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { fetchRun } from '../../../review_app/static/player/fetch_run.js';

const real = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = real;
});

/** Answers in turn; gives what was asked. @param {Response[]} answers */
const answering = (...answers) => {
  /** @type {[string, RequestInit][]} */ const asked = [];
  globalThis.fetch = async (url, options) => {
    asked.push([String(url), options ?? {}]);
    return /** @type {Response} */ (answers.shift());
  };
  return asked;
};

const ELSEWHERE = { 'X-Samples-At': 'https://s3.example/film', 'X-Samples-Range': 'bytes=8-11' };

test('an answer with all of a run is handed on', async () => {
  const asked = answering(new Response('head and samples'));
  assert.equal(await (await fetchRun('/run', {})).text(), 'head and samples');
  assert.equal(asked.length, 1);
});

test('samples of another origin follow the head, asked for without cookies', async () => {
  const asked = answering(
    new Response('head ', { headers: ELSEWHERE }),
    new Response('samples', { status: 206 }),
  );
  const { signal } = new AbortController();
  assert.equal(await (await fetchRun('/run', { signal })).text(), 'head samples');
  const [, [url, options]] = asked;
  assert.equal(url, 'https://s3.example/film');
  assert.deepEqual(options, { signal, headers: { Range: 'bytes=8-11' }, credentials: 'omit' });
});

test('a refusal of either is handed on', async () => {
  answering(new Response('', { status: 404, headers: ELSEWHERE }));
  assert.equal((await fetchRun('/run', {})).status, 404);
  answering(new Response('head', { headers: ELSEWHERE }), new Response('', { status: 403 }));
  assert.equal((await fetchRun('/run', {})).status, 403);
});

test('samples that break off break off the run', async () => {
  const broken = new ReadableStream({
    start: (controller) => controller.error(new Error('gone')),
  });
  answering(new Response('head', { headers: ELSEWHERE }), new Response(broken, { status: 206 }));
  await assert.rejects(async () => (await fetchRun('/run', {})).text());
});

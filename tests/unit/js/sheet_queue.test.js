import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SheetQueue } from '../../../review_app/static/sheet/queue.js';

/** @typedef {import('../../../review_app/static/sheet/queue.js').Clip} Clip */

const PENDING = 'pending_review';
/** @type {Record<string, string>} */
const STATES = { approve: 'review_approved', skip: 'review_skipped', archive: 'review_archived' };

const settled = async () => {
  for (let i = 0; i < 30; i += 1) await Promise.resolve();
};

/** @param {number} status @param {string} [message] */
const failure = (status, message = 'the server does not answer') =>
  Object.assign(new Error(message), { status });

/** A server in memory, as docs/review.md has it. */
class Server {
  down = false;
  /** Requests that do arrive, but whose answers are lost. */
  answersLost = 0;
  /** False: what one person decides leaves the clip as it is. */
  decidesAlone = true;
  /** @type {any[][]} */ sent = [];
  /** What batches found, by their ids. @type {Map<number, Clip[]>} */ #batches = new Map();

  /** @param {number} n clips */
  constructor(n) {
    const clips = Array.from({ length: n }, (_, i) => /** @type {Clip} */ (/** @type {unknown} */ ({
      id: i + 1, version: 1, state: PENDING, rating: null, labels: [],
    })));
    this.clips = new Map(clips.map((clip) => [clip.id, clip]));
  }

  /** @param {number} id */
  clip(id) {
    return /** @type {Clip} */ (this.clips.get(id));
  }

  /** @param {number} id @param {Partial<Clip>} fields */
  change(id, fields) {
    const clip = { ...this.clip(id), ...fields };
    clip.version += 1;
    this.clips.set(id, clip);
    return clip;
  }

  /** @param {number} limit @returns {Promise<import('../../../review_app/static/sheet/queue.js').Handed>} */
  async load(limit) {
    if (this.down) throw failure(0);
    const clips = [...this.clips.values()].filter(({ state }) => state === PENDING);
    const number = clips.length;
    const counts = { pending: number, with_others: 0, total: number, available: number };
    return { clips: clips.slice(0, limit), stacks: [], ...counts };
  }

  /** @param {any} body */
  async decide({ action, clips, ...fields }) {
    if (this.down) throw failure(0);
    const refused = [];
    /** @type {Clip[]} */ const changed = [];
    /** @type {Clip[]} */ const before = [];
    const names = [];
    for (const { id, version } of clips) {
      const clip = this.clip(id);
      names.push(`${id}v${version}`);
      if (clip.version !== version) refused.push({ id, error: `Clip ${id} has changed.`, clip });
      else {
        before.push(clip);
        const state = this.decidesAlone ? STATES[action] : PENDING;
        changed.push(this.change(id, action === 'annotate' ? fields : { state }));
      }
    }
    this.sent.push([action, names.join(' '), fields]);
    const id = this.#batches.size + 100;
    this.#batches.set(id, before);
    return { batch_id: id, event_id: id, clips: changed, refused };
  }

  async latest() {
    if (this.down) throw failure(0);
    return this.#batches.size > 0 ? Math.max(...this.#batches.keys()) : null;
  }

  /** @param {number | null} id */
  async undo(id) {
    if (this.down) throw failure(0);
    this.sent.push(['undo', id]);
    const before = this.#batches.get(id ?? Math.max(...this.#batches.keys()));
    if (!before) throw failure(410, 'That decision has been undone already.');
    this.#batches.delete(id ?? Math.max(...this.#batches.keys()));
    const clips = before.map((was) =>
      this.change(was.id, { state: was.state, rating: was.rating }));
    if (this.answersLost > 0) {
      this.answersLost -= 1;
      throw failure(0);
    }
    return { clips };
  }
}

/** A sheet that shows at most so many of n clips. @param {number} n @param {number} [most] */
async function sheetOf(n, most = n) {
  const server = new Server(n);
  /** @type {((value?: any) => void)[]} */ const waits = [];
  const queue = new SheetQueue({
    server,
    belongs: ({ state }) => state === PENDING,
    onchange: () => {},
    delay: () => new Promise((resolve) => waits.push(resolve)),
  });
  await queue.renew(most);
  const ids = () => queue.clips.map(({ id }) => id);
  const pick = (/** @type {number[]} */ ...wanted) =>
    queue.clips.filter(({ id }) => wanted.includes(id));
  const wait = async () => {
    waits.splice(0).forEach((go) => go());
    await settled();
  };
  return { server, queue, ids, pick, wait };
}

test('decided clips leave at once, in one request, and one undo brings all back', async () => {
  const { server, queue, ids, pick } = await sheetOf(6);
  queue.decide('approve', pick(2, 3, 5));
  assert.deepEqual(ids(), [1, 4, 6]);
  assert.equal(queue.unsaved, 3);
  await settled();
  assert.deepEqual(server.sent, [['approve', '2v1 3v1 5v1', {}]]);
  assert.deepEqual([queue.unsaved, queue.decidedToday], [0, 3]);
  queue.undo();
  await settled();
  assert.deepEqual(ids(), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([queue.decidedToday, queue.notice?.text], [0, 'Undone: 3 clips.']);
  assert.equal(server.clip(3).state, PENDING);
});

test('clips that wait for a second opinion leave, too, and come back with the undo', async () => {
  const { server, queue, ids, pick } = await sheetOf(4);
  server.decidesAlone = false;
  queue.decide('approve', pick(1, 3));
  await settled();
  assert.deepEqual(ids(), [2, 4]);
  assert.equal(server.clip(1).state, PENDING);
  queue.undo();
  await settled();
  assert.deepEqual(ids(), [1, 2, 3, 4]);
});

test('two undos take back two batches, the latest first', async () => {
  const { server, queue, ids, pick } = await sheetOf(4);
  queue.decide('approve', pick(1, 2));
  queue.decide('skip', pick(3));
  await settled();
  queue.undo();
  queue.undo();
  await settled();
  assert.deepEqual(server.sent.slice(2), [['undo', 101], ['undo', 100]]);
  assert.deepEqual(ids(), [1, 2, 3, 4]);
});

test('a decision that is undone before it was sent is never sent', async () => {
  const { server, queue, ids, pick } = await sheetOf(4);
  queue.decide('approve', pick(1));
  queue.decide('archive', pick(2));
  queue.undo();
  await settled();
  assert.deepEqual(server.sent.map(([what]) => what), ['approve']);
  assert.deepEqual(ids(), [2, 3, 4]);
});

test('a refused clip comes back with the reason, unless others decided on it', async () => {
  const { server, queue, ids, pick } = await sheetOf(5);
  server.change(2, {}); // its cut was moved, say
  server.change(4, { state: STATES.skip });
  queue.decide('approve', pick(1, 2, 4));
  assert.deepEqual(ids(), [3, 5]);
  await settled();
  assert.deepEqual(ids(), [2, 3, 5]);
  assert.equal(queue.refusals.get(2), 'Clip 2 has changed.');
  assert.match(queue.notice?.text ?? '', /Clip 2 has changed\. Not approved: 2 of 3 clips\./);
  assert.equal(server.clip(1).state, STATES.approve);
  queue.decide('approve', pick(2));
  await settled();
  assert.equal(queue.refusals.size, 1);
  assert.equal(server.clip(2).state, STATES.approve);
});

test('while the server is down everything waits, as the notice says, and is sent once it is back', async () => {
  const { server, queue, ids, pick, wait } = await sheetOf(6);
  server.down = true;
  queue.decide('approve', pick(1, 2));
  queue.decide('skip', pick(3));
  await settled();
  assert.deepEqual(ids(), [4, 5, 6]);
  assert.match(queue.trouble ?? '', /does not answer\. Decisions on 3 clips wait here\./);
  await wait();
  assert.equal(server.sent.length, 0);
  server.down = false;
  queue.repeat();
  await settled();
  assert.deepEqual(server.sent.map(([what]) => what), ['approve', 'skip']);
  assert.deepEqual([queue.unsaved, queue.trouble], [0, null]);
});

test('an undo of a decision that may have reached the server is sent after it', async () => {
  const { server, queue, ids, pick, wait } = await sheetOf(3);
  server.down = true;
  queue.decide('approve', pick(1));
  await settled();
  queue.undo();
  server.down = false;
  await wait();
  assert.deepEqual(server.sent.map(([what]) => what), ['approve', 'undo']);
  assert.deepEqual(ids(), [1, 2, 3]);
});

test('a request that is refused as a whole is not retried, and nothing is undone', async () => {
  const { server, queue, ids, pick } = await sheetOf(3);
  const { decide } = server;
  server.decide = async () => {
    throw failure(400, 'this page is from an earlier session');
  };
  queue.decide('approve', pick(1));
  queue.undo();
  await settled();
  assert.deepEqual(ids(), [1, 2, 3]);
  assert.match(queue.notice?.text ?? '', /^Not approved: 1 clip\. This page is from an earlier/);
  server.decide = decide;
  assert.deepEqual(server.sent, []);
});

test('a rating shows at once, stays on the sheet, and the next decision builds on it', async () => {
  const { server, queue, ids, pick } = await sheetOf(3);
  queue.decide('annotate', pick(1, 2), { rating: 4 });
  assert.deepEqual(queue.clips.map(({ rating }) => rating), [4, 4, null]);
  assert.deepEqual([...queue.saving], [1, 2]);
  queue.decide('approve', pick(1));
  assert.deepEqual(ids(), [2, 3]);
  await settled();
  assert.deepEqual(server.sent, [['annotate', '1v1 2v1', { rating: 4 }], ['approve', '1v2', {}]]);
  assert.deepEqual([queue.refusals.size, queue.notice?.bad], [0, false]);
  queue.undo();
  queue.undo();
  await settled();
  assert.deepEqual(queue.clips.map(({ rating }) => rating), [null, null, null]);
});

test('labels are added to those that clips have, at once', async () => {
  const { server, queue, pick } = await sheetOf(3);
  server.change(1, { labels: ['old', 'both'] });
  await queue.renew(3);
  queue.decide('annotate', pick(1, 2), { add_labels: ['both', 'new'], remove_labels: ['old'] });
  queue.decide('annotate', pick(2), { note: 'Look!' });
  assert.deepEqual(queue.clips.map(({ labels }) => labels), [['both', 'new'], ['both', 'new'], []]);
  assert.deepEqual(queue.clips.map(({ note }) => note), [undefined, 'Look!', undefined]);
  await settled();
  const [[action, names, fields]] = server.sent;
  assert.deepEqual([action, names], ['annotate', '1v2 2v1']);
  assert.deepEqual(fields, { add_labels: ['both', 'new'], remove_labels: ['old'] });
});

test('clips that a decision leaves in the states of the sheet stay where they are', async () => {
  const server = new Server(3);
  for (const id of [1, 2, 3]) server.change(id, { state: STATES.approve });
  server.load = async () => ({
    clips: [...server.clips.values()], stacks: [[1, 2]],
    pending: 0, with_others: 0, total: 3, available: 3,
  });
  /** @type {number[][]} */ const shown = [];
  const queue = new SheetQueue({
    server,
    belongs: ({ state }) => state === STATES.approve,
    onchange: () => shown.push(queue.clips.map(({ id }) => id)),
  });
  await queue.renew(3);
  queue.decide('approve', queue.clips.slice(0, 2));
  assert.deepEqual([...queue.saving], [1, 2]);
  await settled();
  assert.deepEqual(shown.slice(1), shown.slice(1).map(() => [1, 2, 3]));
  assert.equal(queue.decidedToday, 2);
  queue.decide('skip', queue.clips.slice(0, 1));
  assert.deepEqual(queue.clips.map(({ id }) => id), [2, 3]);
});

test('it says how many more clips there are, and two calls wait for one answer', async () => {
  const { server, queue } = await sheetOf(6, 2);
  assert.equal(queue.more, 4);
  let asked = 0;
  const { load } = server;
  server.load = async (limit) => {
    asked += 1;
    return load.call(server, limit);
  };
  await Promise.all([queue.renew(4), queue.renew(6)]);
  assert.deepEqual([asked, queue.more], [1, 2]);
  await queue.renew(6);
  assert.deepEqual([asked, queue.more], [2, 0]);
  server.down = true;
  await queue.renew(6);
  assert.equal(queue.clips.length, 6);
  queue.begin();
  assert.equal(queue.more, 0);
});

test('more clips come in order, and clips that others took leave', async () => {
  const { server, queue, ids, pick } = await sheetOf(6, 3);
  assert.deepEqual(ids(), [1, 2, 3]);
  queue.decide('approve', pick(2));
  server.change(3, { state: STATES.skip }); // by somebody else
  await queue.renew(10);
  assert.deepEqual(ids(), [1, 4, 5, 6]);
  await settled();
  assert.deepEqual(ids(), [1, 4, 5, 6]);
});

test('an answer from before a decision does not bring its clips back', async () => {
  const { server, queue, ids, pick } = await sheetOf(3);
  const handed = await server.load(3);
  let answer = () => {};
  server.load = () => new Promise((resolve) => {
    answer = () => resolve(handed);
  });
  const renewed = queue.renew(3);
  queue.decide('approve', pick(1));
  await settled();
  answer();
  await renewed;
  assert.deepEqual(ids(), [2, 3]);
});

test('undo of a decision from before this page brings its clips to the front', async () => {
  const { server, queue, ids } = await sheetOf(3);
  await server.decide({ action: 'approve', clips: [{ id: 3, version: 1 }] });
  await queue.renew(3);
  assert.deepEqual(ids(), [1, 2]);
  queue.undo();
  await settled();
  assert.ok(ids().includes(3));
});

test('an undo whose answer is lost takes back no second decision', async () => {
  const { server, queue, ids, wait } = await sheetOf(3);
  await server.decide({ action: 'approve', clips: [{ id: 2, version: 1 }] });
  await server.decide({ action: 'approve', clips: [{ id: 3, version: 1 }] });
  await queue.renew(3);
  server.answersLost = 1;
  queue.undo();
  await settled();
  await wait();
  assert.deepEqual(server.sent.slice(2), [['undo', 101], ['undo', 101]]);
  assert.equal(server.clip(2).state, STATES.approve);
  assert.equal(server.clip(3).state, PENDING);
  assert.deepEqual([queue.notice, ids()], [{ text: 'Undone.', bad: false }, [1, 3]]);
});

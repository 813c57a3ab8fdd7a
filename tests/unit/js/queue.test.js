import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ReviewQueue } from '../../../review_app/static/review/queue.js';
import { Stacks } from '../../../review_app/static/shared/stacks.js';
import { FilmServer, Refusal } from './film_server.js';

const settled = async () => {
  for (let i = 0; i < 200; i += 1) await Promise.resolve();
};

/** A queue of clips 1..n. Time stands still until `pass` lets it go on. @param {number} n
 * @param {number[][]} [stacked] those that show the same */
async function queueOf(n, stacked = []) {
  const server = new FilmServer(n);
  server.stacks = stacked;
  /** @type {{at: number, resolve: () => void}[]} */ const timers = [];
  const clock = { now: 0 };
  const stacks = new Stacks();
  const queue = new ReviewQueue({
    server,
    stacks,
    onchange: () => {},
    now: () => clock.now,
    delay: (ms) => new Promise((resolve) => { timers.push({ at: clock.now + ms, resolve }); }),
  });
  const pass = async (/** @type {number} */ ms) => {
    clock.now += ms;
    for (const timer of timers) if (timer.at <= clock.now) timer.resolve();
    await settled();
  };
  await queue.refill();
  const ids = () => queue.clips.map((clip) => clip.id);
  const ranges = () => queue.clips.map((clip) => [clip.start_frame, clip.end_frame]);
  const sent = () => server.requests.map(([id, body]) => [id, body?.action]);
  return { queue, server, stacks, pass, ids, ranges, sent };
}

/** From now on no request is answered, though they may all reach the server.
 * @param {FilmServer} server @param {{status?: number, reaches?: boolean}} [options]
 * @returns {() => void} starts it again */
function stop(server, { status = 0, reaches = false } = {}) {
  const hook = reaches ? 'after' : 'before';
  server[hook] = async () => { throw new Refusal('the server does not answer', status); };
  return () => { server[hook] = async () => {}; };
}

// --- Going on at once -------------------------------------------------------------------------

test('the next clip shows before the server has answered', async () => {
  const { queue, server } = await queueOf(8);
  queue.decide('approve');
  assert.equal(queue.current.id, 2);
  assert.equal(queue.unsaved, 1);
  queue.decide('archive');
  assert.equal(queue.current.id, 3);
  const done = () => queue.done.map(({ id, action }) => [id, action]);
  assert.deepEqual(done(), [[null, 'archive'], [null, 'approve']]);
  await settled();
  assert.deepEqual(server.requests, [
    [1, { action: 'approve', version: 1 }],
    [2, { action: 'archive', version: 1 }],
  ]);
  assert.equal(queue.unsaved, 0);
  assert.equal(queue.decidedToday, 2);
  assert.deepEqual(done(), [[2, 'archive'], [1, 'approve']]);
});

test('the queue refills without the clips that were decided on, and counts', async () => {
  const { queue } = await queueOf(40);
  const seen = [];
  while (queue.current) {
    seen.push(queue.current.id);
    assert.deepEqual(queue.position, { at: seen.length, of: 40 });
    assert.equal(queue.pending, 41 - seen.length);
    queue.decide('approve');
    if (seen.length % 3 === 0) await settled();
  }
  assert.deepEqual(seen, Array.from({ length: 40 }, (_, i) => i + 1));
});

test('the last clips are not asked for again and again', async () => {
  const { queue, server, ids } = await queueOf(12);
  let loads = 0;
  server.before = async (what) => { loads += Number(what === 'load'); };
  while (queue.current) {
    queue.decide('approve');
    await settled();
  }
  assert.equal(loads, 1);
  server.change(12, { state: 'pending_review' });
  await queue.refill();
  assert.deepEqual(ids(), [12]);
});

test('the neighbours of a clip follow the decisions', async () => {
  const { queue } = await queueOf(4);
  queue.decide('archive');
  assert.equal(queue.current?.previous?.state, 'review_archived');
  await settled();
  assert.equal(queue.current?.previous?.state, 'review_archived');
});

test('describing a clip and deciding on it right after is no conflict', async () => {
  const { queue, server, sent } = await queueOf(3);
  queue.annotate(queue.current.id, { rating: 4 });
  assert.equal(queue.current.rating, 4);
  queue.annotate(queue.current.id, { labels: ['night'] });
  queue.decide('approve');
  await settled();
  assert.deepEqual(sent(), [[1, 'annotate'], [1, 'annotate'], [1, 'approve']]);
  assert.deepEqual([server.get(1).rating, server.get(1).labels], [4, ['night']]);
  assert.equal(server.get(1).state, 'review_approved');
  assert.equal(queue.notice, null);
  assert.equal(queue.decidedToday, 1, 'what describes a clip is no decision on it');
});

test('a clip keeps what the answer to a description does not tell', async () => {
  const { queue } = await queueOf(2);
  const before = queue.current;
  queue.annotate(before.id, { rating: 4 });
  await settled();
  assert.deepEqual(queue.current, { ...before, rating: 4, version: 2 });
});

test('a clip that is not on the screen any more can still be described', async () => {
  const { queue, server } = await queueOf(3);
  queue.look(1);
  queue.annotate(1, { note: 'typed before' });
  await settled();
  assert.equal(server.get(1).note, 'typed before');
  assert.equal(queue.current.id, 2);
});

test('a note on a part of a split reaches it once the server has given it an id', async () => {
  const { queue, server } = await queueOf(2);
  queue.decide('split', { frames: [15] });
  const { id } = queue.clips[0];
  assert.ok(id < 0);
  await settled();
  queue.annotate(id, { note: 'typed for long' });
  await settled();
  assert.equal(server.get(3).note, 'typed for long');
});

test('skipped-over clips come again after the last', async () => {
  const { queue } = await queueOf(3);
  queue.look(1);
  assert.deepEqual([queue.current.id, queue.position.at], [2, 2]);
  queue.decide('approve');
  queue.decide('approve');
  assert.equal(queue.current.id, 1);
  queue.look(-1);
  assert.equal(queue.current.id, 1);
});

// --- Groups -----------------------------------------------------------------------------------

const statesOf = (/** @type {FilmServer} */ server) => server.live.map(({ state }) => state);

test('a group takes both clips off the list at once, and counts both', async () => {
  const { queue, server, ids } = await queueOf(5);
  queue.look(2);
  queue.decide('group');
  const isShown = () => {
    assert.deepEqual([ids(), queue.current.id], [[1, 4, 5], 4]);
    assert.deepEqual([queue.position, queue.pending], [{ at: 4, of: 5 }, 3]);
    assert.deepEqual(queue.clips.map(({ previous, next }) => [previous?.state, next?.state]), [
      [undefined, 'review_approved'], ['review_approved', 'pending_review'],
      ['pending_review', undefined],
    ]);
    assert.deepEqual(queue.notice, { text: 'Grouped: 2 clips approved.', bad: false });
    assert.deepEqual(
      queue.done.map(({ action, start_frame: a, end_frame: b }) => [action, a, b]),
      [['group', 20, 40]],
    );
  };
  isShown();
  await settled();
  isShown();
  assert.deepEqual(server.requests, [[3, { action: 'group', version: 1 }]]);
  assert.deepEqual(statesOf(server).slice(1, 3), ['review_approved', 'review_approved']);
  assert.equal(queue.decidedToday, 1);
  await queue.renew();
  isShown();
});

for (const isSaved of [true, false]) {
  test(`undo brings both clips of a group back in their places (saved: ${isSaved})`, async () => {
    const { queue, server, ids } = await queueOf(5);
    queue.look(2);
    queue.decide('group');
    if (isSaved) await settled();
    else await Promise.resolve();
    queue.undo();
    const isBack = () => {
      assert.deepEqual([ids(), queue.current.id, queue.done], [[1, 2, 3, 4, 5], 3, []]);
      assert.deepEqual([queue.position, queue.pending], [{ at: 3, of: 5 }, 5]);
      assert.deepEqual([queue.current.previous?.state, queue.clips[0].next?.state], [
        'pending_review', 'pending_review',
      ]);
    };
    isBack();
    await settled();
    isBack();
    assert.deepEqual(server.requests.at(-1), ['undo', 1]);
    assert.deepEqual([queue.decidedToday, queue.clips[1].version, queue.clips[2].version], [0, 3, 3]);
    queue.decide('skip');
    queue.look(-1);
    queue.decide('archive');
    await settled();
    assert.deepEqual(statesOf(server).slice(1, 3), ['review_archived', 'review_skipped']);
  });
}

test('a group that was not sent yet is taken back without the server', async () => {
  const { queue, server, ids } = await queueOf(5);
  queue.decide('skip');
  queue.look(1);
  queue.decide('group');
  queue.undo();
  assert.deepEqual([ids(), queue.current.id], [[2, 3, 4, 5], 3]);
  await settled();
  assert.deepEqual(server.requests.map(([id]) => id), [1]);
});

test('a group on a skipped clip approves that one, too, and its undo skips it again', async () => {
  const { queue, server, ids } = await queueOf(3);
  queue.decide('skip');
  queue.decide('group');
  assert.equal(queue.notice?.text, 'Grouped: 2 clips approved.');
  assert.deepEqual([ids(), queue.position, queue.pending], [[3], { at: 3, of: 3 }, 1]);
  await settled();
  assert.deepEqual([queue.position, queue.pending], [{ at: 3, of: 3 }, 1]);
  assert.deepEqual(statesOf(server), ['review_approved', 'review_approved', 'pending_review']);
  queue.undo();
  await settled();
  assert.deepEqual([ids(), queue.position], [[2, 3], { at: 2, of: 3 }]);
  assert.equal(queue.current.previous?.state, 'review_skipped');
  assert.equal(server.get(1).state, 'review_skipped');
});

test('a group on an approved clip, or on a group, approves one clip', async () => {
  const { queue, server, ids } = await queueOf(4);
  queue.look(1);
  queue.decide('group');
  queue.decide('group');
  assert.deepEqual([ids(), queue.notice, queue.position.at], [[4], null, 4]);
  assert.deepEqual(queue.done.map(({ start_frame: a, end_frame: b }) => [a, b]), [
    [30, 40], [10, 30],
  ]);
  await settled();
  assert.deepEqual([ids(), queue.position], [[4], { at: 4, of: 4 }]);
  queue.undo();
  queue.undo();
  await settled();
  assert.deepEqual([ids(), queue.position.of, queue.decidedToday], [[1, 2, 3, 4], 4, 0]);
  assert.deepEqual(new Set(statesOf(server)), new Set(['pending_review']));
});

test('a refused group brings both clips back as they are now', async () => {
  const { queue, server, ids } = await queueOf(4);
  queue.look(2);
  server.change(3, { labels: ['theirs'] });
  queue.decide('group');
  assert.deepEqual(ids(), [1, 4]);
  await settled();
  assert.deepEqual([ids(), queue.current.id, queue.current.labels], [[1, 2, 3, 4], 3, ['theirs']]);
  assert.match(queue.notice?.text ?? '', /Not saved: clip 3 grouped\. Clip 3 has changed/);
  assert.deepEqual([queue.position, queue.pending], [{ at: 3, of: 4 }, 4]);
  assert.equal(server.get(2).state, 'pending_review');
});

test('a list that is loaded before a lost answer comes again still counts both clips', async () => {
  const { queue, server, pass, ids } = await queueOf(12);
  queue.look(2);
  await settled();
  const start = stop(server, { reaches: true });
  queue.decide('group');
  await settled();
  void queue.renew();
  start();
  await pass(2000);
  await queue.renew();
  assert.deepEqual([server.events.length, queue.unsaved], [1, 0]);
  assert.deepEqual([ids().slice(0, 2), queue.position], [[1, 4], { at: 4, of: 12 }]);
  assert.equal(queue.pending, 10);
});

test('a group whose answer was lost is made once, and its undo, too', async () => {
  const { queue, server, pass, ids } = await queueOf(12);
  queue.look(2);
  let start = stop(server, { reaches: true });
  queue.decide('group');
  await settled();
  start();
  await pass(2000);
  assert.deepEqual([server.events.length, queue.unsaved], [1, 0]);
  assert.deepEqual([ids().slice(0, 2), queue.position], [[1, 4], { at: 4, of: 12 }]);
  start = stop(server, { reaches: true });
  queue.undo();
  await settled();
  start();
  await pass(2000);
  assert.deepEqual([ids().slice(0, 4), queue.current.id, queue.unsaved], [[1, 2, 3, 4], 3, 0]);
  assert.deepEqual([queue.position, queue.pending], [{ at: 3, of: 12 }, 12]);
  assert.deepEqual(queue.notice, { text: 'Undone.', bad: false });
  queue.decide('group');
  await settled();
  assert.deepEqual(statesOf(server).slice(1, 3), ['review_approved', 'review_approved']);
});

// --- Cuts -------------------------------------------------------------------------------------

test('a split goes on with its parts at once, and each can be decided on', async () => {
  const { queue, server, ranges, ids } = await queueOf(3);
  queue.decide('split', { frames: [14, 17] });
  assert.deepEqual(ranges(), [[10, 14], [14, 17], [17, 20], [20, 30], [30, 40]]);
  queue.decide('approve');
  queue.decide('archive');
  assert.deepEqual(ranges()[0], [17, 20]);
  await settled();
  assert.deepEqual(ids(), [6, 2, 3]);
  assert.equal(queue.current?.previous?.state, 'review_archived');
  assert.deepEqual([4, 5, 6].map((id) => server.get(id).state), [
    'review_approved', 'review_archived', 'pending_review',
  ]);
});

test('a merge with either side shows the whole at once', async () => {
  const { queue, server, ranges } = await queueOf(4);
  queue.decide('merge', { side: 'next' });
  assert.deepEqual(ranges()[0], [10, 30]);
  queue.decide('approve');
  queue.decide('approve');
  queue.decide('merge', { side: 'previous' });
  assert.deepEqual(ranges()[0], [30, 50]);
  await settled();
  assert.deepEqual(server.live.map((clip) => [clip.start_frame, clip.state]), [
    [10, 'review_approved'], [30, 'pending_review'],
  ]);
  assert.equal(queue.current.id, 6);
});

test('a clip can be merged with a neighbour that the page does not know yet', async () => {
  const { queue, ranges } = await queueOf(4);
  queue.decide('approve');
  queue.decide('approve');
  await settled();
  queue.decide('merge', { side: 'previous' });
  queue.decide('merge', { side: 'previous' }); // clip 1, which is not in the list
  assert.ok(queue.busy);
  await settled();
  assert.ok(!queue.busy);
  assert.deepEqual(ranges(), [[10, 40], [40, 50]]);
  assert.equal(queue.current.start_frame, 10);
});

test('a held nudge moves the cut at once and is sent once, when it rests', async () => {
  const { queue, server, pass, ranges } = await queueOf(3);
  queue.decide('approve');
  await settled();
  assert.ok(queue.nudge('end', 1));
  await pass(150);
  for (let i = 0; i < 3; i += 1) queue.nudge('end', 1);
  assert.deepEqual(ranges(), [[20, 34], [34, 40]]);
  assert.equal(queue.current?.next?.start_frame, 34);
  await pass(150);
  assert.equal(server.requests.length, 1);
  await pass(60);
  const nudge = { action: 'nudge', version: 1, edge: 'end', frame: 34 };
  assert.deepEqual(server.requests.at(-1), [2, nudge]);
  await pass(1000);
  assert.equal(server.requests.length, 2);
  assert.equal(server.get(3).start_frame, 34);
});

test('a nudge that another decision follows is sent before it', async () => {
  const { queue, server, sent } = await queueOf(3);
  queue.nudge('end', -2);
  queue.decide('approve');
  queue.decide('approve'); // the neighbour, whose version the nudge has raised
  await settled();
  assert.deepEqual(sent(), [[1, 'nudge'], [1, 'approve'], [2, 'approve']]);
  assert.deepEqual([server.get(2).start_frame, server.get(2).state], [18, 'review_approved']);
  assert.equal(queue.notice, null);
});

test('leaving the page sends a resting nudge', async () => {
  const { queue, sent } = await queueOf(3);
  queue.nudge('end', 1);
  queue.flush();
  await settled();
  assert.deepEqual(sent(), [[1, 'nudge']]);
});

test('a nudge before the clip moves the one that was decided on', async () => {
  const { queue, server, pass } = await queueOf(3);
  queue.decide('approve');
  queue.nudge('start', -3);
  assert.deepEqual([queue.current.start_frame, queue.current?.previous?.end_frame], [17, 17]);
  await pass(300);
  assert.equal(server.get(1).end_frame, 17);
});

test('a clip that was decided on and moved is merged as it is now', async () => {
  const { queue, server, pass } = await queueOf(4);
  queue.look(1);
  queue.decide('approve');
  queue.look(-1);
  await settled();
  const start = stop(server);
  queue.nudge('end', -3);
  queue.look(1);
  queue.decide('merge', { side: 'previous' });
  assert.deepEqual([queue.current.start_frame, queue.current.end_frame], [17, 40]);
  start();
  await pass(20_000);
  assert.deepEqual([queue.current.start_frame, queue.current.end_frame], [17, 40]);
});

test('both clips keep a frame', async () => {
  const { queue, ranges } = await queueOf(2);
  queue.nudge('end', 100);
  assert.deepEqual(ranges(), [[10, 29], [29, 30]]);
  assert.ok(!queue.nudge('end', 1));
  assert.match(queue.notice?.text ?? '', /each clip keeps at least one frame/);
  assert.ok(!queue.nudge('start', 1));
  assert.match(queue.notice?.text ?? '', /No clip comes right before/);
});

test('an impossible edit is explained, not sent', async () => {
  const { queue, server } = await queueOf(3);
  queue.decide('merge', { side: 'previous' });
  assert.match(queue.notice?.text ?? '', /No clip comes right before this one/);
  queue.decide('split', { frames: [10] });
  assert.match(queue.notice?.text ?? '', /Step to the first frame/);
  queue.look(2);
  queue.decide('merge', { side: 'next' });
  assert.match(queue.notice?.text ?? '', /No clip comes right after this one/);
  await settled();
  assert.deepEqual(server.requests, []);
});

// --- Undo -------------------------------------------------------------------------------------

test('undo brings the clip back at once', async () => {
  const { queue, server, ids } = await queueOf(3);
  queue.decide('approve');
  await settled();
  queue.undo();
  assert.deepEqual(ids(), [1, 2, 3]);
  assert.equal(queue.current.id, 1);
  assert.deepEqual(queue.done, []);
  queue.decide('archive');
  assert.equal(queue.current.id, 2);
  await settled();
  assert.equal(server.get(1).state, 'review_archived');
  assert.deepEqual([queue.decidedToday, queue.notice], [1, null]);
});

test('undo of a decision that is on its way waits for its id', async () => {
  const { queue, server } = await queueOf(3);
  queue.decide('approve');
  await Promise.resolve();
  queue.undo();
  assert.equal(queue.current.id, 1);
  await settled();
  assert.deepEqual(server.requests.at(-1), ['undo', 1]);
  assert.equal(queue.current.version, 3);
});

test('undo of a decision that was not sent yet sends nothing', async () => {
  const { queue, server } = await queueOf(4);
  queue.decide('approve');
  queue.decide('archive');
  queue.undo();
  assert.equal(queue.current.id, 2);
  await settled();
  assert.deepEqual(server.requests.map(([id]) => id), [1]);
});

test('undo pressed twice takes back two decisions', async () => {
  const { queue, ids } = await queueOf(4);
  queue.decide('approve');
  queue.decide('approve');
  await settled();
  queue.undo();
  queue.undo();
  assert.deepEqual(ids(), [1, 2, 3, 4]);
  assert.equal(queue.current.id, 1);
  await settled();
  assert.deepEqual([ids(), queue.done, queue.decidedToday], [[1, 2, 3, 4], [], 0]);
});

test('undo takes back splits, merges, nudges and descriptions', async () => {
  const { queue, server, pass, ranges } = await queueOf(3);
  queue.decide('split', { frames: [15] });
  queue.decide('merge', { side: 'next' });
  queue.annotate(queue.current.id, { rating: 2 });
  queue.nudge('end', 4);
  await pass(300);
  assert.deepEqual(ranges(), [[10, 24], [24, 30], [30, 40]]);
  for (let i = 0; i < 4; i += 1) queue.undo();
  assert.deepEqual(ranges(), [[10, 20], [20, 30], [30, 40]]);
  assert.equal(queue.current.rating, null);
  await settled();
  assert.deepEqual(ranges(), server.live.map((clip) => [clip.start_frame, clip.end_frame]));
  assert.equal(queue.current.id, 1);
});

test('a decision from before the page was opened is undone, too', async () => {
  const { queue, server } = await queueOf(4);
  await server.decide(2, { action: 'approve', version: 1 });
  await queue.renew();
  queue.recall();
  await settled();
  queue.undo();
  assert.ok(queue.busy);
  queue.decide('archive'); // the screen waits for the clip that comes back
  await settled();
  assert.equal(queue.current.id, 2);
  assert.deepEqual([queue.busy, queue.done, queue.decidedToday], [false, [], 0]);
  assert.equal(server.get(1).state, 'pending_review');
});

test('an undo of a decision that the page never heard of takes back no second one', async () => {
  const { queue, server, pass } = await queueOf(4);
  await server.decide(1, { action: 'approve', version: 1 });
  await server.decide(2, { action: 'approve', version: 1 });
  const start = stop(server, { reaches: true });
  queue.undo();
  await settled();
  start();
  await pass(60_000);
  assert.deepEqual(server.requests.slice(-2), [['undo', 2], ['undo', 2]]);
  assert.deepEqual(server.events.map(({ undone }) => undone ?? false), [false, true]);
});

test('an edit that a neighbour rules out is explained at once and never sent', async () => {
  const { queue, server } = await queueOf(4);
  queue.decide('archive');
  queue.decide('group');
  assert.equal(queue.current.id, 2);
  assert.match(queue.notice?.text ?? '', /The clip before is archived, so this one can't be grouped/);
  await settled();
  server.get(3).state = 'exporting';
  await queue.renew();
  queue.decide('merge', { side: 'next' });
  assert.match(queue.notice?.text ?? '', /The clip after is being exported, so this one can't be merged/);
  assert.equal(queue.nudge('end', 1), false);
  assert.match(queue.notice?.text ?? '', /so the cut between can't be moved/);
  await settled();
  assert.deepEqual(server.requests.map(([, body]) => body.action), ['archive']);
});

test('a refused undo takes the clip away again, one made already is forgotten', async () => {
  const { queue, server } = await queueOf(4);
  queue.decide('approve');
  await settled();
  server.before = async (what) => {
    if (what === 'undo') throw new Refusal('clip 1 is exporting right now.', 409);
  };
  queue.undo();
  assert.equal(queue.current.id, 1);
  await settled();
  assert.equal(queue.current.id, 2);
  assert.match(queue.notice?.text ?? '', /Nothing was undone. Clip 1 is exporting right now/);
  assert.equal(queue.done.length, 1);
  server.before = async () => {};
  server.events[0].undone = true;
  queue.undo(queue.done[0]);
  await settled();
  assert.match(queue.notice?.text ?? '', /undone already/);
  assert.deepEqual(queue.done, []);
});

test('a decision that can not be undone is told of once, and the next undo goes on', async () => {
  const { queue, server } = await queueOf(6);
  for (let i = 0; i < 4; i += 1) queue.decide('approve');
  await settled();
  const stuck = new Set([3, 4]);
  const undo = server.undo.bind(server);
  server.undo = async (id) => {
    if (stuck.has(id ?? 0)) throw new Refusal(`bob has skipped clip ${id} since.`, 409);
    return undo(id);
  };
  queue.undo();
  await settled();
  const told = /^Nothing was undone. Bob has skipped clip 4 since. The next undo takes back the one/;
  assert.match(queue.notice?.text ?? '', told);
  queue.undo();
  await settled();
  assert.match(queue.notice?.text ?? '', /clip 3 since/);
  queue.undo();
  await settled();
  assert.deepEqual(queue.notice, { text: 'Undone.', bad: false });
  assert.equal(queue.current.id, 2);
  assert.deepEqual(queue.done.map(({ id, why }) => [id, Boolean(why)]), [
    [4, true], [3, true], [1, false],
  ]);
  queue.undo();
  queue.undo();
  await settled();
  assert.match(queue.notice?.text ?? '', /None of your older decisions can be undone/);
  stuck.delete(4);
  queue.undo(queue.done[0]); // from the list it is tried again
  await settled();
  assert.deepEqual([queue.done.length, server.get(4).state], [1, 'pending_review']);
});

test('a hundred decisions from before the page was opened are undone one by one', async () => {
  const { queue, server } = await queueOf(100);
  for (const { id } of server.live) await server.decide(id, { action: 'approve', version: 1 });
  await queue.renew();
  queue.recall();
  await settled();
  assert.deepEqual([queue.done.length, queue.decidedToday], [12, 100]);
  for (let left = 99; left >= 0; left -= 1) {
    queue.undo();
    await settled();
    assert.deepEqual([queue.decidedToday, queue.done.length], [left, Math.min(12, left)]);
  }
  assert.equal(server.pending.length, 100);
});

test('the counters are right after a reload and undos', async () => {
  const { queue, server } = await queueOf(30);
  for (let i = 0; i < 6; i += 1) queue.decide(i % 2 ? 'approve' : 'group');
  queue.annotate(queue.current.id, { rating: 3 });
  await settled();
  const { position, decided, pending, decidedToday } = queue;
  const next = new ReviewQueue({ server, onchange: () => {} });
  await next.begin({ wish: queue.current.id, decided, goesOn: true });
  next.recall();
  await settled();
  const counted = () => [next.position, next.pending, next.decidedToday];
  assert.deepEqual(counted(), [position, pending, decidedToday]);
  next.undo(); // of the rating
  await settled();
  assert.deepEqual(counted(), [position, pending, decidedToday]);
  next.undo();
  await settled();
  assert.deepEqual(counted(), [{ ...position, at: position.at - 1 }, pending + 1, decidedToday - 1]);
});

test('closing the page asks only where something may be lost', async () => {
  const { queue, server } = await queueOf(12);
  queue.annotate(queue.current.id, { note: 'typed' });
  assert.equal(queue.mayLose, false);
  queue.decide('approve');
  assert.equal(queue.mayLose, true);
  await settled();
  assert.equal(queue.mayLose, false);
  stop(server);
  queue.decide('approve');
  await settled();
  assert.equal(queue.mayLose, true);
});

// --- Back to what was decided on --------------------------------------------------------------

test('one goes back through what one has decided on, and forward to the queue', async () => {
  const { queue, server } = await queueOf(8);
  for (const action of ['approve', 'skip', 'archive']) queue.decide(action);
  queue.goBack();
  assert.ok(queue.busy, 'a decision pressed now is not meant for the clip on the screen');
  queue.decide('approve');
  await settled();
  assert.deepEqual([queue.current.id, queue.current.state], [3, 'review_archived']);
  assert.match(queue.notice?.text ?? '', /^Clip 3: archived by ann .* Decide anew, or go on\.$/);
  queue.goBack();
  queue.goBack();
  await settled();
  assert.equal(queue.current.id, 1);
  queue.goBack();
  assert.match(queue.notice?.text ?? '', /no clip before this one/);
  queue.goForward();
  await settled();
  assert.equal(queue.current.id, 2);
  assert.deepEqual([queue.hasGuest, queue.position.of, queue.pending], [true, 8, 5]);
  queue.goForward();
  await settled();
  queue.goForward();
  assert.deepEqual([queue.current.id, queue.hasGuest, queue.position], [4, false, { at: 4, of: 8 }]);
  queue.look(4);
  queue.goForward();
  assert.match(queue.notice?.text ?? '', /No clip comes after this one/);
  assert.equal(server.events.length, 3);
});

test('a clip is decided on anew, and the undo gives it its former state', async () => {
  const { queue, server } = await queueOf(6);
  queue.decide('approve');
  queue.decide('skip');
  await settled();
  queue.show(1);
  await settled();
  queue.decide('approve');
  assert.match(queue.notice?.text ?? '', /This clip is approved already/);
  queue.decide('archive');
  assert.equal(queue.current.id, 3);
  await settled();
  assert.equal(server.get(1).state, 'review_archived');
  assert.deepEqual([queue.position, queue.pending], [{ at: 3, of: 6 }, 4]);
  queue.undo();
  await settled();
  assert.deepEqual([queue.current.id, queue.current.state], [1, 'review_approved']);
  assert.equal(server.get(1).state, 'review_approved');
  queue.undo();
  queue.undo();
  await settled();
  assert.deepEqual(server.pending.length, 6);
  assert.deepEqual([queue.position.of, queue.pending, queue.hasGuest], [6, 6, false]);
});

test('the parts of an approved clip wait for decisions', async () => {
  const { queue, ids } = await queueOf(3);
  queue.decide('approve');
  await settled();
  queue.show(1);
  await settled();
  queue.decide('split', { frames: [15] });
  await settled();
  assert.deepEqual([ids(), queue.pending], [[4, 5, 2, 3], 4]);
  assert.deepEqual(queue.position, { at: 1, of: 4 });
  queue.undo();
  await settled();
  assert.deepEqual([queue.current.id, queue.position.of, queue.pending], [1, 3, 2]);
});

test('a clip that can not be opened leaves the queue as it is', async () => {
  const { queue, server } = await queueOf(4);
  queue.goBack();
  assert.match(queue.notice?.text ?? '', /decided on no clip yet/);
  queue.decide('approve');
  await settled();
  server.before = async (what) => {
    if (what === 'open') throw new Refusal('the server does not answer', 0);
  };
  queue.goBack();
  await settled();
  assert.deepEqual([queue.current.id, queue.busy], [2, false]);
  assert.equal(queue.notice?.text, "The clip 1 can't be opened. The server does not answer.");
  const start = stop(server);
  queue.decide('approve');
  queue.goBack();
  await settled();
  assert.deepEqual([queue.current.id, queue.busy], [3, false]);
  start();
});

test('older decisions are fetched for who goes back far', async () => {
  const { queue, server } = await queueOf(60);
  for (const { id } of server.live) await server.decide(id, { action: 'skip', version: 1 });
  await queue.renew();
  queue.recall();
  await settled();
  queue.show(60);
  await settled();
  for (let id = 59; id >= 2; id -= 1) {
    queue.goBack();
    await settled();
    assert.equal(queue.current.id, id);
  }
});

test('a merge with a clip that was decided on says so', async () => {
  const { queue } = await queueOf(3);
  queue.decide('archive');
  queue.decide('merge', { side: 'previous' });
  assert.match(queue.notice?.text ?? '', /The clip before was archived: its frames wait/);
});

// --- Refused ----------------------------------------------------------------------------------

test('somebody was first: the clip stays away, or comes back as it is now', async () => {
  const { queue, server } = await queueOf(4);
  server.change(1, { state: 'review_skipped' });
  queue.decide('approve');
  await settled();
  assert.equal(queue.current.id, 2);
  const { text = '' } = queue.notice ?? {};
  assert.match(text, /Not saved: clip 1 approved. Clip 1 has changed.*review_skipped/);
  server.change(2, { labels: ['theirs'] });
  queue.decide('approve');
  queue.decide('approve');
  await settled();
  assert.equal(queue.current.id, 2);
  assert.deepEqual([queue.current.labels, queue.current.version], [['theirs'], 2]);
  assert.equal(server.get(3).state, 'review_approved');
});

test('after a refusal the neighbours show what the clip is now', async () => {
  const { queue, server } = await queueOf(3);
  server.change(1, { state: 'review_skipped' });
  server.change(3, { state: 'review_archived' });
  queue.decide('approve');
  await settled();
  assert.equal(queue.current.id, 2);
  assert.equal(queue.current.previous?.state, 'review_skipped');
  assert.equal(queue.current.next?.state, 'review_archived');
});

test('decisions on the parts of a refused split are dropped with it', async () => {
  const { queue, server, ids } = await queueOf(3);
  server.change(1, { rating: 1 });
  queue.decide('split', { frames: [12] });
  queue.decide('approve');
  queue.decide('archive');
  await settled();
  assert.deepEqual(ids(), [1, 2, 3]);
  assert.equal(queue.current.id, 1);
  assert.match(queue.notice?.text ?? '', /2 later decisions on it were not saved either/);
  assert.equal(server.events.length, 0);
});

test('a refused nudge puts the cut back', async () => {
  const { queue, server, pass, ranges } = await queueOf(3);
  server.change(1, {});
  queue.nudge('end', 5);
  await pass(300);
  assert.deepEqual(ranges(), [[10, 20], [20, 30], [30, 40]]);
  assert.match(queue.notice?.text ?? '', /Not saved: clip 1 nudged/);
});

test('a change by others between key press and request is not overwritten unseen', async () => {
  const { queue, server } = await queueOf(4);
  server.before = async (what) => { if (what === 'decide') server.before = async () => {}; };
  queue.decide('approve');
  queue.decide('approve');
  server.change(2, { labels: ['theirs'] });
  await queue.renew();
  await settled();
  assert.equal(server.get(2).state, 'pending_review');
  assert.equal(queue.current.id, 2);
});

// --- No server --------------------------------------------------------------------------------

test('while the server is stopped nothing is lost and work goes on; then all is sent', async () => {
  const { queue, server, pass, sent } = await queueOf(12);
  const start = stop(server);
  queue.decide('approve');
  queue.decide('skip');
  await settled();
  assert.equal(queue.current.id, 3);
  assert.match(queue.trouble ?? '', /server does not answer. 2 decisions wait here/);
  queue.decide('archive');
  await pass(1000);
  assert.equal(queue.unsaved, 3);
  start();
  await pass(15_000);
  assert.equal(queue.unsaved, 0);
  assert.equal(queue.trouble, null);
  assert.deepEqual(server.events.map((event) => event.action), ['approve', 'skip', 'archive']);
  assert.deepEqual(sent().map(([id]) => id).filter((id) => id === 1).length >= 2, true);
});

test('requests are retried after ever longer pauses, and at once on demand', async () => {
  const { queue, server, pass } = await queueOf(12);
  let tries = 0;
  const start = stop(server);
  const down = server.before;
  server.before = () => {
    tries += 1;
    return down('');
  };
  queue.decide('approve');
  for (let second = 0; second < 60; second += 1) await pass(1000);
  assert.ok(tries >= 5 && tries <= 9, String(tries));
  start();
  queue.flush();
  await settled();
  assert.deepEqual([queue.unsaved, queue.trouble], [0, null]);
});

test('a decision whose answer was lost is not made twice', async () => {
  const { queue, server, pass } = await queueOf(4);
  const start = stop(server, { reaches: true });
  queue.decide('approve');
  await settled();
  start();
  await pass(2000);
  assert.equal(server.events.length, 1);
  assert.deepEqual([queue.unsaved, queue.current.id], [0, 2]);
});

test('undo of a decision whose answer was lost takes it back once it is known', async () => {
  const { queue, server, pass } = await queueOf(4);
  const start = stop(server, { reaches: true });
  queue.decide('approve');
  await settled();
  queue.undo();
  assert.equal(queue.current.id, 1);
  start();
  await pass(2000);
  assert.equal(server.get(1).state, 'pending_review');
  assert.equal(server.events[0].undone, true);
  assert.equal(queue.unsaved, 0);
});

test('an undo whose answer was lost counts as made, and the clip stays', async () => {
  const { queue, server, pass, ids } = await queueOf(12);
  queue.decide('approve');
  await settled();
  server.after = async (what) => {
    if (what === 'undo') throw new Refusal('the server does not answer', 0);
  };
  queue.undo();
  await settled();
  server.after = async () => {};
  await pass(2000);
  assert.equal(server.get(1).state, 'pending_review');
  assert.deepEqual([queue.current.id, queue.unsaved, queue.decidedToday], [1, 0, 0]);
  assert.deepEqual(queue.notice, { text: 'Undone.', bad: false });
  assert.deepEqual([ids().slice(0, 3), queue.done], [[1, 2, 3], []]);
  queue.decide('skip');
  await settled();
  assert.equal(server.get(1).state, 'review_skipped');
});

for (const statuses of [[502], [0, 500]]) {
  test(`what may have been made is not forgotten, whatever came after: ${statuses}`, async () => {
    const { queue, server, pass } = await queueOf(4);
    await queue.renew();
    let hook = /** @type {'after' | 'before'} */ ('after');
    for (const status of statuses) {
      server[hook] = async (what) => {
        if (what === 'decide') throw new Refusal('the server does not answer', status);
      };
      if (hook === 'after') queue.decide('approve');
      await pass(1000);
      hook = 'before';
    }
    queue.undo();
    server.before = server.after = async () => {};
    await pass(20_000);
    assert.equal(queue.unsaved, 0);
    assert.equal(server.events[0].undone, true);
    assert.equal(server.get(1).state, 'pending_review');
  });
}

test('a decision that the server keeps failing at can be taken back', async () => {
  const { queue, server, pass } = await queueOf(4);
  stop(server, { status: 500 });
  queue.decide('approve');
  await settled();
  queue.undo();
  server.before = async () => {};
  await pass(20_000);
  assert.deepEqual([queue.current.id, queue.unsaved, queue.trouble], [1, 0, null]);
  assert.equal(server.events.length, 0);
});

test('a list that could not be loaded is loaded again', async () => {
  const { queue, server, pass, ids } = await queueOf(4);
  const start = stop(server);
  void queue.begin();
  await settled();
  assert.match(queue.trouble ?? '', /The server does not answer. Retrying/);
  start();
  await pass(2000);
  assert.deepEqual(ids(), [1, 2, 3, 4]);
  assert.equal(queue.trouble, null);
});

// --- The list ---------------------------------------------------------------------------------

test('clips that others have taken leave the queue, but not the screen', async () => {
  const { queue, server, ids } = await queueOf(6);
  server.change(1, { state: 'review_skipped' });
  server.change(3, { state: 'review_skipped' });
  server.change(2, { rating: 5 });
  await queue.renew();
  assert.deepEqual(ids(), [1, 2, 4, 5, 6]);
  assert.equal(queue.clips[1].version, 2);
});

test('a clip that somebody brings back shows again', async () => {
  const { queue, server, ids } = await queueOf(3);
  queue.decide('approve');
  await settled();
  server.change(1, { state: 'pending_review' });
  await queue.renew();
  assert.deepEqual(ids(), [2, 3, 1]);
});

test('a list can begin at a given clip, however far down it is', async () => {
  const { queue, ids } = await queueOf(40);
  await queue.begin({ wish: 30 });
  assert.equal(queue.current.id, 30);
  assert.deepEqual(ids().slice(0, 3), [30, 1, 2]);
  await queue.begin({ wish: 3 });
  assert.equal(queue.current.id, 3);
  assert.deepEqual(ids().slice(0, 3), [1, 2, 3]);
  await queue.begin({ wish: 99 });
  assert.equal(queue.current.id, 1);
});

test('another list begins anew, and one that goes on does not', async () => {
  const { queue, server } = await queueOf(3);
  /** @type {(boolean | undefined)[]} */ const asked = [];
  const load = server.load.bind(server);
  server.load = async (limit, options) => {
    asked.push(options?.anew);
    return load(limit, options);
  };
  await queue.begin();
  await queue.renew();
  await queue.begin({ goesOn: true });
  assert.deepEqual(asked, [true, false, false]);
});

test('a list that begins while another is loading replaces it', async () => {
  const { queue, server, ids } = await queueOf(5);
  const load = server.load.bind(server);
  server.load = async (limit) => ({ ...(await load(limit)), clips: [] });
  const first = queue.begin();
  server.load = load;
  await queue.begin();
  await first;
  assert.deepEqual(ids(), [1, 2, 3, 4, 5]);
});

// --- Anything, in any order -------------------------------------------------------------------

/** @param {number} seed */
const dice = (seed) => () => {
  seed = (seed * 1664525 + 1013904223) % 2 ** 32;
  return seed / 2 ** 32;
};

for (let seed = 1; seed <= 60; seed += 1) {
  test(`whatever is pressed and whatever fails, screen and server agree (${seed})`, async () => {
    const roll = dice(seed);
    const { queue, server, pass } = await queueOf(12);
    const flaky = async () => {
      if (roll() < 0.15) throw new Refusal('the server does not answer', roll() < 0.3 ? 503 : 0);
      for (let i = roll() * 12; i > 0; i -= 1) await Promise.resolve();
    };
    server.before = server.after = flaky;
    const actions = [
      () => queue.decide('approve'),
      () => queue.decide('archive'),
      () => queue.decide('skip'),
      () => queue.decide('group'),
      () => queue.current && queue.annotate(queue.current.id, { rating: Math.ceil(roll() * 5) }),
      () => queue.decide('merge', { side: roll() < 0.5 ? 'next' : 'previous' }),
      () => queue.current && queue.decide('split', { frames: [queue.current.start_frame + 2] }),
      () => queue.nudge(roll() < 0.5 ? 'start' : 'end', Math.floor(roll() * 5) - 2),
      () => queue.undo(),
      () => queue.look(roll() < 0.5 ? 1 : -1),
      () => (roll() < 0.5 ? queue.goBack() : queue.goForward()),
      () => void queue.renew(),
      () => server.change(1 + Math.floor(roll() * 12), { note: 'theirs' }),
    ];
    for (let i = 0; i < 60; i += 1) {
      actions[Math.floor(roll() * actions.length)]();
      if (roll() < 0.4) await pass(roll() * 400);
    }
    server.before = server.after = async () => {};
    for (let i = 0; i < 40; i += 1) await pass(2000);
    assert.equal(queue.unsaved, 0);
    assert.equal(queue.trouble, null);
    await queue.renew();
    const shown = new Map(queue.clips.map((clip) => [clip.id, clip]));
    const onScreen = queue.current?.id;
    for (const clip of server.pending) {
      const { previous, next, ...rest } = server.json(clip);
      const { previous: shownPrevious, next: shownNext, ...shownRest } = shown.get(clip.id) ?? {};
      assert.deepEqual(shownRest, rest);
      assert.deepEqual([shownPrevious, shownNext], [previous, next]);
      shown.delete(clip.id);
    }
    assert.ok([...shown.keys()].every((id) => id === onScreen), 'only the screen may keep a clip');
  });
}

// --- Stacks -----------------------------------------------------------------------------------

test('a stack comes once, is decided on as one, and undone as one', async () => {
  const { queue, server, ids } = await queueOf(12, [[2, 4, 11]]);
  assert.deepEqual([...ids()].sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 11]);
  assert.deepEqual(queue.next.map(({ id }) => id), [2, 3, 5, 6, 7, 8]);
  queue.look(1);
  assert.deepEqual(queue.under(queue.current).map(({ id }) => id), [2, 4, 11]);
  queue.decide('approve');
  assert.equal(queue.current.id, 3);
  assert.deepEqual([queue.pending, queue.position.of, queue.unsaved], [9, 12, 1]);
  queue.look(1);
  assert.equal(queue.current.id, 5, 'the others of the stack are gone');
  await settled();
  assert.deepEqual([2, 4, 11].map((id) => server.get(id).state), Array(3).fill('review_approved'));
  assert.equal(server.requests.length, 1);
  assert.equal(queue.decidedToday, 3);
  assert.deepEqual(queue.done.map(({ action, count }) => [action, count]), [['approve', 3]]);
  queue.undo();
  await settled();
  assert.deepEqual([2, 4, 11].map((id) => server.get(id).state), Array(3).fill('pending_review'));
  assert.deepEqual([queue.current.id, queue.pending], [2, 12]);
  assert.deepEqual(queue.under(queue.current).map(({ id }) => id), [2, 4, 11]);
  assert.ok(queue.next.every(({ id }) => id !== 4 && id !== 11));
});

test('a stack that was not sent yet is undone without the server', async () => {
  const { queue, server } = await queueOf(5, [[1, 3]]);
  const start = stop(server, { status: 503 });
  queue.decide('skip');
  await settled();
  assert.deepEqual(queue.clips.map(({ id }) => id), [2, 4, 5]);
  queue.undo();
  start();
  await settled();
  assert.deepEqual(queue.clips.map(({ id }) => id), [1, 2, 3, 4, 5]);
  assert.ok(server.pending.length === 5);
});

test('of an open stack each clip comes, and is decided on alone', async () => {
  const { queue, server, stacks, sent } = await queueOf(5, [[1, 3]]);
  stacks.toggle(1);
  assert.deepEqual(queue.next.map(({ id }) => id), [2, 3, 4, 5]);
  queue.decide('skip');
  await settled();
  assert.deepEqual(sent(), [[1, 'skip']]);
  assert.equal(server.get(3).state, 'pending_review');
  stacks.toggleAll();
  assert.deepEqual(queue.under(queue.next[0]).map(({ id }) => id), [3]);
});

test('what the server refuses of a stack comes back, and the rest is decided', async () => {
  const { queue, server, ids } = await queueOf(5, [[1, 3, 4]]);
  server.change(3, { labels: ['new'] });
  queue.decide('archive');
  await settled();
  assert.deepEqual([1, 3, 4].map((id) => server.get(id).state),
    ['review_archived', 'pending_review', 'review_archived']);
  assert.deepEqual([...ids()].sort(), [2, 3, 5]);
  assert.match(queue.notice?.text ?? '', /^Not archived: 1 of 3 clips\. Clip 3 has changed\.$/);
  for (const id of [2, 5]) server.change(id, { note: 'x' });
  server.stacks = [[2, 5]];
  await queue.renew();
  for (const id of [2, 5]) server.change(id, { note: 'y' });
  queue.show(2);
  queue.decide('skip');
  await settled();
  assert.match(queue.notice?.text ?? '', /^Not saved: clip 2 skipped\. Clip 2 has changed\.$/);
  assert.deepEqual([...ids()].sort(), [2, 3, 5]);
});

test('of a stack on which two people decide, no clip comes back to the first', async () => {
  const { queue, server, ids } = await queueOf(5, [[1, 3, 4]]);
  const decideAll = server.decideAll.bind(server);
  server.decideAll = async (body) => {
    const answer = await decideAll(body);
    for (const { id } of answer.clips) server.get(id).state = 'pending_review';
    return { ...answer, clips: answer.clips.map((/** @type {object} */ clip) => ({ ...clip, state: 'pending_review' })) };
  };
  queue.decide('approve');
  await settled();
  assert.deepEqual([ids(), queue.unsaved, queue.decidedToday], [[2, 5], 0, 3]);
  queue.undo();
  await settled();
  assert.deepEqual([...ids()].sort(), [1, 2, 3, 4, 5]);
});

test('a stack whose answer was lost is decided on once', async () => {
  const { queue, server, pass, ids } = await queueOf(4, [[1, 3]]);
  const start = stop(server, { reaches: true });
  queue.decide('approve');
  await settled();
  start();
  await pass(1000);
  assert.deepEqual([server.events.length, queue.unsaved, ids()], [1, 0, [2, 4]]);
});

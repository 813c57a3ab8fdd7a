import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ReviewQueue } from '../../../review_app/static/review/queue.js';

const clipAt = (id, fields = {}) => ({
  id,
  version: 1,
  state: 'pending_review',
  start_frame: id * 10,
  end_frame: id * 10 + 10,
  video: { key: 'film' },
  previous: id > 1 ? { id: id - 1, state: 'pending_review' } : null,
  ...fields,
});

const settled = async () => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
};

/** A queue of clips 1..n on a server that does what `decide` and `undo` say. */
async function queueOf(n, { decide, undo } = {}) {
  const sent = [];
  const pending = new Map(Array.from({ length: n }, (_, i) => [i + 1, clipAt(i + 1)]));
  const keep = (clips) => {
    for (const clip of clips) {
      pending.delete(clip.id);
      if (clip.state === 'pending_review') pending.set(clip.id, clip);
    }
  };
  const server = {
    load: async (limit) => ({
      clips: [...pending.values()].slice(0, limit),
      pending: pending.size,
      with_others: 0,
    }),
    decide: async (clip, body) => {
      sent.push([clip.id, body]);
      const version = clip.version + 1;
      const answer = decide
        ? await decide(clip, body)
        : { event_id: sent.length, clips: [{ ...clip, state: 'review_approved', version }] };
      keep(answer.clips);
      return answer;
    },
    undo: async (id) => {
      sent.push(['undo', id]);
      const answer = await undo(id);
      keep(answer.clips);
      return answer;
    },
  };
  const queue = new ReviewQueue({ server, onchange: () => {} });
  await queue.refill();
  return { queue, sent, pending };
}

test('the next clip is there before the server has answered', async () => {
  const { queue, sent } = await queueOf(8);
  queue.decide('approve', 10);
  assert.equal(queue.current.id, 2);
  assert.equal(queue.unsaved, 1);
  queue.decide('archive', 20);
  assert.equal(queue.current.id, 3);
  await settled();
  assert.deepEqual(sent, [[1, { action: 'approve', version: 1 }], [2, { action: 'archive', version: 1 }]]);
  assert.equal(queue.unsaved, 0);
  assert.equal(queue.decidedToday, 2);
  assert.deepEqual(queue.saved.map((s) => s.action), ['archive', 'approve']);
});

test('the queue fills up without showing again what was decided', async () => {
  const { queue } = await queueOf(20);
  const seen = [];
  while (queue.current) {
    seen.push(queue.current.id);
    queue.decide('approve', null);
    await settled();
  }
  assert.deepEqual(seen, Array.from({ length: 20 }, (_, i) => i + 1));
});

test('a decision that was not saved brings its clip back and can be repeated', async () => {
  let down = true;
  const { queue, sent } = await queueOf(8, {
    decide: (clip) => {
      if (down) throw Object.assign(new Error('the server does not answer'), { status: 0 });
      return { event_id: 1, clips: [{ ...clip, state: 'review_approved' }] };
    },
  });
  queue.decide('approve', null);
  queue.decide('skip', null);
  await settled();
  assert.deepEqual(queue.clips.slice(0, 3).map((clip) => clip.id), [1, 2, 3]);
  assert.match(queue.notice.text, /Not saved.*The server does not answer.*2 decisions wait/);
  down = false;
  queue.repeat();
  assert.equal(queue.current.id, 3);
  await settled();
  assert.deepEqual(sent.map(([id, body]) => [id, body.action]), [[1, 'approve'], [1, 'approve'], [2, 'skip']]);
  assert.equal(queue.failed.length, 0);
});

test('another decision on a clip that came back replaces the one that was not saved', async () => {
  let down = true;
  const { queue, sent } = await queueOf(3, {
    decide: (clip) => {
      if (down) throw Object.assign(new Error('no'), { status: 0 });
      return { event_id: 1, clips: [{ ...clip, state: 'review_archived' }] };
    },
  });
  queue.decide('approve', null);
  await settled();
  down = false;
  queue.decide('archive', null);
  await settled();
  assert.equal(queue.failed.length, 0);
  assert.deepEqual(sent.at(-1), [1, { action: 'archive', version: 1 }]);
});

test('somebody was first: the clip stays away, or comes back as it is now', async () => {
  let now = clipAt(1, { state: 'review_skipped', version: 2 });
  const { queue, pending } = await queueOf(3, {
    decide: ({ id }) => {
      pending.delete(id);
      if (now.state === 'pending_review') pending.set(id, now);
      throw Object.assign(new Error('Clip 1 has changed.'), { status: 409, body: { clip: now } });
    },
  });
  queue.decide('approve', null);
  await settled();
  assert.equal(queue.current.id, 2);
  assert.match(queue.notice.text, /Clip 1 has changed/);
  now = clipAt(2, { version: 5 });
  queue.decide('approve', null);
  await settled();
  assert.equal(queue.current.id, 2);
  assert.equal(queue.current.version, 5);
});

test('a split waits for the server and goes on with its parts', async () => {
  const parts = [
    clipAt(1, { state: 'superseded' }),
    clipAt(91, { start_frame: 14, end_frame: 20 }),
    clipAt(90, { start_frame: 10, end_frame: 14 }),
  ];
  const { queue, sent } = await queueOf(3, { decide: () => ({ event_id: 1, clips: parts }) });
  queue.decide('split', 14);
  assert.equal(queue.current.id, 1);
  assert.ok(queue.busy);
  queue.decide('approve', 14);
  await settled();
  assert.deepEqual(sent, [[1, { action: 'split', version: 1, frame: 14 }]]);
  assert.deepEqual(queue.clips.map((clip) => clip.id), [90, 91, 2, 3]);
});

test('undo brings the clip back to the screen', async () => {
  const { queue } = await queueOf(3, {
    undo: () => ({ event_id: 2, clips: [clipAt(1, { version: 3 })] }),
  });
  queue.decide('approve', null);
  queue.undo();
  await settled();
  assert.equal(queue.current.id, 1);
  assert.equal(queue.current.version, 3);
  assert.equal(queue.saved.length, 0);
});

test('what was decided after a decision that could not be saved waits with it', async () => {
  let down = true;
  const { queue, sent } = await queueOf(3, {
    decide: (clip, { action }) => {
      if (down) {
        down = false;
        throw Object.assign(new Error('no'), { status: 0 });
      }
      return action === 'merge'
        ? { event_id: 2, clips: [clipAt(9, { start_frame: 10, end_frame: 30 })] }
        : { event_id: 1, clips: [{ ...clip, state: 'review_approved', version: 2 }] };
    },
  });
  queue.decide('approve', null);
  queue.decide('merge', 20);
  await settled();
  assert.deepEqual(queue.clips.map((clip) => clip.id), [1, 2, 3]);
  assert.deepEqual(queue.failed.map((write) => write.action), ['approve', 'merge']);
  assert.ok(!queue.busy);
  queue.repeat();
  await settled();
  assert.deepEqual(sent.map(([, body]) => body.action), ['approve', 'approve', 'merge']);
  assert.equal(queue.current.id, 9);
});

test('undo of a decision that could not be saved leaves the saved ones alone', async () => {
  let down = false;
  const { queue, sent } = await queueOf(4, {
    decide: (clip) => {
      if (down) throw Object.assign(new Error('no'), { status: 0 });
      return { event_id: 7, clips: [{ ...clip, state: 'review_approved', version: 2 }] };
    },
  });
  queue.decide('approve', null);
  await settled();
  down = true;
  queue.decide('archive', null);
  queue.undo();
  await settled();
  assert.equal(queue.current.id, 2);
  assert.deepEqual([queue.failed, queue.busy], [[], false]);
  assert.deepEqual(queue.saved.map((event) => event.id), [7]);
  assert.ok(!sent.some(([what]) => what === 'undo'));
});

test('undo pressed twice takes back two decisions', async () => {
  const { queue, sent } = await queueOf(4, {
    undo: () => {
      const id = sent.filter(([what]) => what === 'undo').length === 1 ? 2 : 1;
      return { event_id: 9, clips: [clipAt(id, { version: 3 })] };
    },
  });
  queue.decide('approve', null);
  queue.decide('approve', null);
  queue.undo();
  queue.undo();
  queue.decide('archive', null); // the screen waits for the clip that comes back
  await settled();
  assert.deepEqual(queue.clips.map((clip) => clip.id), [1, 2, 3, 4]);
  assert.deepEqual([queue.busy, queue.saved, queue.decidedToday], [false, [], 0]);
});

test('what the server refused is not offered for repetition', async () => {
  const { queue } = await queueOf(3, {
    decide: () => {
      throw Object.assign(new Error('A split needs two parts.'), { status: 400 });
    },
  });
  queue.decide('archive', null);
  await settled();
  assert.equal(queue.current.id, 1);
  assert.deepEqual(queue.failed, []);
  assert.match(queue.notice.text, /A split needs two parts/);
});

test('clips that others have taken leave the queue, but not the screen', async () => {
  const { queue, pending } = await queueOf(6);
  for (const id of [1, 3]) pending.delete(id);
  pending.set(2, clipAt(2, { version: 5 }));
  await queue.renew();
  assert.deepEqual(queue.clips.map((clip) => clip.id), [1, 2, 4, 5, 6]);
  assert.equal(queue.clips[1].version, 5);
});

test('an answer from before a decision changes nothing, one from after brings the clip back', async () => {
  const { queue, pending } = await queueOf(5);
  const before = queue.renew();
  queue.decide('approve', null);
  await before;
  await settled();
  assert.equal(queue.current.id, 2);
  pending.set(1, clipAt(1, { version: 3 })); // another reviewer's undo
  await queue.renew();
  assert.ok(queue.clips.some((clip) => clip.id === 1));
});

test('what makes no sense is said, not sent', async () => {
  const { queue, sent } = await queueOf(3);
  queue.decide('merge', 10);
  assert.match(queue.notice.text, /No clip comes before/);
  queue.decide('split', 10);
  assert.match(queue.notice.text, /Step to the first frame/);
  await settled();
  assert.deepEqual(sent, []);
});

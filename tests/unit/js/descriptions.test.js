import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Descriptions } from '../../../review_app/static/library/descriptions.js';

/** @typedef {import('../../../review_app/static/library/descriptions.js').Clip} Clip */

const settled = async () => {
  for (let i = 0; i < 30; i += 1) await Promise.resolve();
};

/** @param {number} status @param {string} message @param {object} [body] */
const failure = (status, message, body) => Object.assign(new Error(message), { status, body });

/** Descriptions of clips, and a server in memory for them. @param {number} n clips */
function world(n) {
  /** @type {Clip[]} */ const clips = Array.from({ length: n }, (_, i) => (
    { id: i + 1, version: 1, labels: [], rating: null, note: null }));
  const found = {
    clips: new Map(clips.map((clip) => [clip.id, clip])),
    /** What the next requests fail with. @type {Error[]} */ failures: [],
    /** @type {any[]} */ sent: [],
    /** @type {(Clip | null)[]} */ shown: [],
    /** Ends a pause after a failure. */
    again: () => {},
    descriptions: new Descriptions({
      send: async (id, body) => {
        const { version, action, ...description } = /** @type {any} */ (body);
        found.sent.push({ id, version, ...description });
        await Promise.resolve();
        const failed = found.failures.shift();
        if (failed) throw failed;
        const clip = /** @type {Clip} */ (found.clips.get(id));
        assert.deepEqual([action, version], ['annotate', clip.version]);
        const now = { ...clip, ...description, version: clip.version + 1 };
        found.clips.set(id, now);
        return now;
      },
      onchange: (clip) => found.shown.push(clip),
      delay: () => new Promise((resolve) => { found.again = () => resolve(undefined); }),
    }),
  };
  for (const clip of clips) found.descriptions.open(clip);
  return found;
}

test('what got no answer waits in front and is sent again as it was', async () => {
  const made = world(2);
  const { descriptions } = made;
  made.failures = [failure(0, 'the server does not answer'), failure(502, 'no gateway')];
  descriptions.change(1, { rating: 4 });
  await settled();
  descriptions.change(1, { rating: 5 });
  descriptions.change(1, { labels: ['rain'] });
  descriptions.change(2, { note: 'Blurred.' });
  assert.equal(descriptions.told, 'Not saved yet: The server does not answer. Retrying.');
  assert.deepEqual([descriptions.isSaving, descriptions.of(1).rating], [true, 5]);
  for (let i = 0; i < 2; i += 1) {
    made.again();
    await settled();
  }
  const first = { id: 1, version: 1, rating: 4 };
  assert.deepEqual(made.sent, [
    first, first, first,
    { id: 1, version: 2, rating: 5, labels: ['rain'] },
    { id: 2, version: 1, note: 'Blurred.' },
  ]);
  assert.deepEqual([descriptions.isSaving, descriptions.told], [false, '']);
  assert.deepEqual(descriptions.of(1), made.clips.get(1));
  assert.deepEqual(made.shown.at(-2)?.note, 'Blurred.');
});

test('what is refused goes back to what the server has, and is told until the next change', async () => {
  const made = world(2);
  const { descriptions } = made;
  descriptions.change(1, { rating: 4 });
  await settled();
  made.failures = [failure(403, 'this takes a reviewer')];
  descriptions.change(1, { rating: 2, note: 'Blurred.' });
  descriptions.change(2, { rating: 1 });
  assert.equal(descriptions.of(1).rating, 2);
  await settled();
  assert.deepEqual([descriptions.of(1).rating, descriptions.of(1).note], [4, null]);
  assert.ok(made.shown.some((clip) => clip?.id === 1 && clip.rating === 4));
  assert.deepEqual([descriptions.of(2).rating, made.clips.get(2)?.rating], [1, 1]);
  assert.equal(descriptions.told, 'Not saved: This takes a reviewer.');
  const others = { id: 1, version: 9, labels: ['rain'], rating: 3, note: null };
  made.clips.set(1, others);
  made.failures = [failure(409, 'clip 1 has changed', { clip: { ...others, state: 'embedded' } })];
  descriptions.change(1, { note: 'Blurred.' });
  assert.equal(descriptions.told, '');
  await settled();
  assert.deepEqual(descriptions.of(1), others);
  descriptions.change(1, { note: 'Blurred.' });
  await settled();
  assert.equal(made.clips.get(1)?.note, 'Blurred.');
});

test('a page that shows a clip as it was later is believed', async () => {
  const { descriptions } = world(1);
  const clip = { id: 1, labels: [], rating: 1, note: null };
  descriptions.open({ ...clip, version: 1 });
  assert.equal(descriptions.of(1).rating, null);
  descriptions.open({ ...clip, version: 2 });
  assert.equal(descriptions.of(1).rating, 1);
});

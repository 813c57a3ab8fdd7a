import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  clock, doneWord, inOtherPages, notSaved, stateTold, timecode, unreachable, whyEmpty, whyNone,
} from '../../../review_app/static/shared/words.js';

test('decisions and annotations in words', () => {
  assert.equal(doneWord('approve', ['state']), 'Approved');
  assert.equal(doneWord('annotate', ['rating']), 'Rated');
  assert.equal(doneWord('annotate', ['labels']), 'Labelled');
  assert.equal(doneWord('annotate', ['labels', 'note']), 'Described');
});

test('times and errors in words', () => {
  assert.equal(timecode(75.2), '1:15.20');
  assert.equal(timecode(3600), '1:00:00.00');
  assert.equal(timecode(null), '–');
  assert.deepEqual([0, 59.99, 743.9, 3601].map(clock), ['0:00', '0:59', '12:23', '1:00:01']);
  const message = 'the server does not answer';
  assert.equal(
    unreachable({ message }, 1),
    'The server does not answer. 1 decision waits here. Retrying.',
  );
  /** @type {any} */ const edit = { action: 'split', clip: { id: -1 }, fields: { frames: [5] } };
  assert.equal(
    notSaved(edit, { message: 'No.' }, 1),
    'Not saved: new clip split. No. 1 later decision on it was not saved either.',
  );
});

test('a state with who gave it and when', () => {
  const at = new Date(2026, 4, 4, 9, 5);
  const verdict = { action: 'skip', actor: 'ann', at: at.toISOString() };
  /** @type {(state: string, given: object | null, now: Date) => string} */
  const told = (state, given, now) =>
    stateTold(/** @type {any} */ ({ state, verdict: given }), now);
  assert.equal(told('review_skipped', verdict, at), 'skipped by ann at 09:05');
  const later = new Date(2026, 4, 5);
  const approved = { ...verdict, action: 'approve' };
  assert.equal(told('embedded', approved, later), 'in the library, approved by ann on 2026-05-04, 09:05');
  assert.equal(told('pending_review', null, at), 'pending');
});

test('an empty screen without a server is no empty queue', () => {
  const queue = { trouble: null, hasMore: false, withOthers: 3, inOtherPages: 0 };
  assert.equal(whyNone(queue, false)[0], 'Nothing to review');
  const [what, why] = whyNone({ ...queue, trouble: 'The server does not answer.' }, false);
  assert.equal(what, "The next clips can't be loaded");
  assert.doesNotMatch(why, /other reviewers/);
  assert.match(whyNone({ ...queue, hasMore: true }, false)[0], /on their way/);
});

test('why no clip is to be had', () => {
  const handed = { total: 6, available: 1, with_others: 2 };
  assert.equal(inOtherPages(handed), 3);
  assert.equal(inOtherPages({ ...handed, total: 1 }), 0); // of decided clips
  const why = (/** @type {number} */ withOthers, /** @type {number} */ others) =>
    whyEmpty({ withOthers, inOtherPages: others }, false);
  assert.equal(why(1, 0), 'The 1 clip that waits is with other reviewers.');
  assert.equal(why(0, 3), 'The 3 clips that wait are open in another tab.');
  assert.equal(why(2, 1), 'The 3 clips that wait are with other reviewers or open in another tab.');
  assert.equal(why(0, 0), 'New clips appear here by themselves.');
});

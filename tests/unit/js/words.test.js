import assert from 'node:assert/strict';
import { test } from 'node:test';

import { doneWord, notSaved, timecode, unreachable } from '../../../review_app/static/shared/words.js';

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

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { applied } from '../../../review_app/static/review/edits.js';
import { toggledFrame } from '../../../review_app/static/review/stills.js';
import { FilmServer } from './film_server.js';

/** Two clips of ten frames, 10 to 19 and 20 to 29, with unsure cuts around them.
 * @returns {import('../../../review_app/static/shared/clip.js').Clip[]} */
function judged() {
  const server = new FilmServer(2);
  const [first, second] = server.live.map((clip) => server.json(clip));
  const suggestions = [14, 17].map((frame) => ({ frame, score: 0.4 }));
  return [
    { ...first, suggestions, start_score: 0.6, end_score: 0.7 },
    { ...second, start_score: 0.7, end_score: 0.9 },
  ];
}

/** What is doubted of the clips after an edit of the first. @param {string} action
 * @param {Record<string, any>} fields @param {...number} made */
function doubtsAfter(action, fields, ...made) {
  const clips = judged();
  const edit = { action, clip: clips[0], fields, made, before: [], also: [], target: null, place: null };
  return applied(clips, edit).map((clip) => [
    clip.start_score, clip.suggestions.map((each) => each.frame), clip.end_score,
  ]);
}

test('the parts of a split keep the suggestions within them, and their cut is sure', () => {
  assert.deepEqual(doubtsAfter('split', { frames: [14] }, -1, -2), [
    [0.6, [], null], [null, [17], 0.7], [0.7, [], 0.9],
  ]);
});

test('a cut that was moved is sure on both sides, and too near for a suggestion at its side', () => {
  assert.deepEqual(doubtsAfter('nudge', { edge: 'end', frame: 18 }), [
    [0.6, [14], null], [null, [], 0.9],
  ]);
});

test('a merge keeps the doubt of its ends', () => {
  assert.deepEqual(doubtsAfter('merge', { side: 'next' }, -1), [[0.6, [14, 17], 0.9]]);
});

test('a chosen frame stays with the clip that has it', () => {
  const [first, second] = judged();
  const clips = [{ ...first, chosen_frames: [12, 19] }, { ...second, chosen_frames: [25] }];
  const after = (/** @type {string} */ action, /** @type {object} */ fields, /** @type {number[]} */ made) =>
    applied(clips, { action, clip: clips[0], fields, made, before: [], also: [], target: null, place: null })
      .map((clip) => clip.chosen_frames);
  assert.deepEqual(after('split', { frames: [14] }, [-1, -2]), [[12], [19], [25]]);
  assert.deepEqual(after('merge', { side: 'next' }, [-1]), [[12, 19, 25]]);
  assert.deepEqual(after('nudge', { edge: 'end', frame: 18 }, []), [[12], [25]]);
  assert.deepEqual(toggledFrame(clips[0], 15), [12, 15, 19]);
  assert.deepEqual(toggledFrame(clips[0], 12), [19]);
  assert.equal(toggledFrame(clips[0], 20), null);
});

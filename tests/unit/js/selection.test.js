import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  asked, filterTexts, inFull, LIBRARY, PENDING, searchOf, selectionOf, without,
} from '../../../review_app/static/shared/selection.js';

test('an address holds the filters without default values', () => {
  const selection = selectionOf('?video=film-1&state=pending&label=&order=time&min_seconds=2&x=y');
  assert.deepEqual(selection, { video: 'film-1', min_seconds: '2' });
  assert.equal(searchOf(selection), '?video=film-1&min_seconds=2');
  assert.equal(searchOf({}), '');
  assert.deepEqual(selectionOf('?state=library&order=time', LIBRARY), { order: 'time' });
  assert.deepEqual(selectionOf('?collection=3&state=pending'), { collection: '3', state: 'pending' });
  const odd = { label: 'a & b', reviewer: 'é' };
  assert.deepEqual(selectionOf(searchOf(odd)), odd);
});

test('filters in words, with both ends of a range as one', () => {
  const titleOf = (/** @type {string} */ key) => `Title of ${key}`;
  const texts = (/** @type {string} */ search) =>
    filterTexts(selectionOf(search), titleOf).map(({ text }) => text);
  assert.deepEqual(texts('?video=a&state=archived&label=night&min_rating=3'), [
    'Title of a', 'archived', 'label night', 'rated 3 or more',
  ]);
  assert.deepEqual(texts('?find=old+bridge&state=skipped&state=approved&label=day,night'), [
    '“old bridge”', 'skipped or approved', 'label day', 'label night',
  ]);
  assert.deepEqual(texts('?reviewer=kim&order=uncertain'), [
    'decided by kim', 'least certain first',
  ]);
  assert.deepEqual(texts('?min_seconds=2&max_seconds=9.5'), ['2 to 9.5 s']);
  assert.deepEqual(texts('?max_seconds=4&min_score=0.2'), ['at most 4 s', 'score at least 0.2']);
  assert.deepEqual(texts('?clip=7'), ['clip 7']);
  assert.deepEqual(texts('?since=2026-03-01&until=2026-03-09'), [
    'decided 2026-03-01 to 2026-03-09',
  ]);
  assert.deepEqual(texts('?until=2026-03-09'), ['decided until 2026-03-09']);
  assert.deepEqual(texts('?ids=7,8&taken=no'), ['clips 7, 8', 'not yet taken']);
  assert.deepEqual(texts('?ids=1,2,3,4,5,6,7&collection=3&taken=yes'), [
    'collection 3', '7 clips', 'taken',
  ]);
  assert.deepEqual(texts('?theme=5&order=novel'), ['theme 5', 'like nothing else first']);
  const [named] = filterTexts({ theme: '5' }, titleOf, (id) => `Name of ${id}`);
  assert.equal(named.text, 'theme Name of 5');
  assert.deepEqual(filterTexts({ min_seconds: '2', max_seconds: '3' }, titleOf)[0].names, [
    'min_seconds', 'max_seconds',
  ]);
});

test('a filter can be removed', () => {
  const selection = selectionOf('?video=a&min_seconds=1&max_seconds=2');
  assert.deepEqual(without(selection, ['min_seconds', 'max_seconds']), { video: 'a' });
  const labelled = selectionOf('?label=day,night&video=a');
  assert.deepEqual(without(labelled, ['label'], 'day'), { label: 'night', video: 'a' });
  assert.deepEqual(without({ label: 'day' }, ['label'], 'day'), {});
});

test('a form leaves what it has no field for as it was, but for a single clip', () => {
  const fields = ['video', 'state', 'order', ''];
  const present = selectionOf('?collection=5&state=pending&video=a&find=old&clip=7');
  assert.deepEqual(asked([['video', ''], ['state', 'pending'], ['order', 'shortest']], fields, present), {
    collection: '5', state: 'pending', find: 'old', order: 'shortest',
  });
  assert.deepEqual(asked([['state', 'library']], fields, { ids: '7,8' }, LIBRARY), {
    ids: '7,8', state: 'library',
  });
  assert.deepEqual(asked([], fields, { ids: '7,8', state: 'skipped' }), { ids: '7,8' });
});

test('in full, a selection has the page\'s own choice, but named clips are in any state', () => {
  assert.deepEqual(inFull({ video: 'a' }, PENDING), { video: 'a', state: 'pending', order: 'time' });
  assert.deepEqual(inFull({ order: 'time' }, LIBRARY), { state: 'library', order: 'time' });
  assert.deepEqual(inFull({ collection: '5' }, PENDING), { collection: '5', order: 'time' });
  assert.deepEqual(inFull({ ids: '7', state: 'skipped' }, PENDING), {
    ids: '7', state: 'skipped', order: 'time',
  });
});

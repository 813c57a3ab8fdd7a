import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cellsOf, idsOf, sectionsOf } from '../../../review_app/static/sheet/layout.js';
import { sharedLabels, sharedNote, toggledLabel } from '../../../review_app/static/sheet/common.js';

/** @typedef {import('../../../review_app/static/shared/clip.js').Clip} Clip */

/** @param {number} id @param {object} [fields] */
const clip = (id, fields = {}) => /** @type {Clip} */ (/** @type {unknown} */ ({
  id, labels: [], note: null, video: { key: id < 4 ? 'a' : 'b', title: id < 4 ? 'A' : 'B' },
  ...fields,
}));
const clips = [1, 2, 3, 4, 5].map((id) => clip(id));
const never = () => false;

test('clips that look alike are one cell, at the place of the first', () => {
  const cells = cellsOf(clips, [[2, 4, 5]], never);
  assert.deepEqual(cells.map(idsOf), [[1], [2, 4, 5], [3]]);
  assert.ok(cells.every(({ opened }) => opened === null));
});

test('an open stack lies there in single cells, one after the other', () => {
  const cells = cellsOf(clips, [[1, 3], [2, 4, 5]], (ids) => ids.includes(4));
  assert.deepEqual(cells.map(idsOf), [[1, 3], [2], [4], [5]]);
  assert.deepEqual(cells[2].opened, { at: 1, of: 3 });
});

test('what is left of a stack is a stack, or a clip like others', () => {
  assert.deepEqual(cellsOf(clips.slice(2), [[2, 4, 5]], never).map(idsOf), [[3], [4, 5]]);
  const last = cellsOf(clips.slice(4), [[2, 4, 5]], () => true);
  assert.deepEqual(last, [{ clips: [clips[4]], opened: null }]);
});

test('each film has a heading, where clips come as in the films', () => {
  const cells = cellsOf(clips, [[2, 4]], never);
  const titles = sectionsOf(cells, true).map(({ title, cells: { length } }) => [title, length]);
  assert.deepEqual(titles, [['A', 3], ['B', 1]]);
  assert.deepEqual(sectionsOf(cells, false).map(({ title }) => title), ['']);
  assert.deepEqual(sectionsOf([], false), []);
});

test('an open stack stays under the heading of its first clip, and no heading comes twice', () => {
  const cells = cellsOf(clips, [[2, 4]], () => true);
  const ids = sectionsOf(cells, true).map((section) => section.cells.flatMap(idsOf));
  assert.deepEqual(ids, [[1, 2, 4, 3], [5]]);
  const mixed = [clips[3], clips[0], clips[4]];
  assert.deepEqual(
    sectionsOf(cellsOf(mixed, [], never), true).map(({ cells: { length } }) => length), [2, 1],
  );
});

test('labels of several clips: how many have each, and what a toggle does', () => {
  const [one, two] = [clip(1, { labels: ['x', 'y'] }), clip(2, { labels: ['y'] })];
  const listed = [
    { name: 'n', colour: 'red', key: 4, retired: false },
    { name: 'y', colour: 'blue', key: null, retired: false },
    { name: 'old', colour: 'blue', key: null, retired: true },
  ];
  assert.deepEqual(sharedLabels([one, two], listed), [
    { label: 'n', colour: 'red', key: 4, of: 0 },
    { label: 'y', colour: 'blue', key: null, of: 2 },
    { label: 'x', colour: null, key: null, of: 1 },
  ]);
  assert.deepEqual(toggledLabel([one, two], 'y'), { remove_labels: ['y'] });
  assert.deepEqual(toggledLabel([one, two], 'x'), { add_labels: ['x'] });
});

test('a note counts as shared only where all clips have the same', () => {
  const [none, also, said] = [clip(1), clip(2, { note: '' }), clip(3, { note: 'Look!' })];
  assert.equal(sharedNote([none, also]), null);
  assert.equal(sharedNote([said]), 'Look!');
  assert.equal(sharedNote([none, said]), undefined);
});

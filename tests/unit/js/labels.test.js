import assert from 'node:assert/strict';
import { test } from 'node:test';

import { labelsToShow, toggled } from '../../../review_app/static/shared/labels.js';

test('labels show as they are listed, then the other labels of the clip', () => {
  const listed = [
    { name: 'day', colour: 'blue', key: 1, retired: false },
    { name: 'noon', colour: 'red', key: null, retired: true },
    { name: 'night', colour: 'green', key: null, retired: false },
    { name: 'rain', colour: 'teal', key: null, retired: true },
  ];
  assert.deepEqual(labelsToShow(['dusk', 'night', 'rain'], listed), [
    { label: 'day', colour: 'blue', key: 1, isOn: false },
    { label: 'night', colour: 'green', key: null, isOn: true },
    { label: 'dusk', colour: null, key: null, isOn: true },
    { label: 'rain', colour: 'teal', key: null, isOn: true },
  ]);
});

test('a label is put on and taken off', () => {
  assert.deepEqual(toggled(['a', 'b'], 'a'), ['b']);
  assert.deepEqual(toggled(['a'], 'b'), ['a', 'b']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { labelsToShow, toggled } from '../../../review_app/static/review/labels.js';

test('labels show in the order of their numbers, then the other labels of the clip', () => {
  assert.deepEqual(labelsToShow(['dusk', 'night'], ['day', 'night']), [
    { label: 'day', number: 1, isOn: false },
    { label: 'night', number: 2, isOn: true },
    { label: 'dusk', number: null, isOn: true },
  ]);
  assert.deepEqual(toggled(['a', 'b'], 'a'), ['b']);
  assert.deepEqual(toggled(['a'], 'b'), ['a', 'b']);
});

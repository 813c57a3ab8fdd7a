import assert from 'node:assert/strict';
import { test } from 'node:test';

import { completed, namesFor } from '../../../review_app/static/shared/mentions.js';

const PEOPLE = ['Ann', 'Anna Maria', 'ben'];

test('names are offered once an @ is typed, and only as far as they fit', () => {
  assert.deepEqual(namesFor('hello ann', PEOPLE), []);
  assert.deepEqual(namesFor('hello @', PEOPLE), PEOPLE);
  assert.deepEqual(namesFor('hello @an', PEOPLE), ['Ann', 'Anna Maria']);
  assert.deepEqual(namesFor('(@anna m', PEOPLE), ['Anna Maria']);
  assert.deepEqual(namesFor('@ann is it', PEOPLE), []);
  assert.deepEqual(namesFor('mail@an', PEOPLE), []);
});

test('a chosen name takes the place of what was typed of it', () => {
  assert.equal(completed('see @an', 'Anna Maria'), 'see @Anna Maria ');
  assert.equal(completed('@', 'ben'), '@ben ');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Marks } from '../../../review_app/static/sheet/marks.js';

const order = [10, 11, 12, 13, 14, 15];
const marked = (/** @type {Marks} */ marks) => order.filter((id) => marks.has(id));

test('a decision is meant for the marked clips, or else for the one in focus', () => {
  const marks = new Marks();
  assert.deepEqual(marks.chosen(order, 12), [12]);
  assert.deepEqual(marks.chosen(order, null), []);
  marks.toggle(14);
  marks.toggle(11);
  assert.deepEqual(marks.chosen(order, 12), [11, 14]);
  marks.toggle(14);
  assert.deepEqual(marks.chosen(order, 12), [11]);
});

test('a range grows and shrinks from where it began, and leaves earlier marks alone', () => {
  const marks = new Marks();
  marks.toggle(15);
  marks.anchorAt(12);
  marks.extend(order, 13);
  marks.extend(order, 14);
  assert.deepEqual(marked(marks), [12, 13, 14, 15]);
  marks.extend(order, 13);
  assert.deepEqual(marked(marks), [12, 13, 15]);
  marks.extend(order, 10);
  assert.deepEqual(marked(marks), [10, 11, 12, 15]);
});

test('a range without a beginning is the clip itself', () => {
  const marks = new Marks();
  marks.extend(order, 13);
  assert.deepEqual(marked(marks), [13]);
  marks.anchorAt(99); // has left
  marks.extend(order, 11);
  assert.deepEqual(marked(marks), [11, 13]);
});

test('all and none', () => {
  const marks = new Marks();
  marks.toggle(12);
  marks.toggleAll(order);
  assert.equal(marks.size, 6);
  marks.toggleAll(order);
  assert.equal(marks.size, 0);
  marks.toggleAll(order);
  marks.clear();
  assert.deepEqual(marks.chosen(order, 10), [10]);
});

test('clips that have left are no longer marked', () => {
  const marks = new Marks();
  marks.toggle(11);
  marks.toggle(13);
  marks.keep([10, 13, 14]);
  assert.equal(marks.size, 1);
  marks.extend([10, 13, 14], 14);
  assert.deepEqual(marks.chosen([10, 13, 14], null), [13, 14]);
});

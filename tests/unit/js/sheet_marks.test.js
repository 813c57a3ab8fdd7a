import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Marks } from '../../../review_app/static/shared/marks.js';

const order = [10, 11, 12, 13, 14, 15];
const singles = order.map((id) => [id]);
/** 11 and 13 look alike. */
const cells = [[10], [11, 13], [12], [14], [15]];
const marked = (/** @type {Marks} */ marks) => order.filter((id) => marks.countOf([id]) === 1);

test('a decision is meant for the marked clips, or else for those of the cell in focus', () => {
  const marks = new Marks();
  assert.deepEqual(marks.chosen(order, [12]), [12]);
  assert.deepEqual(marks.chosen(order, [11, 13]), [11, 13]);
  assert.deepEqual(marks.chosen(order, []), []);
  marks.toggle([14]);
  marks.toggle([11]);
  assert.deepEqual(marks.chosen(order, [12]), [11, 14]);
  marks.toggle([14]);
  assert.deepEqual(marks.chosen(order, [12]), [11]);
});

test('a stack is marked whole, and one that is marked in part becomes so first', () => {
  const marks = new Marks();
  marks.toggle([13]);
  assert.equal(marks.countOf([11, 13]), 1);
  marks.toggle([11, 13]);
  assert.deepEqual(marked(marks), [11, 13]);
  marks.toggle([11, 13]);
  assert.deepEqual(marked(marks), []);
});

test('a range grows and shrinks from where it began, and leaves earlier marks alone', () => {
  const marks = new Marks();
  marks.toggle([15]);
  marks.anchorAt(12);
  marks.extend(singles, 13);
  marks.extend(singles, 14);
  assert.deepEqual(marked(marks), [12, 13, 14, 15]);
  marks.extend(singles, 13);
  assert.deepEqual(marked(marks), [12, 13, 15]);
  marks.extend(singles, 10);
  assert.deepEqual(marked(marks), [10, 11, 12, 15]);
});

test('a range takes whole stacks in, and may begin in one', () => {
  const marks = new Marks();
  marks.anchorAt(13);
  marks.extend(cells, 12);
  assert.deepEqual(marked(marks), [11, 12, 13]);
});

test('a range without a beginning is the clip itself', () => {
  const marks = new Marks();
  marks.extend(singles, 13);
  assert.deepEqual(marked(marks), [13]);
  marks.anchorAt(99); // has left
  marks.extend(singles, 11);
  assert.deepEqual(marked(marks), [11, 13]);
});

test('all and none', () => {
  const marks = new Marks();
  marks.toggle([12]);
  assert.equal(marks.hasAll(order), false);
  marks.set(order);
  assert.ok(marks.hasAll(order));
  marks.set([]);
  assert.deepEqual(marks.chosen(order, [10]), [10]);
});

test('clips that have left are no longer marked', () => {
  const marks = new Marks();
  marks.toggle([11]);
  marks.toggle([13]);
  marks.keep([10, 13, 14]);
  assert.equal(marks.size, 1);
  marks.extend([[10], [13], [14]], 14);
  assert.deepEqual(marks.chosen([10, 13, 14], []), [13, 14]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BINDINGS, actionFor, keyCap } from '../../../review_app/static/player/keys.js';

const press = (key, modifiers = {}) => actionFor({
  key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...modifiers,
});

test('each key means one action', () => {
  const keys = BINDINGS.flatMap((binding) => binding.keys);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(press('a'), 'approve');
  assert.equal(press('A', { shiftKey: true }), 'approve');
  assert.equal(press('ArrowLeft'), 'back');
  assert.equal(press('ArrowLeft', { shiftKey: true }), 'back10');
  assert.equal(press('Home', { shiftKey: true }), 'inPoint');
  assert.equal(press('End', { shiftKey: true }), 'outPoint');
  assert.equal(press('Enter', { shiftKey: true }), 'split');
  assert.equal(press('?', { shiftKey: true }), 'help');
  assert.equal(press('Enter'), 'split');
  assert.equal(press('q'), null);
});

test("the browser's own shortcuts stay the browser's", () => {
  for (const modifier of ['ctrlKey', 'metaKey', 'altKey']) {
    assert.equal(press('a', { [modifier]: true }), null);
    assert.equal(press('ArrowLeft', { [modifier]: true }), null);
  }
});

test('keys read as on a keyboard', () => {
  assert.equal(keyCap(' '), 'Space');
  assert.equal(keyCap('Shift+ArrowLeft'), '⇧ ←');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Keymap, keyCap, namesOf } from '../../../review_app/static/shared/keys/keymap.js';
import { BINDINGS, REPEATING } from '../../../review_app/static/review/bindings.js';

/** @typedef {import('../../../review_app/static/shared/keys/keymap.js').KeyPress} KeyPress */

/** @param {string} key @param {Partial<KeyPress>} [fields] @returns {KeyPress} */
const press = (key, fields = {}) => ({
  key, code: '', shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...fields,
});
/** @param {string} key @param {string} code */
const shifted = (key, code) => press(key, { code, shiftKey: true });

test('each key of the table means one action, and each action has one key', () => {
  for (const field of /** @type {const} */ (['key', 'action'])) {
    assert.equal(new Set(BINDINGS.map((each) => each[field])).size, BINDINGS.length);
  }
  for (const action of REPEATING) assert.ok(BINDINGS.some((each) => each.action === action));
});

test('presses find their action', () => {
  const keymap = new Keymap(BINDINGS);
  /** @type {[KeyPress, string | null][]} */ const expected = [
    [press('a', { code: 'KeyA' }), 'approve'],
    [press('A', { code: 'KeyA' }), 'approve'], // caps lock
    [press('m', { code: 'KeyM' }), 'mergePrevious'],
    [shifted('M', 'KeyM'), 'mergeNext'],
    [press(' ', { code: 'Space' }), 'toggle'],
    [press('ArrowLeft', { code: 'ArrowLeft' }), 'back'],
    [shifted('ArrowLeft', 'ArrowLeft'), 'back10'],
    [shifted('Home', 'Home'), 'inPoint'],
    [press('[', { code: 'BracketLeft' }), 'startEarlier'],
    [shifted('{', 'BracketLeft'), 'startEarlier10'],
    [press('.', { code: 'Period' }), 'endLater'],
    [shifted('>', 'Period'), 'endLater10'],
    [press('/', { code: 'Slash' }), 'filters'],
    [shifted('?', 'Slash'), 'help'],
    [press('Enter', { code: 'NumpadEnter' }), 'split'],
    [press('q', { code: 'KeyQ' }), 'searchLike'],
    [press('y', { code: 'KeyY' }), null],
    [shifted('A', 'KeyA'), null],
  ];
  for (const [given, action] of expected) {
    assert.equal(keymap.actionFor(given), action, JSON.stringify(given));
  }
});

test('digits count as digits whatever the layout prints on their keys', () => {
  const keymap = new Keymap(BINDINGS);
  assert.equal(keymap.actionFor(press('3', { code: 'Digit3' })), 'rate3');
  assert.equal(keymap.actionFor(press('"', { code: 'Digit3' })), 'rate3'); // French
  assert.equal(keymap.actionFor(shifted('#', 'Digit3')), 'label3');
  assert.equal(keymap.actionFor(shifted('3', 'Digit3')), 'label3'); // French
  assert.equal(keymap.actionFor(press('3', { code: 'Numpad3' })), 'rate3');
  assert.equal(keymap.actionFor(shifted('3', 'Numpad3')), 'label3');
  assert.equal(keymap.actionFor(press('ArrowLeft', { code: 'Numpad4' })), 'back'); // no num lock
});

test('letters of other scripts stand for the Latin letters on their keys', () => {
  const keymap = new Keymap(BINDINGS);
  assert.equal(keymap.actionFor(press('ф', { code: 'KeyA' })), 'approve'); // Russian
  assert.equal(keymap.actionFor(shifted('Ь', 'KeyM')), 'mergeNext');
  assert.equal(keymap.actionFor(press('ü', { code: 'BracketLeft' })), 'startEarlier'); // German
  assert.equal(keymap.actionFor(press('é', { code: 'Digit2' })), 'rate2'); // French
  assert.equal(keymap.actionFor(press('a', { code: 'KeyQ' })), 'approve');
  assert.equal(keymap.claim('skip', press('ы', { code: 'KeyS' }))?.key, 's');
});

test('other layouts reach the same characters their own way', () => {
  const keymap = new Keymap(BINDINGS);
  const german = press('[', {
    code: 'Digit8',
    ctrlKey: true,
    altKey: true,
    getModifierState: (/** @type {string} */ name) => name === 'AltGraph',
  });
  assert.equal(keymap.actionFor(german), 'startEarlier');
  assert.equal(keymap.actionFor(shifted('?', 'Minus')), 'help');
  assert.equal(keymap.actionFor(shifted('/', 'Digit7')), 'filters');
});

test("the browser's own shortcuts stay the browser's", () => {
  for (const modifier of ['ctrlKey', 'metaKey', 'altKey']) {
    assert.deepEqual(namesOf(press('a', { code: 'KeyA', [modifier]: true })), []);
    assert.deepEqual(namesOf(press('ArrowLeft', { [modifier]: true })), []);
  }
  for (const key of ['Escape', 'F5', 'Shift', 'Dead']) {
    assert.deepEqual(namesOf(press(key)), [], key);
  }
});

test('no action gets Tab but the ones that have it by default', () => {
  const keymap = new Keymap(BINDINGS);
  const back = press('Tab', { shiftKey: true });
  assert.equal(keymap.actionFor(press('Tab')), 'nextSuggestion');
  assert.equal(keymap.actionFor(back), 'previousSuggestion');
  assert.equal(keymap.claim('approve', press('Tab')), null);
  assert.equal(keymap.claim('approve', back), null);
  assert.ok(!keymap.canSwap('nextSuggestion'));
  keymap.assign('nextSuggestion', 'a');
  assert.equal(keymap.actionFor(press('a')), 'nextSuggestion');
  assert.equal(keymap.keyOf('approve'), null);
  assert.equal(keymap.actionFor(press('Tab')), null);
});

test('a key can be given to another action', () => {
  const keymap = new Keymap(BINDINGS);
  assert.deepEqual(keymap.claim('approve', press('y')), { key: 'y', owner: null });
  keymap.assign('approve', 'y');
  assert.equal(keymap.actionFor(press('y')), 'approve');
  assert.equal(keymap.actionFor(press('a')), null);
  assert.ok(keymap.isChanged('approve'));
  keymap.assign('approve', 'a');
  assert.ok(keymap.isDefault);
});

test('a claim names the owner of a key, and taking the key swaps', () => {
  const keymap = new Keymap(BINDINGS);
  assert.deepEqual(keymap.claim('approve', press('x')), { key: 'x', owner: 'archive' });
  assert.deepEqual(keymap.claim('approve', press('a')), { key: 'a', owner: null });
  assert.deepEqual(keymap.claim('skip', shifted('{', 'BracketLeft')), {
    key: 'Shift+[', owner: 'startEarlier10',
  });
  assert.equal(keymap.claim('approve', press('Escape')), null);
  keymap.assign('approve', 'x');
  assert.equal(keymap.keyOf('archive'), 'a');
  assert.equal(keymap.actionFor(press('x')), 'approve');
  keymap.assign('archive', 'x');
  assert.ok(keymap.isDefault);
  keymap.assign('approve', 'x');
  keymap.reset();
  assert.equal(keymap.actionFor(press('x')), 'archive');
});

test('chosen keys are stored, and invalid entries are ignored', () => {
  const keymap = new Keymap(BINDINGS);
  keymap.assign('approve', 'x');
  const again = new Keymap(BINDINGS, JSON.parse(JSON.stringify(keymap)));
  assert.equal(again.keyOf('approve'), 'x');
  assert.equal(again.keyOf('archive'), 'a');
  const strange = [null, 7, 'x', [], ['q'], { approve: 3 }, { approve: '' }, { nothing: 'q' }];
  for (const stored of strange) {
    assert.ok(new Keymap(BINDINGS, stored).isDefault, JSON.stringify(stored));
  }
  const twice = new Keymap(BINDINGS, { approve: 'q', skip: 'q' });
  assert.equal(twice.keyOf('approve'), 'q');
  assert.equal(twice.keyOf('skip'), 's');
});

test('a chosen key is kept even if a new action has it by default', () => {
  const keymap = new Keymap(BINDINGS, { approve: 'x' });
  assert.equal(keymap.actionFor(press('x')), 'approve');
  assert.equal(keymap.keyOf('archive'), null);
  keymap.assign('archive', 'y');
  assert.equal(keymap.actionFor(press('y')), 'archive');
});

test('keys read as on a keyboard', () => {
  assert.equal(keyCap('Space'), 'Space');
  assert.equal(keyCap('Shift+ArrowLeft'), '⇧ ←');
  assert.equal(keyCap('Shift++'), '⇧ +');
  assert.equal(keyCap('+'), '+');
});

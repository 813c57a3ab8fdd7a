import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  acrossCut, cleanRange, fateOfTrimmed, kindOfCut, transitionAt, transitionFrom, transitionZones,
  trimmedZones,
} from '../../../review_app/static/review/trims.js';

/** @param {number} start @param {number} end @param {[number, number] | null} trim
 * @param {...[kind: string, first: number, last: number]} transitions */
const clipOf = (start, end, trim, ...transitions) => ({
  start_frame: start,
  end_frame: end,
  trim: trim && { start_frame: trim[0], end_frame: trim[1] },
  transitions: transitions.map(([kind, first, last]) => ({ kind, first, last })),
});

test('a clip between hard cuts has no zones', () => {
  const clip = clipOf(10, 60, null);
  assert.deepEqual(trimmedZones(clip), { start: null, end: null });
  assert.equal(transitionAt(clip, 10), null);
  assert.equal(cleanRange(clip).start_frame, 10);
  assert.equal(cleanRange(clip).end_frame, 60);
});

test('both ends are named by the transition that lies over them', () => {
  const clip = clipOf(100, 200, [106, 190], ['dissolve', 95, 106], ['fade', 189, 200]);
  const { start, end } = trimmedZones(clip);
  assert.deepEqual(start, {
    start: 100,
    end: 106,
    name: 'dissolve, 6 frames',
    title: '100 – 105: 6 of the 10 frames of a dissolve',
  });
  assert.deepEqual(end, {
    start: 190,
    end: 200,
    name: 'fade, 10 frames',
    title: '190 – 199: fade',
  });
});

test('a trim by an earlier detector still shows', () => {
  const { start, end } = trimmedZones(clipOf(100, 200, [101, 200]));
  assert.equal(start?.name, 'transition, 1 frame');
  assert.equal(end, null);
});

test('two transitions over one end are both named', () => {
  const clip = clipOf(100, 200, [120, 200], ['fade', 98, 110], ['dissolve', 112, 120]);
  assert.equal(trimmedZones(clip).start?.name, 'fade and dissolve, 20 frames');
});

test('the page says what exports do with the frames', () => {
  assert.match(fateOfTrimmed(true), /leave .* out/);
  assert.match(fateOfTrimmed(false), /keep/);
});

test('a frame is in a transition between its clean frames, wherever that lies in the clip', () => {
  const clip = clipOf(100, 200, null, ['wipe', 140, 150]);
  const kinds = [null, 140, 141, 149, 150].map((frame) => transitionAt(clip, frame));
  assert.deepEqual(kinds, [null, null, 'wipe', 'wipe', null]);
  assert.deepEqual(trimmedZones(clip), { start: null, end: null });
});

test('transitions have a place on the bar, as far as they lie in the clip', () => {
  const clip = clipOf(100, 200, null, ['dissolve', 90, 104], ['wipe', 140, 150], ['cut', 160, 161]);
  assert.deepEqual(transitionZones(clip), [
    {
      kind: 'dissolve', start: 100, end: 104,
      name: 'dissolve, 4 frames', title: '100 – 103: dissolve',
    },
    {
      kind: 'wipe', start: 141, end: 150,
      name: 'wipe, 9 frames', title: '141 – 149: wipe',
    },
  ]);
});

test('a cut is of the kind of the transition that it lies in', () => {
  const clip = clipOf(100, 200, null, ['dissolve', 90, 104], ['fade', 195, 200]);
  assert.equal(kindOfCut(clip, 100), 'dissolve');
  assert.equal(kindOfCut(clip, 200), 'fade');
  assert.equal(kindOfCut(clipOf(100, 200, null), 100), 'cut');
});

test('the next and the previous transition', () => {
  const clip = /** @type {any} */ ({
    start_frame: 0, end_frame: 300, trim: null,
    transitions: [
      { kind: 'dissolve', first: 199, last: 210 }, { kind: 'fade', first: 99, last: 110 },
      { kind: 'cut', first: 49, last: 50 },
    ],
  });
  assert.deepEqual([0, 99, 100, 205].map((n) => transitionFrom(clip, n, 1)), [100, 100, 200, null]);
  assert.deepEqual([0, 100, 101, 205].map((n) => transitionFrom(clip, n, -1)), [null, null, 100, 200]);
});

test('across a cut', () => {
  const clip = { start_frame: 10, end_frame: 90, video: { frame_count: 100 } };
  assert.deepEqual(acrossCut(clip, 'start', 25), { start_frame: 0, end_frame: 35 });
  assert.deepEqual(acrossCut(clip, 'end', 25), { start_frame: 65, end_frame: 100 });
  assert.equal(acrossCut({ ...clip, start_frame: 0 }, 'start', 25), null);
  assert.equal(acrossCut({ ...clip, end_frame: 100 }, 'end', 25), null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runsInNeed } from '../../../review_app/static/player/demand.js';

/** @param {number} start @param {number} end */
const clip = (start, end, proxy = 'p') => (
  { start_frame: start, end_frame: end, video: { proxy_id: proxy } }
);
/** @param {Partial<Parameters<typeof runsInNeed>[0]> & {clip: ReturnType<typeof clip>}} need */
const named = (need) => runsInNeed({
  wanted: need.clip.start_frame, backward: false, next: [], stills: [], ...need,
}).map(({ proxy, a, b }) => `${proxy}/${a}-${b}`);

test('the frame on the screen comes first, then the beginning of the next clip, then the rest', () => {
  assert.deepEqual(
    named({ clip: clip(0, 256), wanted: 70, next: [clip(256, 600), clip(0, 10, 'q')] }),
    ['p/64-128', 'p/128-192', 'p/256-320', 'p/192-256', 'p/0-64', 'p/320-384', 'q/0-10'],
  );
});

test('backward the runs before', () => {
  assert.deepEqual(
    named({ clip: clip(0, 256), wanted: 130, backward: true }),
    ['p/128-192', 'p/64-128', 'p/0-64', 'p/192-256'],
  );
});

test('a frame requested by number comes soon, in a run of its own, unless another run holds it', () => {
  const stills = [{ proxy: 'p', frame: 9 }, { proxy: 'p', frame: 10 }, { proxy: 'p', frame: 299 }];
  assert.deepEqual(
    named({ clip: clip(10, 300), stills }).slice(0, 4),
    ['p/10-64', 'p/9-10', 'p/299-300', 'p/64-128'],
  );
});

test('of an hour-long clip only the frames ahead are in demand', () => {
  assert.equal(named({ clip: clip(0, 216_000) }).length, 16);
});

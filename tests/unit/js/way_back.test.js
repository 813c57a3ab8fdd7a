import assert from 'node:assert/strict';
import { test } from 'node:test';

import { wayBack } from '../../../review_app/static/review/way_back.js';

test('a clip that was opened on the sheet leads back to it, with its filters', () => {
  const back = wayBack('?state=skipped&order=longest&clip=12&from=sheet');
  assert.equal(back?.href, '/sheet?state=skipped&order=longest');
  assert.equal(wayBack('?clip=12&from=sheet')?.href, '/sheet');
});

test('a clip that was opened on its own page leads back there', () => {
  assert.equal(wayBack('?clip=12&from=clip')?.href, '/clips/12');
});

test('other addresses lead nowhere', () => {
  for (const search of ['', '?clip=12', '?from=sheet', '?clip=12&from=//evil', '?clip=/x&from=clip']) {
    assert.equal(wayBack(search), null, search);
  }
});

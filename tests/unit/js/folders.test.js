import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const APP = fileURLToPath(new URL('../../../review_app', import.meta.url));
const STATIC = join(APP, 'static');

/** Folders that pages may use; each other folder belongs to one page. */
const LIBRARIES = ['player', 'shared'];
const FOLDERS = readdirSync(STATIC, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Imports of code and of types, whether or not they are in comments. */
const IMPORT = /(?:\bfrom|\bimport|\bimport\(|\bnew URL\()\s*'(\.[^']+)'/g;

/** The folders, among those of the pages, that the modules of one import from.
 * @param {string} folder */
function importedBy(folder) {
  const names = readdirSync(join(STATIC, folder), { recursive: true, encoding: 'utf8' });
  const targets = names.filter((name) => name.endsWith('.js')).flatMap((name) => {
    const text = readFileSync(join(STATIC, folder, name), 'utf8');
    return [...text.matchAll(IMPORT)].map(([, to]) => normalize(join(folder, dirname(name), to)));
  });
  return [...new Set(targets.map((target) => target.split('/')[0]))].sort();
}

for (const folder of FOLDERS) {
  const allowed = { player: ['player'], shared: LIBRARIES }[folder] ?? [folder, ...LIBRARIES];
  test(`${folder} imports from ${allowed.join(', ')} alone`, () => {
    assert.deepEqual(importedBy(folder).filter((other) => !allowed.includes(other)), []);
  });
}

test('a template links the files of one page, and those that all share', () => {
  const templates = readdirSync(join(APP, 'templates')).map((name) => {
    const text = readFileSync(join(APP, 'templates', name), 'utf8');
    const linked = [...text.matchAll(/'(\w+)\/\w+(?:\.css|\.js)?'/g)].map(([, folder]) => folder);
    return { name, pages: new Set(linked.filter((folder) => !LIBRARIES.includes(folder))) };
  });
  assert.ok(templates.some(({ pages }) => pages.has('review')));
  assert.deepEqual(templates.filter(({ pages }) => pages.size > 1), []);
});

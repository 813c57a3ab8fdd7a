/** ESLint's recommended rules for the pages' modules and their tests. `make` installs ESLint into
 * .venv, and its parts resolve from there: the repository has no node_modules of its own. */

import { createRequire } from 'node:module';

const require = createRequire(new URL('.venv/', import.meta.url));
const js = require('@eslint/js');
const globals = require('globals');

export default [
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // `const { [key]: _, ...rest } = all` copies without a key: the rest is what it is for.
      'no-unused-vars': ['error', { ignoreRestSiblings: true }],
      // Takes `this.#frame ||= …` for a write alone, though it reads the field; tsc's
      // `noUnusedLocals` finds the fields that nothing reads.
      'no-unused-private-class-members': 'off',
    },
  },
  { files: ['review_app/static/**/*.js'], languageOptions: { globals: globals.browser } },
  { files: ['tests/unit/js/*.js'], languageOptions: { globals: globals.node } },
];

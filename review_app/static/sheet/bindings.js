/** What the keys of the contact sheet do, in the groups and lines that the overlay shows. */

import { bindingsOf, line } from '../shared/keys/lines.js';
import { STACK_LINES } from '../shared/stacks.js';

export const GROUPS = [
  {
    title: 'Decide on all marked clips, or the one in focus',
    lines: [
      line('Approve', ['approve', 'a']),
      line('Skip', ['skip', 's']),
      line('Archive', ['archive', 'x']),
      line(
        'Rate 1 to 5',
        .../** @type {[string, string][]} */ ([1, 2, 3, 4, 5].map((n) => [`rate${n}`, `${n}`])),
      ),
      line('No rating', ['rate0', '0']),
      line('Labels', ['label', 't']),
      line('Note', ['note', 'n']),
      line(
        'Labels with a number',
        .../** @type {[string, string][]} */ (
          [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => [`label${n}`, `Shift+${n}`])
        ),
      ),
      line('Undo the whole decision', ['undo', 'u']),
      line('Retry now', ['repeat', 'r']),
    ],
  },
  {
    title: 'Mark',
    lines: [
      line('Mark, or unmark', ['toggleMark', 'Space']),
      line(
        'Mark a range',
        ['extendLeft', 'Shift+ArrowLeft'],
        ['extendRight', 'Shift+ArrowRight'],
        ['extendUp', 'Shift+ArrowUp'],
        ['extendDown', 'Shift+ArrowDown'],
      ),
      line('… to the first, last', ['extendHome', 'Shift+Home'], ['extendEnd', 'Shift+End']),
      line('Mark all (or Ctrl+A) or none (Esc)', ['markAll', 'e']),
    ],
  },
  {
    title: 'Look',
    lines: [
      line(
        'Move',
        ['left', 'ArrowLeft'],
        ['right', 'ArrowRight'],
        ['up', 'ArrowUp'],
        ['down', 'ArrowDown'],
      ),
      line('First, last', ['home', 'Home'], ['end', 'End']),
      line('A page up, down', ['pageUp', 'PageUp'], ['pageDown', 'PageDown']),
      line('Play the clip in focus, or stop', ['play', 'p']),
      line('Open on the review page', ['open', 'Enter']),
      ...STACK_LINES,
      line(
        'Smaller, larger cells',
        ['smaller', '-', 'Smaller cells'],
        ['larger', '+', 'Larger cells'],
      ),
      line('Filter the clips', ['filters', '/']),
      line('Show or hide the keys', ['help', '?']),
    ],
  },
];

export const BINDINGS = bindingsOf(GROUPS);

/** Actions that a held key repeats. */
export const REPEATING = new Set([
  'left', 'right', 'up', 'down', 'pageUp', 'pageDown',
  'extendLeft', 'extendRight', 'extendUp', 'extendDown',
]);

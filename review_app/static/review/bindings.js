/** What the keys of the review page do, in the groups and lines that the overlay shows. */

import { bindingsOf, line } from '../shared/keys/lines.js';
import { STACK_LINES } from '../shared/stacks.js';

export const GROUPS = [
  {
    title: 'Decide',
    lines: [
      line('Approve', ['approve', 'a']),
      line('Skip', ['skip', 's']),
      line('Archive', ['archive', 'x']),
      line('Group with previous, approve both', ['group', 'g']),
      line(
        'Merge with previous, next',
        ['mergePrevious', 'm', 'Merge with previous'],
        ['mergeNext', 'Shift+m', 'Merge with next'],
      ),
      line('Undo', ['undo', 'u']),
      ...STACK_LINES,
      line('Retry now', ['repeat', 'r']),
      line(
        'Previous, next clip, without deciding',
        ['previousClip', 'PageUp', 'Previous clip, without deciding'],
        ['nextClip', 'PageDown', 'Next clip, without deciding'],
      ),
    ],
  },
  {
    title: 'Cut',
    lines: [
      line('Split here, or at the marks', ['split', 'Enter']),
      line('Mark a split here', ['mark', 'c']),
      line(
        'Next, previous suggested cut',
        ['nextSuggestion', 'Tab', 'Next suggested cut'],
        ['previousSuggestion', 'Shift+Tab', 'Previous suggested cut'],
      ),
      line(
        'Start earlier, later',
        ['startEarlier', '[', 'Start a frame earlier'],
        ['startLater', ']', 'Start a frame later'],
      ),
      line(
        '… by ten frames',
        ['startEarlier10', 'Shift+[', 'Start ten frames earlier'],
        ['startLater10', 'Shift+]', 'Start ten frames later'],
      ),
      line(
        'End earlier, later',
        ['endEarlier', ',', 'End a frame earlier'],
        ['endLater', '.', 'End a frame later'],
      ),
      line(
        '… by ten frames',
        ['endEarlier10', 'Shift+,', 'End ten frames earlier'],
        ['endLater10', 'Shift+.', 'End ten frames later'],
      ),
    ],
  },
  {
    title: 'Describe',
    lines: [
      line(
        'Rate 1 to 5',
        .../** @type {[string, string, string][]} */ (
          [1, 2, 3, 4, 5].map((n) => [`rate${n}`, `${n}`, `Rate ${n}`])
        ),
      ),
      line('No rating', ['rate0', '0']),
      line(
        'Labels 1 to 9',
        .../** @type {[string, string, string][]} */ (
          [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => [`label${n}`, `Shift+${n}`, `Label ${n}`])
        ),
      ),
      line('Take this frame as a still, or not', ['still', 'p']),
      line('Type a label', ['label', 't']),
      line('Write a note', ['note', 'n']),
      line('Comments, with mentions', ['comments', 'Shift+n', 'Read and write comments']),
      line(
        'Into the collection, another one',
        ['collect', 'w', 'Into the collection, or out'],
        ['chooseCollection', 'Shift+w', 'Choose the collection'],
      ),
    ],
  },
  {
    title: 'Look',
    lines: [
      line('Play or pause', ['toggle', 'Space']),
      line(
        'One frame back, forward',
        ['back', 'ArrowLeft', 'One frame back'],
        ['forward', 'ArrowRight', 'One frame forward'],
      ),
      line(
        'Ten frames back, forward',
        ['back10', 'Shift+ArrowLeft', 'Ten frames back'],
        ['forward10', 'Shift+ArrowRight', 'Ten frames forward'],
      ),
      line('First, last frame', ['first', 'Home', 'First frame'], ['last', 'End', 'Last frame']),
      line(
        '… within transitions',
        ['inPoint', 'Shift+Home', 'First frame after the transition'],
        ['outPoint', 'Shift+End', 'Last frame before the transition'],
      ),
      line(
        'Next, previous transition',
        ['nextTransition', 'd', 'Next transition'],
        ['previousTransition', 'Shift+d', 'Previous transition'],
      ),
      line(
        'Play across the cut before, after',
        ['acrossStart', 'i', 'Play across the cut before the clip'],
        ['acrossEnd', 'o', 'Play across the cut after the clip'],
      ),
      line('Zoom to 100 % under the pointer', ['zoom', 'z']),
      line('Full screen', ['fullScreen', 'Shift+f']),
      line(
        'Zoom the timeline in, out',
        ['timelineIn', '+', 'Zoom the timeline in'],
        ['timelineOut', '-', 'Zoom the timeline out'],
      ),
      line('Keep beside the next clips, to compare', ['compare', 'b']),
      line(
        'Backwards, stop, forwards',
        ['backwards', 'j', 'Backwards, then faster'],
        ['halt', 'k', 'Stop, at normal speed'],
        ['forwards', 'l', 'Forwards, then faster'],
      ),
      line('Jump to a frame', ['jump', 'f']),
      line(
        'Sound, softer, louder',
        ['mute', 'v', 'Sound on or off'],
        ['softer', 'ArrowDown', 'Softer'],
        ['louder', 'ArrowUp', 'Louder'],
      ),
      line('All clips equally loud, or not', ['even', 'Shift+v']),
      line('Search for clips like this frame', ['searchLike', 'q']),
      line('Filter the clips', ['filters', '/']),
      line('Show or hide the keys', ['help', '?']),
    ],
  },
];

export const BINDINGS = bindingsOf(GROUPS);

/** Actions that a held key repeats. */
export const REPEATING = new Set([
  'back', 'forward', 'back10', 'forward10', 'softer', 'louder',
  'startEarlier', 'startLater', 'startEarlier10', 'startLater10',
  'endEarlier', 'endLater', 'endEarlier10', 'endLater10',
]);

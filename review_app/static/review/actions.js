/**
 * The actions of keys and buttons.
 *
 * @typedef {{player: import('../player/player.js').Player,
 *   queue: import('./queue.js').ReviewQueue, screen: import('./screen.js').Screen,
 *   marks: import('./marks.js').Marks, transport: import('./transport.js').Transport,
 *   describe: import('../shared/describe.js').Describe<import('./queue.js').Clip>,
 *   filters: import('../shared/filters.js').Filters,
 *   timeline: import('./timeline.js').Timeline, magnifier: import('./magnifier.js').Magnifier,
 *   beside: import('./beside.js').Beside, help: import('../shared/help.js').Help,
 *   collecting: import('../shared/collecting.js').Collecting,
 *   stacks: import('../shared/stacks.js').Stacks,
 *   comments: import('../shared/comments.js').Comments}} Parts  of the page
 */

import { takeApart } from '../shared/api.js';
import { byId } from '../shared/dom.js';
import { searchLike } from '../shared/send_picture.js';
import { count, sentence } from '../shared/words.js';
import { suggestionFrom } from './doubt.js';
import { toggledFrame } from './stills.js';
import { cleanRange, transitionFrom } from './trims.js';

/** While the frames around a cut play, every other action goes back to the clip first. */
const STAYS_ACROSS = new Set([
  'acrossStart', 'acrossEnd', 'mute', 'softer', 'louder', 'even', 'zoom', 'fullScreen',
  'timelineIn', 'timelineOut', 'help',
]);

/** @param {import('./screen.js').Screen} screen @param {string} action */
export const leavesCut = (screen, action) => screen.isAcross && !STAYS_ACROSS.has(action);

/** Actions that only look: they may come at any time. @param {Parts} parts
 * @returns {Record<string, () => void>} */
export function looking(parts) {
  const { player, queue, screen, marks, transport, describe, filters, help } = parts;
  const { timeline, magnifier, beside, collecting, stacks, comments } = parts;
  const seek = (/** @type {number} */ frame) => player.seek(frame, screen.pressedAt);
  const step = (/** @type {number} */ by) => player.step(by, screen.pressedAt);
  const stackHere = () => {
    const stack = stacks.among(queue.clips, queue.current?.id ?? null);
    if (stack.length === 0) queue.tell('No other clip of the list shows the same.');
    return stack;
  };
  const suggest = (/** @type {1 | -1} */ direction) => {
    const frame = queue.current && suggestionFrom(queue.current, player.wanted, direction);
    if (frame !== null) screen.stopAt(frame);
    else if (queue.current) queue.tell('No cut is suggested in this clip.');
  };
  const toTransition = (/** @type {1 | -1} */ direction) => {
    const frame = queue.current && transitionFrom(queue.current, player.wanted, direction);
    if (frame !== null) screen.stopAt(frame);
    else queue.tell(`No transition begins ${direction > 0 ? 'after' : 'before'} this frame.`);
  };
  const across = (/** @type {'start' | 'end'} */ edge) => {
    if (!queue.current || screen.playAcross(queue.current, edge)) return;
    queue.tell(`The film ${edge}s here: there is no cut to play across.`);
  };
  return {
    toggle: () => player.toggle(),
    back: () => step(-1),
    forward: () => step(1),
    back10: () => step(-10),
    forward10: () => step(10),
    first: () => seek(player.clip?.start_frame ?? 0),
    last: () => screen.stopAt((player.clip?.end_frame ?? 1) - 1),
    inPoint: () => queue.current && seek(cleanRange(queue.current).start_frame),
    outPoint: () => queue.current && screen.stopAt(cleanRange(queue.current).end_frame - 1),
    nextTransition: () => toTransition(1),
    previousTransition: () => toTransition(-1),
    acrossStart: () => across('start'),
    acrossEnd: () => across('end'),
    timelineIn: () => timeline.zoom(0.5),
    timelineOut: () => timeline.zoom(2),
    zoom: () => magnifier.toggle(),
    fullScreen: () => magnifier.toggleFullScreen(),
    compare: () => {
      const told = queue.current && beside.toggle(queue.current);
      if (told) queue.tell(told);
    },
    even: () => player.sound.level(!player.sound.isEven),
    nextSuggestion: () => suggest(1),
    previousSuggestion: () => suggest(-1),
    backwards: () => player.shuttle(-1),
    forwards: () => player.shuttle(1),
    halt: () => player.halt(),
    jump: () => transport.jump(),
    mute: () => player.sound.mute(!player.sound.muted),
    softer: () => transport.turn(-0.1),
    louder: () => transport.turn(0.1),
    mark: () => {
      const { current: clip } = queue;
      if (!clip || player.presented === null) return;
      const isInside = marks.toggle(clip, player.presented);
      if (!isInside) queue.tell('A part can only begin after the first frame.');
    },
    label: () => describe.typeLabel(),
    note: () => describe.writeNote(),
    comments: () => {
      const { current: clip } = queue;
      if (!clip) return;
      if (clip.id > 0) comments.open(clip.id, player.presented);
      else queue.tell('This clip is being saved: try again.');
    },
    collect: () => collecting.toggle(),
    chooseCollection: () => collecting.choose(),
    searchLike: () => {
      if (player.presented === null) return;
      const shown = /** @type {HTMLCanvasElement} */ (byId('picture'));
      searchLike(shown).catch((error) => queue.tell(sentence(error), true));
    },
    filters: () => filters.toggle(),
    help: () => help.toggle(),
    openStack: () => {
      const [first] = stackHere();
      if (first) stacks.toggle(first.id);
    },
    apart: () => {
      const stack = stackHere();
      if (stack.length > 0) void apart(queue, stack.map(({ id }) => id));
    },
    stacks: () => {
      stacks.toggleAll();
      queue.tell(stacks.isOn ? 'Clips that show the same come once.' : 'Each clip comes by itself.');
    },
    undo: () => queue.undo(),
    nextClip: () => queue.goForward(),
    previousClip: () => queue.goBack(),
    repeat: () => {
      queue.flush();
      player.retry();
    },
  };
}

/** @param {import('./queue.js').ReviewQueue} queue @param {readonly number[]} stack */
async function apart(queue, stack) {
  try {
    await takeApart(stack);
    queue.tell(`Taken apart for good: ${count(stack.length, 'clip')}.`);
  } catch (error) {
    const told = sentence(/** @type {import('../shared/api.js').ApiError} */ (error));
    queue.tell(`The stack was not taken apart. ${told}`, true);
  }
  await queue.renew();
}

/** Actions on the clip on the screen. @param {Parts} parts
 * @returns {Record<string, () => void>} */
export function deciding({ player, queue, screen, marks, describe }) {
  /** @type {Record<string, () => void>} */ const actions = {
    split: () => {
      const { current: clip } = queue;
      if (!clip) return;
      const marked = marks.of(clip);
      const shown = player.presented === null ? [] : [player.presented];
      queue.decide('split', { frames: marked.length > 0 ? marked : shown });
      marks.use(clip);
    },
    still: () => {
      const { current: clip } = queue;
      if (!clip || player.presented === null) return;
      const frames = toggledFrame(clip, player.presented);
      if (frames) queue.annotate(clip.id, { chosen_frames: frames });
    },
    mergePrevious: () => queue.decide('merge', { side: 'previous' }),
    mergeNext: () => queue.decide('merge', { side: 'next' }),
  };
  for (const action of ['approve', 'skip', 'archive', 'group']) {
    actions[action] = () => queue.decide(action);
  }
  for (let n = 0; n <= 9; n += 1) {
    actions[`rate${n}`] = () => describe.rate(n);
    actions[`label${n}`] = () => describe.toggleKey(n);
  }
  for (const edge of /** @type {const} */ (['start', 'end'])) {
    for (const by of [1, 10]) {
      const suffix = by === 1 ? '' : by;
      const nudge = (/** @type {number} */ frames) => screen.move(edge, () => {
        queue.nudge(edge, frames);
      });
      actions[`${edge}Earlier${suffix}`] = () => nudge(-by);
      actions[`${edge}Later${suffix}`] = () => nudge(by);
    }
  }
  return actions;
}

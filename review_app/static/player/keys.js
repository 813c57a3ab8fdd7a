/**
 * Which action a key press means. Pure: takes anything with a keyboard event's fields.
 *
 * @typedef {{key: string, shiftKey: boolean, ctrlKey: boolean, metaKey: boolean, altKey: boolean}}
 *   KeyPress
 * @typedef {{keys: string[], action: string, label: string, group: 'Decide' | 'Look'}} Binding
 */

/** @type {Binding[]} */
export const BINDINGS = [
  { keys: ['a'], action: 'approve', label: 'Approve', group: 'Decide' },
  { keys: ['s'], action: 'skip', label: 'Skip', group: 'Decide' },
  { keys: ['x'], action: 'archive', label: 'Archive', group: 'Decide' },
  { keys: ['g'], action: 'group', label: 'Group with previous', group: 'Decide' },
  { keys: ['m'], action: 'merge', label: 'Merge with previous', group: 'Decide' },
  { keys: ['Enter'], action: 'split', label: 'Split at this frame', group: 'Decide' },
  { keys: ['u'], action: 'undo', label: 'Undo the last decision', group: 'Decide' },
  { keys: ['r'], action: 'repeat', label: 'Repeat a decision that was not saved', group: 'Decide' },
  { keys: [' '], action: 'toggle', label: 'Play or pause', group: 'Look' },
  { keys: ['ArrowLeft'], action: 'back', label: 'One frame back', group: 'Look' },
  { keys: ['ArrowRight'], action: 'forward', label: 'One frame forward', group: 'Look' },
  { keys: ['Shift+ArrowLeft'], action: 'back10', label: 'Ten frames back', group: 'Look' },
  { keys: ['Shift+ArrowRight'], action: 'forward10', label: 'Ten frames forward', group: 'Look' },
  { keys: ['Home'], action: 'first', label: 'First frame', group: 'Look' },
  { keys: ['End'], action: 'last', label: 'Last frame', group: 'Look' },
  { keys: ['Shift+Home'], action: 'inPoint', label: 'First frame after transition', group: 'Look' },
  { keys: ['Shift+End'], action: 'outPoint', label: 'Last frame before transition', group: 'Look' },
  { keys: ['v'], action: 'mute', label: 'Sound on or off', group: 'Look' },
  { keys: ['?'], action: 'help', label: 'Show or hide these keys', group: 'Look' },
];

const ACTIONS = new Map(BINDINGS.flatMap(({ keys, action }) => keys.map((key) => [key, action])));

/** @param {KeyPress} press @returns {string | null} */
export function actionFor({ key, shiftKey, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey) return null;
  const plain = key.length === 1 ? key.toLowerCase() : key;
  return (shiftKey && ACTIONS.get(`Shift+${plain}`)) || (ACTIONS.get(plain) ?? null);
}

/** A key as people read it on a key cap. @param {string} key */
export function keyCap(key) {
  /** @type {Record<string, string>} */
  const caps = { ' ': 'Space', ArrowLeft: '←', ArrowRight: '→', Enter: '↵' };
  return key.split('+').map((part) => caps[part] ?? (part === 'Shift' ? '⇧' : part)).join(' ');
}

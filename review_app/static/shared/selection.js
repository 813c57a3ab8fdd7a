/**
 * Which clips a page shows, and in which order, as its address says. Pure.
 *
 * @typedef {Partial<Record<string, string>>} Selection  by the names below
 */

export const NAMES = [
  'video', 'state', 'label', 'min_seconds', 'max_seconds', 'min_score', 'max_score', 'min_rating',
  'reviewer', 'order', 'clip',
];

/** @type {Record<string, string>} */
const BY_DEFAULT = { state: 'pending', order: 'time' };

/** @type {Record<string, string>} */
const ORDERS = {
  shortest: 'shortest first',
  longest: 'longest first',
  uncertain: 'least certain first',
  doubtful: 'doubtful cuts first',
  best: 'best first',
  worst: 'worst first',
  newest: 'newest first',
  oldest: 'oldest first',
};

/** @param {string | URLSearchParams} search
 * @returns {Selection} without empty and default values */
export function selectionOf(search) {
  const wanted = new URLSearchParams(search);
  /** @type {Selection} */ const found = {};
  for (const name of NAMES) {
    const value = wanted.get(name)?.trim();
    if (value && value !== BY_DEFAULT[name]) found[name] = value;
  }
  return found;
}

/** @param {Selection} selection @returns {string} empty, or with a leading question mark */
export function searchOf(selection) {
  const pairs = NAMES.flatMap((name) => {
    const value = selection[name];
    return value === undefined ? [] : [[name, value]];
  });
  return pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : '';
}

/** The filters of a selection in words, each with the names that set it.
 * @param {Selection} selection @param {(key: string) => string} titleOf of a video
 * @returns {{text: string, names: string[]}[]} */
export function filterTexts(selection, titleOf) {
  const { video, state, label, reviewer, order, clip, min_rating: rating } = selection;
  /** @type {[string | undefined, string, ...string[]][]} */
  const found = [
    [clip && `clip ${clip}`, 'clip'],
    [video && titleOf(video), 'video'],
    [state, 'state'],
    [label && `label ${label}`, 'label'],
    [range(selection.min_seconds, selection.max_seconds, ' s'), 'min_seconds', 'max_seconds'],
    [
      prefixed('score', range(selection.min_score, selection.max_score, '')),
      'min_score', 'max_score',
    ],
    [rating && `rated ${rating} or more`, 'min_rating'],
    [reviewer && `decided by ${reviewer}`, 'reviewer'],
    [order && (ORDERS[order] ?? order), 'order'],
  ];
  return found.flatMap(([text, ...names]) => (text ? [{ text, names }] : []));
}

/** @param {string} prefix @param {string | undefined} text */
const prefixed = (prefix, text) => text && `${prefix} ${text}`;

/** @param {string | undefined} low @param {string | undefined} high @param {string} unit */
function range(low, high, unit) {
  if (low && high) return `${low} to ${high}${unit}`;
  if (low) return `at least ${low}${unit}`;
  return high && `at most ${high}${unit}`;
}

/** @param {Selection} selection @param {string[]} names */
export const without = (selection, names) =>
  Object.fromEntries(Object.entries(selection).filter(([name]) => !names.includes(name)));

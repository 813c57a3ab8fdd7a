/**
 * Which clips a page shows, and in which order, as its address says. Pure.
 *
 * @typedef {Partial<Record<string, string>>} Selection  by the names below; several states or labels
 *   have commas between them
 */

export const NAMES = [
  'find', 'video', 'state', 'label', 'min_seconds', 'max_seconds', 'min_score', 'max_score',
  'min_rating', 'reviewer', 'order', 'clip',
];

/** What a page shows where its address says nothing. */
export const PENDING = { state: 'pending', order: 'time' };
export const LIBRARY = { state: 'library', order: 'newest' };

/** @type {Record<string, string>} */
const ORDERS = {
  time: 'as in the film',
  shortest: 'shortest first',
  longest: 'longest first',
  uncertain: 'least certain first',
  doubtful: 'doubtful cuts first',
  best: 'best first',
  worst: 'worst first',
  newest: 'newest first',
  oldest: 'oldest first',
};

/** The values of an argument that can have several. @param {string | undefined} value */
export const partsOf = (value) =>
  (value ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '');

/** @param {string | URLSearchParams | Record<string, string>} search
 * @param {Selection} [byDefault] the page's own
 * @returns {Selection} without empty and default values */
export function selectionOf(search, byDefault = PENDING) {
  const wanted = new URLSearchParams(search);
  /** @type {Selection} */ const found = {};
  for (const name of NAMES) {
    const value = wanted.getAll(name).map((each) => each.trim()).filter(Boolean).join(',');
    if (value && value !== byDefault[name]) found[name] = value;
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

/** The filters of a selection in words, each with the names that set it, and with its value where
 * the name has several.
 * @param {Selection} selection @param {(key: string) => string} titleOf of a video
 * @returns {{text: string, names: string[], value?: string}[]} */
export function filterTexts(selection, titleOf) {
  const { find, video, state, label, reviewer, order, clip, min_rating: rating } = selection;
  /** @type {[string | undefined, string, ...string[]][]} */
  const found = [
    [clip && `clip ${clip}`, 'clip'],
    [find && `“${find}”`, 'find'],
    [video && titleOf(video), 'video'],
    [state && partsOf(state).join(' or '), 'state'],
    ...partsOf(label).map((each) => /** @type {[string, string]} */ ([`label ${each}`, 'label'])),
    [range(selection.min_seconds, selection.max_seconds, ' s'), 'min_seconds', 'max_seconds'],
    [
      prefixed('score', range(selection.min_score, selection.max_score, '')),
      'min_score', 'max_score',
    ],
    [rating && `rated ${rating} or more`, 'min_rating'],
    [reviewer && `decided by ${reviewer}`, 'reviewer'],
    [order && (ORDERS[order] ?? order), 'order'],
  ];
  return found.flatMap(([text, ...names]) => {
    if (!text) return [];
    return names[0] === 'label' ? [{ text, names, value: text.slice('label '.length) }]
      : [{ text, names }];
  });
}

/** @param {string} prefix @param {string | undefined} text */
const prefixed = (prefix, text) => text && `${prefix} ${text}`;

/** @param {string | undefined} low @param {string | undefined} high @param {string} unit */
function range(low, high, unit) {
  if (low && high) return `${low} to ${high}${unit}`;
  if (low) return `at least ${low}${unit}`;
  return high && `at most ${high}${unit}`;
}

/** @param {Selection} selection @param {string[]} names @param {string} [value] the one to remove
 * of several; all if undefined @returns {Selection} */
export function without(selection, names, value) {
  const left = Object.entries(selection).flatMap(([name, had]) => {
    if (!names.includes(name)) return [[name, had]];
    const kept = value === undefined ? [] : partsOf(had).filter((part) => part !== value);
    return kept.length > 0 ? [[name, kept.join(',')]] : [];
  });
  return Object.fromEntries(left);
}

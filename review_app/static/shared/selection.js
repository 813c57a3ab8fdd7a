/**
 * Which clips a page shows, and in which order, as its address says. Pure.
 *
 * @typedef {Partial<Record<string, string>>} Selection  by the names below; several states or labels
 *   have commas between them
 */

export const NAMES = [
  'find', 'video', 'state', 'label', 'min_seconds', 'max_seconds', 'min_score', 'max_score',
  'min_rating', 'reviewer', 'since', 'until', 'collection', 'theme', 'ids', 'taken', 'differ', 'order', 'clip',
];

/** What a search asks for (`domain.searching`). Filters leave it as it is. */
export const SEARCH_NAMES = ['words', 'like', 'frame', 'picture', 'model'];

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
  novel: 'like nothing else first',
  newest: 'newest first',
  oldest: 'oldest first',
  given: 'in its own order',
};

/** Ids in the words of a filter; of more it tells the number. */
const MOST_NAMED = 6;

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
  // Named clips are shown in any state, unless one is named, too.
  const state = wanted.get('state');
  if (state && (found.collection || found.ids)) found.state = state;
  return found;
}

/** All that a page shows: its own choice, too. @param {Selection} selection
 * @param {Selection} byDefault the page's own @returns {Selection} */
export function inFull(selection, byDefault) {
  const full = { ...byDefault, ...selection };
  const isAnyState = (selection.collection || selection.ids) && !selection.state;
  return isAnyState ? without(full, ['state']) : full;
}

/** What a form asks for. What it has no field for stays as it is, but for a single clip: who filters
 * wants to see others.
 * @param {[string, string][]} given @param {string[]} fields names of all that the form has
 * @param {Selection} present @param {Selection} [byDefault] the page's own @returns {Selection} */
export function asked(given, fields, present, byDefault = PENDING) {
  const kept = Object.entries(without(present, [...fields, 'clip']));
  return selectionOf(new URLSearchParams([...given, .../** @type {[string, string][]} */ (kept)]), byDefault);
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
 * @param {(id: string) => string} themeOf the name of a theme
 * @returns {{text: string, names: string[], value?: string}[]} */
export function filterTexts(selection, titleOf, themeOf = (id) => id) {
  const { find, video, state, label, reviewer, order, clip, min_rating: rating } = selection;
  /** @type {[string | false | undefined, string, ...string[]][]} */
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
    [prefixed('decided', days(selection.since, selection.until)), 'since', 'until'],
    [selection.theme && `theme ${themeOf(selection.theme)}`, 'theme'],
    [selection.collection && `collection ${selection.collection}`, 'collection'],
    [clipsIn(partsOf(selection.ids)), 'ids'],
    [selection.taken && (selection.taken === 'no' ? 'not yet taken' : 'taken'), 'taken'],
    [selection.differ && (selection.differ === 'no' ? 'nobody differs' : 'two differ'), 'differ'],
    [order && (ORDERS[order] ?? order), 'order'],
  ];
  return found.flatMap(([text, ...names]) => {
    if (!text) return [];
    return names[0] === 'label' ? [{ text, names, value: text.slice('label '.length) }]
      : [{ text, names }];
  });
}

/** @param {string[]} ids */
const clipsIn = (ids) =>
  (ids.length > MOST_NAMED ? `${ids.length} clips` : ids.length > 0 && `clips ${ids.join(', ')}`);

/** @param {string} prefix @param {string | undefined} text */
const prefixed = (prefix, text) => text && `${prefix} ${text}`;

/** @param {string | undefined} low @param {string | undefined} high @param {string} unit */
function range(low, high, unit) {
  if (low && high) return `${low} to ${high}${unit}`;
  if (low) return `at least ${low}${unit}`;
  return high && `at most ${high}${unit}`;
}

/** @param {string | undefined} first @param {string | undefined} last */
function days(first, last) {
  if (first && last) return first === last ? `on ${first}` : `${first} to ${last}`;
  if (first) return `since ${first}`;
  return last && `until ${last}`;
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

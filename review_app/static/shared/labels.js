/**
 * Labels of a clip, and the list of those that are offered. Pure.
 *
 * @typedef {{name: string, colour: string, key: number | null, retired: boolean}} Label  of the
 *   list: Shift and the digit `key` give it; a retired one is offered no more
 * @typedef {{label: string, colour: string | null, key: number | null, isOn: boolean}} Shown
 */

/** @param {string[]} labels @param {string} label @returns {string[]} with the label added, or
 * removed if it was there */
export const toggled = (labels, label) =>
  (labels.includes(label) ? labels.filter((each) => each !== label) : [...labels, label]);

/** The names of those that are offered, in their order. @param {Label[]} listed */
export const offered = (listed) =>
  listed.filter(({ retired }) => !retired).map(({ name }) => name);

/** The labels to show: those that are offered, in their order, then the clip's other labels.
 * @param {string[]} labels of the clip @param {Label[]} listed @returns {Shown[]} */
export function labelsToShow(labels, listed) {
  const names = new Set(offered(listed));
  return [
    ...listed.filter(({ name }) => names.has(name)).map(({ name: label, colour, key }) => (
      { label, colour, key, isOn: labels.includes(label) })),
    ...labels.filter((label) => !names.has(label)).map((label) => (
      { label, colour: colourOf(label, listed), key: null, isOn: true })),
  ];
}

/** Null for a label that is not on the list. @param {string} label @param {Label[]} listed */
export const colourOf = (label, listed) =>
  listed.find(({ name }) => name === label)?.colour ?? null;

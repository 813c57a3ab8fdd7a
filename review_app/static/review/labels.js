/** Labels of a clip. Pure. */

/** @param {string[]} labels @param {string} label @returns {string[]} with the label added, or
 * removed if it was there */
export const toggled = (labels, label) =>
  (labels.includes(label) ? labels.filter((each) => each !== label) : [...labels, label]);

/** The labels to show: those with a digit key, in their order, then the clip's other labels.
 * @param {string[]} labels of the clip @param {string[]} numbered
 * @returns {{label: string, number: number | null, isOn: boolean}[]} */
export const labelsToShow = (labels, numbered) => [
  ...numbered.map((label, i) => ({ label, number: i + 1, isOn: labels.includes(label) })),
  ...labels
    .filter((label) => !numbered.includes(label))
    .map((label) => ({ label, number: null, isOn: true })),
];

/** Labels of a clip. Pure. */

/** @param {string[]} labels @param {string} label @returns {string[]} with it, or without it if it
 * was there */
export const toggled = (labels, label) =>
  (labels.includes(label) ? labels.filter((each) => each !== label) : [...labels, label]);

/** The labels to show: those that digits name, in their order, then what else the clip has.
 * @param {string[]} labels of the clip @param {string[]} numbered
 * @returns {{label: string, number: number | null, isOn: boolean}[]} */
export const labelsToShow = (labels, numbered) => [
  ...numbered.map((label, i) => ({ label, number: i + 1, isOn: labels.includes(label) })),
  ...labels
    .filter((label) => !numbered.includes(label))
    .map((label) => ({ label, number: null, isOn: true })),
];

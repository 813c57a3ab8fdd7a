/**
 * The overlay's lines: what keys do, in groups.
 *
 * @typedef {import('./keymap.js').Binding} Binding
 * @typedef {{label: string, bindings: Binding[]}} Line
 * @typedef {{title: string, lines: Line[]}} Group
 */

/** @param {string} label @param {...[action: string, key: string, label?: string]} bindings with a
 * label of their own where the line has several actions @returns {Line} */
export const line = (label, ...bindings) => ({
  label,
  bindings: bindings.map(([action, key, own]) => ({ action, key, label: own ?? label })),
});

/** @param {readonly Group[]} groups */
export const bindingsOf = (groups) =>
  groups.flatMap(({ lines }) => lines.flatMap(({ bindings }) => bindings));

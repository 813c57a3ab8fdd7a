/**
 * What clips have in common. Pure.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {import('../shared/labels.js').Label} Label
 * @typedef {{label: string, colour: string | null, key: number | null, of: number}} Shared  `of`:
 *   how many of the clips have it
 */

import { labelsToShow } from '../shared/labels.js';

/** The labels that are offered, then the others that the clips have.
 * @param {Clip[]} clips @param {Label[]} listed @returns {Shared[]} */
export function sharedLabels(clips, listed) {
  const had = [...new Set(clips.flatMap(({ labels }) => labels))];
  return labelsToShow(had, listed).map(({ label, colour, key }) => ({
    label,
    colour,
    key,
    of: clips.filter(({ labels }) => labels.includes(label)).length,
  }));
}

/** The change that gives a label to all of the clips, or takes it from them if all have it.
 * @param {Clip[]} clips @param {string} label */
export function toggledLabel(clips, label) {
  const have = clips.every(({ labels }) => labels.includes(label));
  return have ? { remove_labels: [label] } : { add_labels: [label] };
}

/** The note that all of the clips have; undefined where they differ.
 * @param {Clip[]} clips @returns {string | null | undefined} */
export function sharedNote(clips) {
  const notes = new Set(clips.map(({ note }) => note || null));
  return notes.size === 1 ? [...notes][0] : undefined;
}

/**
 * What clips have in common. Pure.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {{label: string, number: number | null, of: number}} Shared  `number`: of its digit key;
 *   `of`: how many of the clips have it
 */

/** The labels with a digit key, then the others that the clips have.
 * @param {Clip[]} clips @param {string[]} numbered @returns {Shared[]} */
export function sharedLabels(clips, numbered) {
  const others = clips.flatMap(({ labels }) => labels).filter((each) => !numbered.includes(each));
  return [...new Set([...numbered, ...others])].map((label, i) => ({
    label,
    number: i < numbered.length ? i + 1 : null,
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

/**
 * The reviewer's decisions as rows of a list: what each changed, and the moves of one cut in one
 * row. Pure.
 *
 * @typedef {import('./journal.js').Done} Done
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {Pick<Clip, 'id' | 'start_frame' | 'end_frame' | 'labels' | 'rating' | 'note' |
 *   'chosen_frames'>} Seen
 * @typedef {{deeds: Done[], word: string, what: string, range: string}} Row  `deeds`: newest first;
 *   all of one row are undone together; `what` changed, in words
 */

import { doneWord } from '../shared/words.js';
import { stillWords } from './stills.js';

/** @param {Done[]} done newest first @returns {Row[]} */
export function rowsOf(done) {
  /** @type {Done[][]} */ const rows = [];
  for (const deed of done) {
    const last = rows.at(-1);
    const cut = moveOf(deed)?.cut;
    if (last && cut !== undefined && cut === moveOf(last[0])?.cut) last.push(deed);
    else rows.push([deed]);
  }
  return rows.map((deeds) => {
    const [{ action, fields, start_frame: a, end_frame: b, count = 1 }] = deeds;
    const range = count > 1 ? `${count} clips` : `${a} – ${b - 1}`;
    const what = count > 1 ? '' : changeOf(deeds);
    return { deeds, word: doneWord(action, fields), what: what || range, range };
  });
}

/** @param {Done[]} deeds of one row */
function changeOf(deeds) {
  const [latest, earliest] = [deeds[0], deeds[deeds.length - 1]];
  const [move, first] = [moveOf(latest), moveOf(earliest)];
  if (move && first) return moveWords(move.edge, move.to - first.from);
  if (latest.action !== 'annotate') return '';
  const { edit } = latest;
  const was = edit?.clip ?? latest.was;
  const now = edit ? { ...edit.clip, ...edit.fields } : latest.now;
  return was && now ? descriptionWords(was, now) : '';
}

/** How a decision moved a cut: its edge of the clip, the frames that followed it before and then,
 * and the clip after it, which names the cut; null for any other decision. The server tells of a
 * move as one of the start of the clip after the cut.
 * @param {Done} deed */
function moveOf({ action, edit, was, now }) {
  if (action !== 'nudge') return null;
  if (!edit) {
    return was && now
      ? { cut: was.id, edge: 'start', from: was.start_frame, to: now.start_frame }
      : null;
  }
  const { clip, fields: { edge, frame } } = edit;
  const isStart = edge === 'start';
  return {
    cut: isStart ? clip.id : clip.next?.id,
    edge,
    from: isStart ? clip.start_frame : clip.end_frame,
    to: frame,
  };
}

/** `start +1`. @param {string} edge @param {number} by frames */
const moveWords = (edge, by) => `${edge} ${by < 0 ? '−' : by > 0 ? '+' : '±'}${Math.abs(by)}`;

/** `+b-roll`, `★★★`. @param {Seen} was @param {Seen} now */
function descriptionWords(was, now) {
  return [
    ...now.labels.filter((label) => !was.labels.includes(label)).map((label) => `+${label}`),
    ...was.labels.filter((label) => !now.labels.includes(label)).map((label) => `−${label}`),
    was.rating === now.rating ? '' : '★'.repeat(now.rating ?? 0) || 'no rating',
    was.note === now.note ? '' : now.note ?? 'no note',
    ...stillWords(was.chosen_frames, now.chosen_frames),
  ].filter(Boolean).join(', ');
}

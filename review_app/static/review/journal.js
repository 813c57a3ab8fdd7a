/**
 * This reviewer's decisions: those on their way to the server, and those that are saved. Free of
 * DOM and fetch.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {import('./edits.js').Edit & {target: Entry | null, eventId: number | null,
 *   fate: 'waiting' | 'resting' | 'sent' | 'unanswered' | 'failed' | 'saved',
 *   isUnclear?: boolean}} Entry  a nudge rests while its key may still be held; `isUnclear`: the
 *   server may have made it, but no answer arrived
 * @typedef {{id: number | null, action: string, clip_id?: number, start_frame: number,
 *   end_frame: number, fields: string[], count?: number, edit?: Entry, why?: string,
 *   was?: import('./deeds.js').Seen, now?: import('./deeds.js').Seen & Pick<Clip, 'video'>}} Done
 *   `id` null: not saved yet; `clip_id`: the clip that it left, the first of several; `fields`: what
 *   an annotation sets; `count`: the number of clips in a batch; `why`: it can't be undone; `was`,
 *   `now`: the clip that the server tells of, before and after
 */

import { alsoDecided } from './edits.js';

const SHOWN = 12;

/** @param {Entry} edit @returns {Done} */
const doneBy = (edit) => ({
  id: edit.fate === 'saved' ? edit.eventId : null,
  action: edit.action,
  start_frame: (alsoDecided(edit.action, edit.clip) ?? edit.clip).start_frame,
  end_frame: edit.clip.end_frame,
  fields: Object.keys(edit.fields),
  edit,
});

export class Journal {
  /** Not answered yet, oldest first. @type {Entry[]} */ edits = [];
  /** Newest first. @type {Done[]} */ #saved = [];
  /** The last id given to a clip that has none from the server yet. */
  #names = 0;

  /** The decisions that are not undone, newest first, including unsaved ones.
   * @returns {Done[]} */
  get done() {
    const undoing = this.edits.filter(({ action }) => action === 'undo');
    const targets = new Set(undoing.map(({ target }) => target));
    const events = new Set(undoing.map(({ eventId }) => eventId));
    const unsaved = this.edits.filter(({ action }) => action !== 'undo').reverse();
    return [...unsaved.map(doneBy), ...this.#saved]
      .filter(({ id, edit }) => !(edit && targets.has(edit)) && (id === null || !events.has(id)))
      .slice(0, SHOWN);
  }

  /** @param {Done[]} recent from the server, newest first */
  remember(recent) {
    const edits = new Map(this.#saved.map(({ id, edit }) => [id, edit]));
    this.#saved = recent.map((done) => ({ ...done, edit: edits.get(done.id) }));
  }

  /** Adds an edit. @param {string} action @param {Clip} clip @param {Partial<Entry>} rest
   * @returns {Entry} */
  add(action, clip, rest) {
    const count = action === 'split' ? rest.fields?.frames.length + 1 : Number(action === 'merge');
    /** @type {Entry} */ const edit = {
      action, clip, fields: {}, before: [], target: null, place: null, eventId: null,
      fate: 'waiting', made: Array.from({ length: count }, () => (this.#names -= 1)), ...rest,
    };
    this.edits = [...this.edits, edit];
    return edit;
  }

  /** True for an edit that certainly never reached the server: it can be dropped.
   * @param {Entry} edit */
  canDrop(edit) {
    return ['waiting', 'resting', 'failed'].includes(edit.fate) &&
      !this.edits.some(({ clip }) => edit.made.includes(clip.id));
  }

  /** Drops an edit, and the later ones that depend on it.
   * @param {Entry} edit @returns {number} how many depended on it */
  drop(edit) {
    const lost = [edit];
    for (const each of this.edits) {
      const hangs = lost.some(({ made }) => made.includes(each.clip.id)) ||
        lost.some((other) => other === each.target);
      if (hangs) lost.push(each);
    }
    this.edits = this.edits.filter((each) => !lost.includes(each));
    return lost.length - 1;
  }

  /** @param {number | null} eventId of an undone decision */
  forget(eventId) {
    this.#saved = this.#saved.filter(({ id }) => id !== eventId);
  }

  /** Takes in that the server has made an edit: waiting edits are updated to its clips.
   * @param {Entry} edit @param {number} eventId @param {Clip[]} clips changed or made
   * @param {Clip[]} arrived the new ones among them @returns {Map<number, number>} their ids from
   * the server by the ids that they had until then */
  confirm(edit, eventId, clips, arrived) {
    this.edits = this.edits.filter((each) => each !== edit);
    if (edit.action === 'undo') {
      this.forget(edit.eventId);
    } else {
      edit.fate = 'saved';
      edit.eventId = eventId;
      this.#saved = [doneBy(edit), ...this.#saved].slice(0, 2 * SHOWN);
    }
    const names = new Map(edit.made.map((name, i) => [name, arrived[i]?.id ?? name]));
    edit.made = [...names.values()];
    const named = (/** @type {number} */ id) => names.get(id) ?? id;
    const versions = new Map(clips.map((clip) => [clip.id, clip.version]));
    for (const each of this.edits) {
      const id = named(each.clip.id);
      each.clip = { ...each.clip, id, version: versions.get(id) ?? each.clip.version };
      each.place = each.place && named(each.place);
    }
    for (const each of [...this.edits, ...this.#saved.flatMap((done) => done.edit ?? [])]) {
      each.before = each.before.map((clip) => ({ ...clip, id: named(clip.id) }));
    }
    return names;
  }
}

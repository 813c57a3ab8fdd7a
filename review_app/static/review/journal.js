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
 * @typedef {{recent: Done[], has_older: boolean, today: number}} Mine  from the server
 */

import { alsoDecided } from './edits.js';

const SHOWN = 12;
/** As many are kept here; the server has the older ones. */
const KEPT = 200;

/** @param {Entry} edit @returns {Done} */
const doneBy = (edit) => ({
  id: edit.fate === 'saved' ? edit.eventId : null,
  action: edit.action,
  clip_id: edit.made[0] ?? edit.clip.id,
  start_frame: (alsoDecided(edit.action, edit.clip) ?? edit.clip).start_frame,
  end_frame: edit.clip.end_frame,
  fields: Object.keys(edit.fields),
  count: 1 + edit.also.length,
  edit,
});

export class Journal {
  /** Not answered yet, oldest first. @type {Entry[]} */ edits = [];
  /** Newest first. @type {Done[]} */ #saved = [];
  /** Why some of them can't be undone, by their ids. @type {Map<number, string>} */
  #stuck = new Map();
  /** True where the server has older ones. */
  #hasOlder = false;
  /** How many are wanted here. */
  #wanted = 2 * SHOWN;
  /** The last id given to a clip that has none from the server yet. */
  #names = 0;

  /** The latest decisions that are not undone, newest first, including unsaved ones. */
  get done() {
    return this.#standing.slice(0, SHOWN);
  }

  /** The latest of them that may be undone. */
  get undoable() {
    return this.#standing.find(({ why }) => why === undefined);
  }

  /** The clips that they left, each once, the latest first. @returns {number[]} */
  get trail() {
    return [...new Set(this.#standing.flatMap(({ clip_id: id }) => id ?? []))];
  }

  /** The decision before which older ones are to be fetched; null: enough are here.
   * @returns {number | null} */
  get wantsBefore() {
    const lacks = this.#hasOlder && this.#standing.length < this.#wanted;
    return lacks ? this.#saved.at(-1)?.id ?? null : null;
  }

  /** @returns {Done[]} */
  get #standing() {
    const undoing = this.edits.filter(({ action }) => action === 'undo');
    const targets = new Set(undoing.map(({ target }) => target));
    const events = new Set(undoing.map(({ eventId }) => eventId));
    const unsaved = this.edits.filter(({ action }) => action !== 'undo').reverse();
    return [...unsaved.map(doneBy), ...this.#saved]
      .filter(({ id, edit }) => !(edit && targets.has(edit)) && (id === null || !events.has(id)))
      .map((done) => ({ ...done, why: this.#stuck.get(done.id ?? 0) }));
  }

  /** Takes in the latest decisions from the server. @param {Mine} mine */
  remember({ recent, has_older: hasOlder }) {
    const edits = new Map(this.#saved.map(({ id, edit }) => [id, edit]));
    this.#saved = recent.map((done) => ({ ...done, edit: edits.get(done.id) }));
    this.#hasOlder = hasOlder;
  }

  /** Takes in decisions that come before those that are here. @param {Mine} mine */
  recall({ recent, has_older: hasOlder }) {
    this.#saved = [...this.#saved, ...recent];
    this.#hasOlder = hasOlder;
  }

  /** Has older ones fetched, so that there are more than `number`. @param {number} number */
  reach(number) {
    this.#wanted = Math.max(this.#wanted, number + 2 * SHOWN);
  }

  /** The server has no older ones, or does not tell them. */
  endHere() {
    this.#hasOlder = false;
  }

  /** @param {number} eventId of a decision that can't be undone @param {string} why */
  stick(eventId, why) {
    this.#stuck.set(eventId, why);
  }

  /** @param {number | null} eventId */
  isStuck(eventId) {
    return this.#stuck.has(eventId ?? 0);
  }

  /** Adds an edit. @param {string} action @param {Clip} clip @param {Partial<Entry>} rest
   * @returns {Entry} */
  add(action, clip, rest) {
    const count = action === 'split' ? rest.fields?.frames.length + 1 : Number(action === 'merge');
    /** @type {Entry} */ const edit = {
      action, clip, fields: {}, before: [], also: [], target: null, place: null, eventId: null,
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
    this.#stuck.delete(eventId ?? 0);
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
    }
    const names = new Map(edit.made.map((name, i) => [name, arrived[i]?.id ?? name]));
    edit.made = [...names.values()];
    if (edit.action !== 'undo') {
      this.#hasOlder ||= this.#saved.length >= KEPT;
      this.#saved = [doneBy(edit), ...this.#saved].slice(0, KEPT);
    }
    const named = (/** @type {number} */ id) => names.get(id) ?? id;
    const versions = new Map(clips.map((clip) => [clip.id, clip.version]));
    for (const each of this.edits) {
      const id = named(each.clip.id);
      each.clip = { ...each.clip, id, version: versions.get(id) ?? each.clip.version };
      each.also = each.also.map((clip) => ({ ...clip, version: versions.get(clip.id) ?? clip.version }));
      each.place = each.place && named(each.place);
    }
    if (names.size === 0) return names;
    for (const each of [...this.edits, ...this.#saved.flatMap((done) => done.edit ?? [])]) {
      each.before = each.before.map((clip) => ({ ...clip, id: named(clip.id) }));
    }
    return names;
  }
}

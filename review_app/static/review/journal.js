/**
 * What this reviewer has decided: what is on its way to the server, and what is saved. Free of DOM
 * and fetch.
 *
 * @typedef {import('../shared/clip.js').Clip} Clip
 * @typedef {import('./edits.js').Edit & {target: Entry | null, eventId: number | null,
 *   fate: 'waiting' | 'resting' | 'sent' | 'unanswered' | 'failed' | 'saved',
 *   isUnclear?: boolean}} Entry  a nudge rests while its key may still be held; `isUnclear`: the
 *   server may have made it, though it has not said so
 * @typedef {{id: number | null, action: string, start_frame: number, end_frame: number,
 *   fields: string[], count?: number, edit?: Entry}} Done  `id` null: not saved yet; `fields`: what
 *   an annotation says; `count`: of the clips of a batch
 */

const SHOWN = 12;

/** @param {Entry} edit @returns {Done} */
const doneBy = (edit) => ({
  id: edit.fate === 'saved' ? edit.eventId : null,
  action: edit.action,
  start_frame: edit.clip.start_frame,
  end_frame: edit.clip.end_frame,
  fields: Object.keys(edit.fields),
  edit,
});

export class Journal {
  /** Not answered yet, oldest first. @type {Entry[]} */ edits = [];
  /** Newest first. @type {Done[]} */ #saved = [];
  /** Ids for clips that the server has not named yet. */
  #names = 0;

  /** The decisions that stand, newest first, those that are not saved yet included.
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

  /** @param {Done[]} recent what the server knows of, newest first */
  remember(recent) {
    const edits = new Map(this.#saved.map(({ id, edit }) => [id, edit]));
    this.#saved = recent.map((done) => ({ ...done, edit: edits.get(done.id) }));
  }

  /** Takes up an edit. @param {string} action @param {Clip} clip @param {Partial<Entry>} rest
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

  /** An edit that certainly never reached the server can be forgotten. @param {Entry} edit */
  canDrop(edit) {
    return ['waiting', 'resting', 'failed'].includes(edit.fate) &&
      !this.edits.some(({ clip }) => edit.made.includes(clip.id));
  }

  /** Takes an edit back, and those after it that make no sense without it.
   * @param {Entry} edit @returns {number} how many there are of those */
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

  /** @param {number | null} eventId undone */
  forget(eventId) {
    this.#saved = this.#saved.filter(({ id }) => id !== eventId);
  }

  /** The server has made an edit: what still waits is about clips as they are now.
   * @param {Entry} edit @param {number} eventId @param {Clip[]} clips changed or made
   * @param {Clip[]} arrived those that are new @returns {Map<number, number>} their ids by those
   * that they had before */
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

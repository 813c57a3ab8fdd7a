/**
 * The reviewer's queue: what is on the screen, what comes next, and the decisions on their way to
 * the server. Free of DOM and fetch.
 *
 * Approve, skip, archive and group show the next clip at once; the write follows, in order. Split,
 * merge and undo make clips that only the server can make, so the next clip is the one it answers
 * with. A decision that could not be saved brings its clip back, and those made after it wait, too.
 *
 * @typedef {{id: number, version: number, state: string, start_frame: number, end_frame: number,
 *   start_seconds: number, duration_seconds: number,
 *   trim: import('./trims.js').Range | null, transitions: import('./trims.js').Transition[],
 *   video: import('../player/player.js').PlayerVideo & {key: string, title: string,
 *     frame_count: number},
 *   previous: {id: number, state: string, start_frame: number, end_frame: number} | null}} Clip
 * @typedef {{clips: Clip[], pending: number, with_others: number}} Handed  what the server keeps
 *   from other reviewers for this one, how many clips wait in all, and how many others have
 * @typedef {{clip: Clip, action: string, frame: number | null}} Write
 * @typedef {{event_id: number, clips: Clip[]}} Decision
 * @typedef {{status: number, message: string, body?: {clip?: Clip | null}}} Refusal  what the
 *   functions below throw
 * @typedef {{decide: (clip: Clip, body: object) => Promise<Decision>,
 *   undo: (eventId: number | null) => Promise<Decision>,
 *   load: (limit: number) => Promise<Handed>}} Server
 * @typedef {{text: string, bad: boolean}} Notice
 * @typedef {{id: number, action: string, start_frame: number, end_frame: number}} Saved
 */

/** What the server answers where a decision was undone already. */
const GONE = 410;
const LOW = 6;
const MOST = 50;
const SHOWN = 12;

/** @type {Record<string, string>} */
export const DONE = {
  approve: 'Approved',
  skip: 'Skipped',
  archive: 'Archived',
  group: 'Grouped',
  merge: 'Merged',
  split: 'Split',
};

const NEEDS_ANSWER = new Set(['split', 'merge']);

/** @param {Clip} clip */
const isPending = (clip) => clip.state === 'pending_review';

export class ReviewQueue {
  /** The first is on the screen. @type {Clip[]} */ clips = [];
  /** Pending clips that other reviewers have. */
  withOthers = 0;
  /** Decisions saved by this reviewer, newest first. @type {Saved[]} */ saved = [];
  decidedToday = 0;
  /** Decisions that could not be saved, oldest first. @type {Write[]} */ failed = [];
  /** @type {Notice | null} */ notice = null;
  /** Decisions on their way. */
  unsaved = 0;
  /** True once the server has answered for the first time. */
  loaded = false;
  #server;
  #onchange;
  /** @type {Promise<void>} */ #chain = Promise.resolve();
  /** Raised when a write fails, by `#failure`: those queued behind it are not sent. */
  #turn = 0;
  /** @type {Refusal | null} */ #failure = null;
  /** Splits, merges and undos on their way. */
  #awaited = 0;
  /** Versions of the clips decided on here: an answer that was made before must not bring them
   * back. @type {Map<number, number>} */
  #settled = new Map();
  #pending = 0;
  #loading = false;
  /** @type {Notice | null} */ #unreadable = null;

  /** @param {{server: Server, onchange: () => void}} options */
  constructor({ server, onchange }) {
    this.#server = server;
    this.#onchange = onchange;
  }

  get current() {
    return this.clips[0] ?? null;
  }

  /** True while the clip on the screen waits for the server's answer. */
  get busy() {
    return this.#awaited > 0;
  }

  /** Clips waiting for a decision, less those decided on here and not counted yet. */
  get pending() {
    return Math.max(0, this.#pending - this.unsaved);
  }

  /** Fetches more when few are left. */
  async refill() {
    if (this.clips.length < LOW) await this.renew();
  }

  /** Has the server keep the clips that are here from other reviewers, and hand out more when few
   * are left. */
  async renew() {
    if (this.#loading) return;
    this.#loading = true;
    const asked = new Set(this.clips);
    try {
      const more = this.clips.length < LOW ? LOW : 0;
      const limit = Math.min(MOST, this.clips.length + this.unsaved + more);
      const { clips, pending, with_others: withOthers } = await this.#server.load(limit);
      this.#pending = pending;
      this.withOthers = withOthers;
      this.loaded = true;
      this.#take(clips, asked);
      if (this.notice === this.#unreadable) this.notice = null;
    } catch (error) {
      if (this.failed.length === 0) {
        this.#say(`The queue can't be read. ${sentence(error)} Trying again.`, true);
        this.#unreadable = this.notice;
      }
    } finally {
      this.#loading = false;
    }
    this.#onchange();
  }

  /** @param {string} action @param {number | null} frame the frame on the screen */
  decide(action, frame) {
    const clip = this.current;
    if (!clip || this.busy) return;
    const why = whyNot(action, clip, frame);
    if (why) {
      this.#say(why, false);
      this.#onchange();
      return;
    }
    this.failed = this.failed.filter((write) => write.clip.id !== clip.id);
    this.notice = null;
    this.#enqueue({ clip, action, frame: action === 'split' ? frame : null });
    this.#onchange();
  }

  /** Sends once more what could not be saved. */
  repeat() {
    const writes = this.failed;
    if (writes.length === 0) return;
    this.failed = [];
    this.notice = null;
    for (const write of writes) this.#enqueue(write);
    this.#onchange();
  }

  /** Takes back a decision: the given one, or the latest. @param {number | null} [eventId] */
  undo(eventId = null) {
    this.#awaited += 1;
    this.notice = null;
    this.#chain = this.#chain.then(() => this.#undo(eventId));
    this.#onchange();
  }

  /** @param {number | null} eventId */
  #forget(eventId) {
    this.saved = this.saved.filter((event) => event.id !== eventId);
  }

  /** @param {number | null} eventId */
  async #undo(eventId) {
    try {
      if (eventId === null && this.failed.length > 0) {
        // The latest decision never reached the server; its clip is back already.
        this.failed.pop();
      } else {
        // Named, so that asking again after a lost answer takes back nothing else.
        const wanted = eventId ?? this.saved[0]?.id ?? null;
        const { clips } = await this.#server.undo(wanted).catch((error) => {
          if (error.status === GONE) this.#forget(wanted);
          throw error;
        });
        this.#forget(wanted);
        this.decidedToday = Math.max(0, this.decidedToday - 1);
        this.#replace(clips);
      }
      this.#say('Undone.', false);
    } catch (error) {
      this.#say(`Nothing was undone. ${sentence(error)}`, true);
    }
    this.#awaited -= 1;
    this.#onchange();
    void this.refill();
  }

  /** @param {Write} write */
  #enqueue(write) {
    const { clip, action } = write;
    const turn = this.#turn;
    this.unsaved += 1;
    if (NEEDS_ANSWER.has(action)) {
      this.#awaited += 1;
    } else {
      this.#settled.set(clip.id, clip.version);
      this.clips = this.clips.filter((other) => other.id !== clip.id);
    }
    this.#chain = this.#chain.then(() => this.#send(write, turn));
    void this.refill();
  }

  /** @param {Write} write @param {number} turn */
  async #send(write, turn) {
    const { clip, action, frame } = write;
    try {
      if (turn !== this.#turn) throw this.#failure;
      const body = { action, version: clip.version, ...(frame === null ? {} : { frame }) };
      const { event_id: id, clips } = await this.#server.decide(clip, body);
      this.unsaved -= 1;
      this.decidedToday += 1;
      this.#pending -= clips.some(isPending) ? 0 : 1; // until the queue is read again
      this.saved.unshift({ id, action, start_frame: clip.start_frame, end_frame: clip.end_frame });
      this.saved.length = Math.min(this.saved.length, SHOWN);
      if (NEEDS_ANSWER.has(action)) this.#replace(clips);
      else this.#noteNeighbours(clips);
    } catch (error) {
      this.unsaved -= 1;
      this.#refused(write, /** @type {Refusal} */ (error));
    }
    if (NEEDS_ANSWER.has(action)) this.#awaited -= 1;
    this.#onchange();
    void this.refill();
  }

  /** @param {Write} write @param {Refusal} refusal */
  #refused(write, refusal) {
    const { action } = write;
    const clip = refusal.body?.clip ?? write.clip;
    this.clips = this.clips.filter((other) => other.id !== clip.id);
    if (isPending(clip)) {
      this.#settled.delete(clip.id);
      this.clips.splice(this.failed.length, 0, clip);
    } else {
      this.#settled.set(clip.id, clip.version); // somebody, or another tab, was first
    }
    // What the server has refused once it will refuse again; anything else can be repeated.
    if (!(refusal.status >= 400 && refusal.status < 500)) {
      this.failed.push(write);
      if (refusal !== this.#failure) this.#turn += 1;
      this.#failure = refusal;
    }
    const many = this.failed.length > 1 ? ` ${this.failed.length} decisions wait.` : '';
    const what = `Not saved: clip ${clip.id} ${DONE[action].toLowerCase()}.`;
    this.#say(`${what} ${sentence(refusal)}${many}`, true);
  }

  /** Brings the queue in line with what the server has handed out. The clip on the screen stays,
   * and so does what has changed here since the server was asked.
   * @param {Clip[]} handed @param {Set<Clip>} asked the clips that were here then */
  #take(handed, asked) {
    const fresh = new Map(handed.map((clip) => [clip.id, clip]));
    const [shown] = this.clips;
    const kept = this.clips
      .filter((clip) => clip === shown || !asked.has(clip) || fresh.has(clip.id))
      .map((clip) => (asked.has(clip) && fresh.get(clip.id)) || clip);
    const known = new Set(kept.map((clip) => clip.id));
    const isNew = (/** @type {Clip} */ { id, version }) =>
      !known.has(id) && version > (this.#settled.get(id) ?? 0);
    this.clips = [...kept, ...handed.filter(isNew)];
  }

  /** Puts the pending ones of `clips` on the screen and takes the others off the queue.
   * @param {Clip[]} clips */
  #replace(clips) {
    const touched = new Set(clips.map((clip) => clip.id));
    const back = clips.filter(isPending).sort((x, y) => x.start_frame - y.start_frame);
    for (const clip of back) this.#settled.delete(clip.id);
    for (const clip of clips) if (!isPending(clip)) this.#settled.set(clip.id, clip.version);
    this.clips = [...back, ...this.clips.filter((clip) => !touched.has(clip.id))];
    this.#noteNeighbours(clips);
  }

  /** What comes before a clip may have been decided on just now. @param {Clip[]} changed */
  #noteNeighbours(changed) {
    this.clips = this.clips.map((clip) => {
      const before = changed.find(
        (other) => other.video.key === clip.video.key && other.end_frame === clip.start_frame &&
          other.state !== 'superseded',
      );
      return before ? { ...clip, previous: before } : clip;
    });
  }

  /** @param {string} text @param {boolean} bad */
  #say(text, bad) {
    this.notice = { text, bad };
  }
}

/** Why an action makes no sense here; null if it does.
 * @param {string} action @param {Clip} clip @param {number | null} frame */
function whyNot(action, clip, frame) {
  if ((action === 'group' || action === 'merge') && !clip.previous) {
    return `No clip comes before this one, so there is nothing to ${action} it with.`;
  }
  if (action === 'split' && (frame === null || frame <= clip.start_frame)) {
    return 'Step to the first frame of the second part, then split.';
  }
  return null;
}

/** @param {unknown} error */
function sentence(error) {
  const { message } = /** @type {Refusal} */ (error);
  const capital = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

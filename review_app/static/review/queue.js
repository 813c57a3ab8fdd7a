/**
 * The reviewer's queue: what is on the screen, what comes next, and the decisions on their way to
 * the server. Free of DOM and fetch.
 *
 * Approve, skip, archive and group show the next clip at once; the write follows, in order. Split,
 * merge and undo make clips that only the server can make, so the next clip is the one it answers
 * with. A decision that could not be saved brings its clip back.
 *
 * @typedef {{id: number, version: number, state: string, start_frame: number, end_frame: number,
 *   start_seconds: number, duration_seconds: number,
 *   video: import('../player/player.js').PlayerVideo & {key: string, title: string,
 *     frame_count: number},
 *   previous: {id: number, state: string, start_frame: number, end_frame: number} | null}} Clip
 * @typedef {{clip: Clip, action: string, frame: number | null}} Write
 * @typedef {{event_id: number, clips: Clip[]}} Decision
 * @typedef {{status: number, message: string, body?: {clip?: Clip | null}}} Refusal  what the
 *   functions below throw
 * @typedef {{decide: (clip: Clip, body: object) => Promise<Decision>,
 *   undo: (eventId: number | null) => Promise<Decision>,
 *   load: (limit: number) => Promise<{clips: Clip[], counts: Record<string, number>}>}} Server
 * @typedef {{text: string, bad: boolean}} Notice
 * @typedef {{id: number, action: string, start_frame: number, end_frame: number}} Saved
 */

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
  /** @type {Record<string, number>} */ counts = {};
  /** Decisions saved by this reviewer, newest first. @type {Saved[]} */ saved = [];
  decidedToday = 0;
  /** Decisions that could not be saved, oldest first. @type {Write[]} */ failed = [];
  /** @type {Notice | null} */ notice = null;
  /** Decisions on their way. */
  unsaved = 0;
  /** True while the clip on the screen waits for the server's answer. */
  busy = false;
  /** True once the server has answered for the first time. */
  loaded = false;
  #server;
  #onchange;
  /** @type {Promise<void>} */ #chain = Promise.resolve();
  /** Clips decided on here: an answer that was made before must not bring them back. */
  #settled = new Set();
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

  /** Clips waiting for a decision, less those decided on here and not counted yet. */
  get pending() {
    return Math.max(0, (this.counts.pending_review ?? 0) - this.unsaved);
  }

  /** Fetches more when few are left. @param {boolean} [now] even if there are enough: leases those
   * that are here again */
  async refill(now = false) {
    if (this.#loading || (!now && this.clips.length >= LOW)) return;
    this.#loading = true;
    try {
      const limit = Math.min(MOST, LOW + this.clips.length + this.unsaved);
      const { clips, counts } = await this.#server.load(limit);
      this.counts = counts;
      this.loaded = true;
      const known = new Set(this.clips.map((clip) => clip.id));
      this.clips.push(
        ...clips.filter((clip) => !known.has(clip.id) && !this.#settled.has(clip.id)),
      );
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
    if (this.busy) return;
    this.busy = true;
    this.notice = null;
    this.#chain = this.#chain.then(async () => {
      try {
        const { clips } = await this.#server.undo(eventId);
        const undone = this.saved.findIndex((event) => eventId === null || event.id === eventId);
        if (undone >= 0) this.saved.splice(undone, 1);
        this.decidedToday = Math.max(0, this.decidedToday - 1);
        this.#replace(clips);
        this.#say('Undone.', false);
      } catch (error) {
        this.#say(`Nothing was undone. ${sentence(error)}`, true);
      }
      this.busy = false;
      this.#onchange();
      void this.refill();
    });
    this.#onchange();
  }

  /** @param {Write} write */
  #enqueue(write) {
    this.unsaved += 1;
    if (NEEDS_ANSWER.has(write.action)) {
      this.busy = true;
    } else {
      this.#settled.add(write.clip.id);
      this.clips = this.clips.filter((clip) => clip.id !== write.clip.id);
    }
    this.#chain = this.#chain.then(() => this.#send(write));
    void this.refill();
  }

  /** @param {Write} write */
  async #send(write) {
    const { clip, action, frame } = write;
    try {
      const body = { action, version: clip.version, ...(frame === null ? {} : { frame }) };
      const { event_id: id, clips } = await this.#server.decide(clip, body);
      this.unsaved -= 1;
      this.decidedToday += 1;
      this.#count(clips);
      this.saved.unshift({ id, action, start_frame: clip.start_frame, end_frame: clip.end_frame });
      this.saved.length = Math.min(this.saved.length, SHOWN);
      if (NEEDS_ANSWER.has(action)) this.#replace(clips);
      else this.#noteNeighbours(clips);
    } catch (error) {
      this.unsaved -= 1;
      this.#refused(write, /** @type {Refusal} */ (error));
    }
    if (NEEDS_ANSWER.has(action)) this.busy = false;
    this.#onchange();
    void this.refill();
  }

  /** @param {Write} write @param {Refusal} refusal */
  #refused(write, refusal) {
    const { clip, action } = write;
    const what = `Not saved: clip ${clip.id} ${DONE[action].toLowerCase()}.`;
    const now = refusal.body?.clip;
    this.clips = this.clips.filter((other) => other.id !== clip.id);
    if (refusal.status === 409 && now) {
      // Somebody, or another tab, was first: show the clip again only if it is still to be decided.
      if (isPending(now)) this.#replace([now]);
      else this.#settled.add(clip.id);
      this.#say(`${what} ${sentence(refusal)}`, true);
      return;
    }
    this.#settled.delete(clip.id);
    this.clips.splice(this.failed.length, 0, clip);
    this.failed.push(write);
    const many = this.failed.length > 1 ? ` ${this.failed.length} decisions wait.` : '';
    this.#say(`${what} ${sentence(refusal)}${many}`, true);
  }

  /** Puts the pending ones of `clips` on the screen and takes the others off the queue.
   * @param {Clip[]} clips */
  #replace(clips) {
    const touched = new Set(clips.map((clip) => clip.id));
    const back = clips.filter(isPending).sort((x, y) => x.start_frame - y.start_frame);
    for (const clip of back) this.#settled.delete(clip.id);
    for (const clip of clips) if (!isPending(clip)) this.#settled.add(clip.id);
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

  /** Keeps the counter right until the queue is read again. @param {Clip[]} clips */
  #count(clips) {
    const left = clips.some(isPending) ? 0 : 1;
    this.counts = {
      ...this.counts,
      pending_review: Math.max(0, (this.counts.pending_review ?? 0) - left),
    };
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

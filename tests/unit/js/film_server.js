/**
 * A server with one film, as the queue's tests need it: versions, neighbours, events, undo.
 *
 * @typedef {import('../../../review_app/static/review/queue.js').Clip} Clip
 * @typedef {{id: number, version: number, state: string, start_frame: number, end_frame: number,
 *   labels: string[], rating: number | null, note: string | null}} Row
 * @typedef {{id: number, action: string, before: Row[], after: Row[], undone?: boolean}} Event
 * @typedef {{action: string, version: number, frames?: number[], side?: string, edge?: string,
 *   frame?: number}} Body
 */

/** @type {Record<string, string>} */
const STATES = {
  approve: 'review_approved',
  skip: 'review_skipped',
  archive: 'review_archived',
  group: 'review_approved',
};

/** Decisions of which only what they may change is answered. */
const BRIEF = new Set(['approve', 'skip', 'archive', 'annotate']);

/** @param {Clip} clip @returns {any} */
const brief = ({ id, version, state, labels, rating, note }) =>
  ({ id, version, state, labels, rating, note });

/** How many decisions are told at a time. */
const TOLD = 15;

const APPROVED_BY_GROUP = ['pending_review', 'review_skipped'];

export class Refusal extends Error {
  /** @param {string} message @param {number} status @param {Clip} [clip] */
  constructor(message, status, clip) {
    super(message);
    this.status = status;
    this.body = clip ? { clip } : {};
  }
}

export class FilmServer {
  /** Every request that arrived. @type {[number | string, any][]} */ requests = [];
  /** @type {Event[]} */ events = [];
  /** Ids of clips that show the same. @type {number[][]} */ stacks = [];
  /** Called before each request; may throw, or wait.
   * @type {(what: string) => Promise<void>} */
  before = async () => {};
  /** Called once a request is done, before its answer. @type {(what: string) => Promise<void>} */
  after = async () => {};
  /** @type {Map<number, Row>} */ #clips = new Map();
  #ids = 0;

  /** @param {number} n clips of ten frames each */
  constructor(n) {
    for (let i = 0; i < n; i += 1) this.#make((i + 1) * 10, (i + 2) * 10);
    this.frames = (n + 1) * 10;
  }

  /** @param {number} start @param {number} end @returns {Row} */
  #make(start, end) {
    const clip = {
      version: 1, state: 'pending_review', labels: [], rating: null, note: null,
      id: (this.#ids += 1), start_frame: start, end_frame: end,
    };
    this.#clips.set(clip.id, clip);
    return clip;
  }

  get live() {
    return [...this.#clips.values()]
      .filter((clip) => clip.state !== 'superseded')
      .sort((x, y) => x.start_frame - y.start_frame);
  }

  get pending() {
    return this.live.filter((clip) => clip.state === 'pending_review');
  }

  /** @param {number} id */
  get(id) {
    return /** @type {Row} */ (this.#clips.get(id));
  }

  /** Somebody else changes a clip. @param {number} id @param {Partial<Row>} fields */
  change(id, fields) {
    const clip = this.get(id);
    Object.assign(clip, fields, { version: clip.version + 1 });
  }

  /** @param {Row} clip @returns {Clip} */
  json(clip) {
    const beside = (/** @type {Row | undefined} */ found) => (found
      ? {
        id: found.id, state: found.state,
        start_frame: found.start_frame, end_frame: found.end_frame,
      }
      : null);
    return {
      ...clip,
      start_seconds: clip.start_frame / 25,
      duration_seconds: (clip.end_frame - clip.start_frame) / 25,
      trim: null,
      transitions: [],
      start_score: null,
      end_score: null,
      suggestions: [],
      score: null,
      verdict: null,
      video: /** @type {Clip['video']} */ (
        { key: 'film', rate: [25, 1], frame_count: this.frames }
      ),
      previous: beside(this.live.find((other) => other.end_frame === clip.start_frame)),
      next: beside(this.live.find((other) => other.start_frame === clip.end_frame)),
    };
  }

  /** @param {number} limit @param {{only?: number, anew?: boolean}} [options] */
  async load(limit, { only } = {}) {
    await this.before('load');
    const found = this.pending.filter((clip) => only === undefined || clip.id === only);
    const handed = found.slice(0, limit);
    const ids = new Set(found.map(({ id }) => id));
    const stacks = this.stacks.map((stack) => stack.filter((id) => ids.has(id)))
      .filter((stack) => stack.length > 1 && handed.some(({ id }) => stack.includes(id)));
    const also = found.filter((clip) => !handed.includes(clip) && stacks.flat().includes(clip.id));
    const answer = {
      stacks,
      clips: [...handed, ...also].map((clip) => this.json(clip)),
      pending: this.pending.length,
      with_others: 0,
      total: this.pending.length,
      available: this.pending.length,
    };
    await this.after('load');
    return answer;
  }

  /** @param {number} id @param {any} body */
  async decide(id, body) {
    this.requests.push([id, body]);
    await this.before('decide');
    const answer = this.#made(id, body) ?? this.#decide(this.get(id), body);
    await this.after('decide');
    return BRIEF.has(body.action) ? { ...answer, clips: answer.clips.map(brief) } : answer;
  }

  /** A batch of what can be decided; the rest is refused. @param {any} body */
  async decideAll({ action, clips }) {
    this.requests.push(['all', { action, clips }]);
    await this.before('decide');
    const made = this.events.find((event) => event.action === action && !event.undone &&
      event.before.some((clip) => clip.id === clips[0].id && clip.version === clips[0].version));
    /** @type {{id: number, error: string, clip: Clip}[]} */ const refused = [];
    const old = clips.flatMap((/** @type {{id: number, version: number}} */ { id, version }) => {
      const clip = this.get(id);
      if (clip.version === version) return clip;
      if (!made) refused.push({ id, error: `Clip ${id} has changed.`, clip: this.json(clip) });
      return [];
    });
    const before = old.map((/** @type {Row} */ each) => ({ ...each }));
    for (const each of old) Object.assign(each, { state: STATES[action], version: each.version + 1 });
    const after = old.map((/** @type {Row} */ each) => ({ ...each }));
    const event = made ?? { id: this.events.length + 1, action, before, after };
    if (!made && old.length > 0) this.events.push(event);
    const answer = {
      event_id: event.after.length > 0 ? event.id : null,
      clips: event.after.map((/** @type {Row} */ each) => this.json(this.get(each.id))),
      refused,
    };
    await this.after('decide');
    return answer;
  }

  /** Decisions as they are told, a few at a time. @param {number} [before] */
  async mine(before = Infinity) {
    await this.before('mine');
    const standing = this.events.filter((event) => !event.undone);
    const found = standing.filter(({ id }) => id < before).reverse();
    const recent = found.slice(0, TOLD).map(({ id, action, before: was, after }) => ({
      id,
      action,
      fields: [],
      clip_id: after.find(({ state }) => state !== 'superseded')?.id,
      start_frame: Math.min(...was.map((clip) => clip.start_frame)),
      end_frame: Math.max(...was.map((clip) => clip.end_frame)),
    }));
    return { recent, has_older: found.length > TOLD, today: this.today };
  }

  /** How many decisions stand. */
  get today() {
    const standing = this.events.filter((event) => !event.undone);
    return standing.filter(({ action }) => action !== 'nudge' && action !== 'annotate').length;
  }

  /** @param {number} id */
  async open(id) {
    await this.before('open');
    const clip = this.get(id);
    if (clip.state === 'superseded') throw new Refusal(`Clip ${id} was replaced.`, 410);
    const event = this.events.findLast(({ undone, action, after }) =>
      !undone && STATES[action] && after.some((each) => each.id === id));
    const at = '2026-05-04T10:00:00Z';
    const verdict = event ? { action: event.action, actor: 'ann', at } : null;
    return { clip: { ...this.json(clip), verdict } };
  }

  /** @param {number | null} eventId */
  async undo(eventId) {
    this.requests.push(['undo', eventId]);
    await this.before('undo');
    const standing = this.events.filter((event) => !event.undone);
    const event = eventId === null ? standing.at(-1) : this.events.find((e) => e.id === eventId);
    if (!event) throw new Refusal('You have no decision left to undo.', 400);
    if (event.undone) throw new Refusal('That decision has been undone already.', 410);
    const later = standing.find((other) =>
      other.id > event.id &&
      other.after.some(({ id }) => event.after.some((own) => own.id === id)));
    if (later) throw new Refusal('You have decided since: undo that first.', 409);
    event.undone = true;
    const was = new Map(event.before.map((clip) => [clip.id, clip]));
    const clips = event.after.map(({ id }) => {
      const clip = this.get(id);
      const { version: _, ...old } = was.get(id) ?? { version: 0, state: 'superseded' };
      return Object.assign(clip, old, { version: clip.version + 1 });
    });
    const answer = {
      event_id: 1000 + event.id, clips: clips.map((clip) => this.json(clip)), today: this.today,
    };
    await this.after('undo');
    return answer;
  }

  /** What was sent before, because its answer was lost, changes nothing. @param {number} id
   * @param {Body} body */
  #made(id, { action, version }) {
    const found = this.events.find((event) => event.action === action && !event.undone &&
      event.before.some((clip) => clip.id === id && clip.version === version) &&
      (action !== 'group' || event.after[0].id === id));
    return found && {
      event_id: found.id,
      clips: found.after.map((clip) => this.json(this.get(clip.id))),
    };
  }

  /** @param {Row | undefined} clip @param {any} body */
  #decide(clip, { action, version, ...fields }) {
    if (!clip) throw new Refusal('There is no such clip.', 400);
    if (clip.version !== version || clip.state === 'superseded') {
      const why = `Clip ${clip.id} has changed since you saw it: it is ${clip.state} now.`;
      throw new Refusal(why, 409, this.json(clip));
    }
    const beside = (/** @type {string} */ side) => this.live.find((other) => (side === 'next'
      ? other.start_frame === clip.end_frame
      : other.end_frame === clip.start_frame));
    const old = [clip];
    /** @type {Row[]} */ const made = [];
    let change = () => {};
    if (action === 'split') {
      change = () => {
        const edges = [clip.start_frame, ...fields.frames, clip.end_frame];
        clip.state = 'superseded';
        for (let i = 0; i + 1 < edges.length; i += 1) made.push(this.#make(edges[i], edges[i + 1]));
      };
    } else if (action === 'merge') {
      const other = beside(fields.side);
      if (!other) throw new Refusal('No clip comes there.', 400);
      old.push(other);
      change = () => {
        clip.state = other.state = 'superseded';
        const start = Math.min(clip.start_frame, other.start_frame);
        made.push(this.#make(start, Math.max(clip.end_frame, other.end_frame)));
      };
    } else if (action === 'nudge') {
      const other = beside(fields.edge === 'start' ? 'previous' : 'next');
      if (!other) throw new Refusal('No clip comes there.', 400);
      old.push(other);
      change = () => {
        const [left, right] = fields.edge === 'start' ? [other, clip] : [clip, other];
        left.end_frame = right.start_frame = fields.frame;
      };
    } else if (action === 'group') {
      const other = beside('previous');
      if (!other) throw new Refusal('No clip comes there.', 400);
      if (/archived$/.test(other.state)) {
        throw new Refusal(`The clip before is ${other.state}.`, 409, this.json(clip));
      }
      if (APPROVED_BY_GROUP.includes(other.state)) old.push(other);
      change = () => {
        for (const each of old) each.state = STATES[action];
      };
    } else if (action === 'annotate') {
      change = () => Object.assign(clip, fields);
    } else {
      change = () => { clip.state = STATES[action]; };
    }
    const before = old.map((each) => ({ ...each }));
    change();
    for (const each of old) each.version += 1;
    const touched = [...old, ...made];
    const after = touched.map((each) => ({ ...each }));
    const event = { id: this.events.length + 1, action, before, after };
    this.events.push(event);
    return { event_id: event.id, clips: touched.map((each) => this.json(each)) };
  }
}

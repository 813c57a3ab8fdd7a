/**
 * What is said of clips, on its way to the server, one change after the other. Those that wait for
 * another are sent as one. While the server can't be reached, all wait and are retried; what it
 * refuses is shown no longer. Free of DOM and fetch.
 *
 * @typedef {import('../shared/describe.js').Clip & {version: number}} Clip
 * @typedef {import('../shared/describe.js').Description} Description
 * @typedef {import('../shared/courier.js').Refusal} Refusal
 * @typedef {{id: number, description: Description, version: number | null}} Change  `version`: of
 *   the clip, once it was sent: a retry sends the same
 * @typedef {(id: number, body: object, task: object) => Promise<Clip>} Send  it throws a Refusal
 */

import { Courier, unlessRefused } from '../shared/courier.js';
import { sentence } from '../shared/words.js';

export class Descriptions {
  #send;
  #onchange;
  #courier;
  /** As the server has them. @type {Map<number, Clip>} */ #saved = new Map();
  /** Oldest first. @type {Change[]} */ #waiting = [];
  /** Why the latest change is lost. @type {string | null} */ #refusal = null;

  /** @param {{send: Send, onchange: (clip: Clip | null) => void,
   *   delay?: (ms: number) => Promise<void>}} options  `onchange`: called with a clip that shows
   *   something else now, and with null where only `told` or `isSaving` may have changed */
  constructor({ send, onchange, delay }) {
    this.#send = send;
    this.#onchange = onchange;
    const ontried = () => onchange(null);
    this.#courier = new Courier({ next: () => this.#task(), onchange: ontried, delay });
  }

  get isSaving() {
    return this.#waiting.length > 0;
  }

  /** What went wrong; empty if nothing did. */
  get told() {
    if (this.#refusal) return `Not saved: ${this.#refusal}`;
    const { trouble } = this.#courier;
    return trouble ? `Not saved yet: ${sentence(trouble)} Retrying.` : '';
  }

  /** @param {Clip} clip as a page has it */
  open(clip) {
    this.#refusal = null;
    if (clip.version > (this.#saved.get(clip.id)?.version ?? 0)) this.#saved.set(clip.id, clip);
  }

  /** A clip that was opened, with what is not saved of it yet. @param {number} id */
  of(id) {
    const saved = /** @type {Clip} */ (this.#saved.get(id));
    return this.#waiting
      .filter((change) => change.id === id)
      .reduce((clip, { description }) => ({ ...clip, ...description }), saved);
  }

  /** @param {number} id @param {Description} description */
  change(id, description) {
    this.#refusal = null;
    const last = this.#waiting.at(-1);
    if (last?.id === id && last.version === null) Object.assign(last.description, description);
    else this.#waiting.push({ id, description: { ...description }, version: null });
    this.#onchange(this.of(id));
    this.#courier.wake();
  }

  #task() {
    const [next] = this.#waiting;
    return next ? () => this.#carry(next) : null;
  }

  /** @param {Change} change */
  async #carry(change) {
    const { id, description } = change;
    change.version ??= this.of(id).version;
    const body = { action: 'annotate', version: change.version, ...description };
    const now = await unlessRefused(this.#send(id, body, change), (refusal) => {
      this.#refusal = sentence(refusal);
      if (refusal.body?.clip) this.#take(refusal.body.clip);
    });
    if (now) this.#take(now);
    this.#waiting = this.#waiting.filter((other) => other !== change);
    this.#onchange(this.of(id));
  }

  /** @param {Clip} clip with more than is kept of it */
  #take({ id, version, labels, rating, note }) {
    this.#saved.set(id, { id, version, labels, rating, note });
  }
}

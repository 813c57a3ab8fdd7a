/**
 * Describes a clip outside of a review: what is said shows at once and is sent at once, one change
 * after the other. Those that wait for another are sent as one.
 *
 * @typedef {import('../shared/describe.js').Clip & {version: number}} Clip
 * @typedef {import('../shared/describe.js').Description} Description
 * @typedef {import('../shared/labels.js').Label} Label
 */

import { api } from '../shared/api.js';
import { Describe } from '../shared/describe.js';
import { byId, setText } from '../shared/dom.js';
import { sentence } from '../shared/words.js';

export class Describing {
  /** @type {Clip | null} */ clip = null;
  /** @type {Label[]} */ listed = [];
  #describe;
  #onchange;
  /** What waits to be sent. @type {{id: number, description: Description}[]} */ #waiting = [];
  #isSending = false;

  /** @param {(clip: Clip, listed: Label[]) => void} [onchange] */
  constructor(onchange = () => {}) {
    this.#onchange = onchange;
    this.#describe = new Describe({
      current: () => this.clip,
      annotate: (clip, description) => this.#annotate(clip, description),
    });
    byId('described').addEventListener('click', (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest('button');
      const action = button?.dataset.action ?? '';
      if (action === 'label') this.#describe.typeLabel();
      const stars = Number(/^rate(\d)$/.exec(action)?.[1]);
      if (stars) this.#describe.rate(stars === this.clip?.rating ? 0 : stars);
    });
    byId('label').addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.preventDefault(); // it leaves the field, not the dialog
      event.stopPropagation();
      /** @type {HTMLElement} */ (event.target).blur();
    });
    addEventListener('beforeunload', (event) => {
      if (this.#isSending) event.preventDefault();
    });
    void this.#load();
  }

  /** @param {Clip} clip */
  open(clip) {
    this.clip = clip;
    this.#tell('');
    this.#describe.draw();
  }

  async #load() {
    const found = await api('/api/v1/labels').catch(() => ({ labels: [], others: [] }));
    this.listed = found.labels;
    this.#describe.use(found);
  }

  /** @param {Clip} clip @param {Description} description */
  #annotate(clip, description) {
    if (this.clip?.id === clip.id) this.#take({ ...this.clip, ...description });
    const last = this.#waiting.at(-1);
    if (last?.id === clip.id) Object.assign(last.description, description);
    else this.#waiting.push({ id: clip.id, description: { ...description } });
    void this.#sendAll();
  }

  async #sendAll() {
    if (this.#isSending) return;
    this.#isSending = true;
    byId('described').ariaBusy = 'true';
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      await this.#send(next.id, next.description);
    }
    byId('described').ariaBusy = 'false';
    this.#isSending = false;
  }

  /** @param {number} id @param {Description} description */
  async #send(id, description) {
    const clip = this.clip?.id === id ? this.clip : null;
    try {
      const version = clip?.version ?? await versionOf(id);
      const body = { action: 'annotate', version, ...description };
      const { clips: [now] } = await api(`/api/v1/clips/${id}/decisions`, body);
      this.#takeIfShown(id, { version: now.version });
      this.#tell('');
    } catch (error) {
      const { message, body } = /** @type {import('../shared/api.js').ApiError} */ (error);
      if (body?.clip) this.#takeIfShown(id, body.clip);
      this.#tell(`Not saved: ${sentence({ message })}`);
    }
  }

  /** @param {number} id @param {Partial<Clip>} now */
  #takeIfShown(id, now) {
    if (this.clip?.id !== id) return;
    const { version, labels, rating, note } = { ...this.clip, ...now };
    this.#take({ id, version, labels, rating, note });
  }

  /** @param {Clip} clip */
  #take(clip) {
    this.clip = clip;
    this.#describe.draw();
    this.#onchange(clip, this.listed);
  }

  /** @param {string} text */
  #tell(text) {
    setText(byId('described-told'), text);
  }
}

/** @param {number} id @returns {Promise<number>} */
const versionOf = async (id) => (await api(`/api/v1/clips/${id}`)).clip.version;

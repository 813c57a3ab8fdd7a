/**
 * Describes a clip outside of a review: what is said shows at once and is sent at once.
 *
 * @typedef {import('./descriptions.js').Clip} Clip
 * @typedef {import('../shared/labels.js').Label} Label
 */

import { api } from '../shared/api.js';
import { Describe } from '../shared/describe.js';
import { byId, setText } from '../shared/dom.js';
import { Descriptions } from './descriptions.js';

export class Describing {
  /** @type {number | null} */ #shown = null;
  /** @type {Label[]} */ #listed = [];
  #describe;
  #descriptions;

  /** @param {(clip: Clip, listed: Label[]) => void} [onchange] */
  constructor(onchange = () => {}) {
    this.#descriptions = new Descriptions({
      send: async (id, body, task) =>
        (await api(`/api/v1/clips/${id}/decisions`, body, { task })).clips[0],
      onchange: (clip) => {
        this.#draw();
        if (clip) onchange(clip, this.#listed);
      },
    });
    this.#describe = new Describe({
      current: () => this.#clip,
      annotate: ({ id }, description) => this.#descriptions.change(id, description),
    });
    byId('described').addEventListener('click', (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest('button');
      const action = button?.dataset.action ?? '';
      if (action === 'label') this.#describe.typeLabel();
      const stars = Number(/^rate(\d)$/.exec(action)?.[1]);
      if (stars) this.#describe.rate(stars === this.#clip?.rating ? 0 : stars);
    });
    byId('label').addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.preventDefault(); // it leaves the field, not the dialog
      event.stopPropagation();
      /** @type {HTMLElement} */ (event.target).blur();
    });
    addEventListener('beforeunload', (event) => {
      if (this.#descriptions.isSaving) event.preventDefault();
    });
    void this.#load();
  }

  /** @param {Clip} clip */
  open(clip) {
    this.#descriptions.open(clip);
    this.#shown = clip.id;
    this.#draw();
  }

  get #clip() {
    return this.#shown === null ? null : this.#descriptions.of(this.#shown);
  }

  async #load() {
    const found = await api('/api/v1/labels').catch(() => ({ labels: [], others: [] }));
    this.#listed = found.labels;
    this.#describe.use(found);
  }

  #draw() {
    this.#describe.draw();
    byId('described').ariaBusy = String(this.#descriptions.isSaving);
    setText(byId('described-told'), this.#descriptions.told);
  }
}

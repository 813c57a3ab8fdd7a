/**
 * The next clips, and this reviewer's decisions: redrawn only when they have changed.
 *
 * @typedef {import('./queue.js').Clip} Clip
 * @typedef {import('./queue.js').Done} Done
 * @typedef {import('./deeds.js').Row} Row
 */

import { byId, make, redraw } from '../shared/dom.js';
import { clipName } from '../shared/words.js';
import { rowsOf } from './deeds.js';

const NEXT_SHOWN = 5;
const THUMBNAIL_WIDTH = 192;
const SMALL_WIDTH = 96;

export class Lists {
  #strip;
  /** The items of the next clips, by their contents. @type {Map<string, HTMLLIElement>} */
  #items = new Map();
  #drawnDone = '';
  /** Those of the decisions, in order. @type {Row[]} */ #rows = [];

  /** @param {import('./strip.js').Strip} strip */
  constructor(strip) {
    this.#strip = strip;
  }

  /** @param {Clip[]} next @param {Done[]} done @param {(clip: Clip) => Clip[]} under the clips that
   * one stands for */
  draw(next, done, under) {
    const items = new Map(next.slice(0, NEXT_SHOWN).map((clip) => {
      const { id, duration_seconds: seconds } = clip;
      const { length: alike } = under(clip);
      const key = [id, seconds, alike, this.#strip.pictureOf(clip)?.name].join();
      return [key, this.#items.get(key) ?? this.#nextItem(clip, alike)];
    }));
    if ([...items.keys()].join(' ') !== [...this.#items.keys()].join(' ')) {
      byId('next').replaceChildren(...items.values());
    }
    this.#items = items;
    this.#rows = rowsOf(done);
    const doneKey = JSON.stringify(this.#rows.map((row) =>
      [row.deeds.map(({ id }) => id), row.word, row.what, row.deeds[0].why, this.#pictureOf(row)?.name]));
    if (doneKey === this.#drawnDone) return;
    this.#drawnDone = doneKey;
    redraw(byId('saved'), this.#rows.map((row, place) => this.#doneItem(row, place)));
    byId('saved-none').hidden = done.length > 0;
  }

  /** The decisions in a row of the list, newest first. @param {number} place of the row */
  deedsOf(place) {
    return this.#rows[place]?.deeds ?? [];
  }

  /** @param {Row} row */
  #pictureOf(row) {
    const clip = pictured(row);
    return clip && this.#strip.pictureOf(clip);
  }

  /** @param {import('./strip.js').Small} clip @param {number} width */
  #picture(clip, width) {
    const { video } = clip;
    const picture = make('canvas', { width, height: Math.round((width * video.height) / video.width) });
    this.#strip.thumbnail(picture, clip);
    return picture;
  }

  /** @param {Clip} clip @param {number} alike how many clips it stands for */
  #nextItem(clip, alike) {
    const seconds = `${clip.duration_seconds.toFixed(1)} s${alike > 1 ? ` · ${alike}` : ''}`;
    const picture = this.#picture(clip, THUMBNAIL_WIDTH);
    const many = alike > 1 ? `, ${alike} alike` : '';
    const name = `${clipName(clip.id)} of ${clip.video.title}, ${clip.duration_seconds.toFixed(1)} s${many}`;
    const button = make(
      'button',
      { type: 'button', title: name, label: `Go to ${name}`, data: { show: String(clip.id) } },
      picture,
      make('span', { textContent: seconds }),
    );
    return make('li', {}, button);
  }

  /** @param {Row} row @param {number} place */
  #doneItem(row, place) {
    const { deeds, word, what, range } = row;
    const [{ id, action, clip_id: left = 0, why }] = deeds;
    const clip = pictured(row);
    const undo = make('button', {
      type: 'button', className: 'quiet', textContent: 'Undo', data: { undo: String(place) },
      label: `Undo: ${word.toLowerCase()} ${what}`,
    });
    return make(
      'li', { className: id === null ? 'is-unsaved' : '', title: why ? `Can't be undone: ${why}` : '' },
      clip ? this.#picture(clip, SMALL_WIDTH) : '',
      make('span', { className: `did did-${action}`, textContent: word }),
      make(
        'span', { className: 'frames', title: what === range ? '' : `${what}, ${range}` },
        left > 0 ? linkToClip(left, what) : what,
      ),
      undo,
    );
  }
}

/** A link that opens a clip on this page. @param {number} id @param {string} text */
export const linkToClip = (id, text) => make('a', {
  textContent: text, href: `/review?clip=${id}`, title: `Go to ${clipName(id)}`,
  data: { show: String(id) },
});

/** The clip to show for a row. @param {Row} row */
const pictured = ({ deeds: [{ edit, now }] }) => edit?.clip ?? now;

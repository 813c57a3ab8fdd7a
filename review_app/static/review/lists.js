/**
 * The next clips, and this reviewer's decisions: redrawn only when they have changed.
 *
 * @typedef {import('./queue.js').Clip} Clip
 * @typedef {import('./queue.js').Done} Done
 */

import { byId, make, redraw } from '../shared/dom.js';
import { clipName, doneWord } from '../shared/words.js';

const NEXT_SHOWN = 5;
const THUMBNAIL_WIDTH = 192;

export class Lists {
  #strip;
  /** The items of the next clips, by their contents. @type {Map<string, HTMLLIElement>} */
  #items = new Map();
  #drawnDone = '';
  /** The decisions in the list, in order. @type {Done[]} */ done = [];

  /** @param {import('./strip.js').Strip} strip */
  constructor(strip) {
    this.#strip = strip;
  }

  /** @param {Clip[]} next @param {Done[]} done */
  draw(next, done) {
    const items = new Map(next.slice(0, NEXT_SHOWN).map((clip) => {
      const { id, duration_seconds: seconds } = clip;
      const key = [id, seconds, this.#strip.pictureOf(clip)?.name].join();
      return [key, this.#items.get(key) ?? this.#nextItem(clip)];
    }));
    if ([...items.keys()].join(' ') !== [...this.#items.keys()].join(' ')) {
      byId('next').replaceChildren(...items.values());
    }
    this.#items = items;
    this.done = done;
    const doneKey = JSON.stringify(done.map((each) => ({ ...each, edit: undefined })));
    if (doneKey === this.#drawnDone) return;
    this.#drawnDone = doneKey;
    redraw(byId('saved'), done.map(doneItem));
    byId('saved-none').hidden = done.length > 0;
  }

  /** @param {Clip} clip */
  #nextItem(clip) {
    const seconds = `${clip.duration_seconds.toFixed(1)} s`;
    const picture = make('canvas', {
      width: THUMBNAIL_WIDTH,
      height: Math.round((THUMBNAIL_WIDTH * clip.video.height) / clip.video.width),
    });
    this.#strip.thumbnail(picture, clip);
    const name = `${clipName(clip.id)} of ${clip.video.title}, ${seconds}`;
    const button = make(
      'button',
      { type: 'button', title: name, label: `Go to ${name}`, data: { show: String(clip.id) } },
      picture,
      make('span', { textContent: seconds }),
    );
    return make('li', {}, button);
  }
}

/** A link that opens a clip on this page. @param {number} id @param {string} text */
export const linkToClip = (id, text) => make('a', {
  textContent: text, href: `/review?clip=${id}`, title: `Go to ${clipName(id)}`,
  data: { show: String(id) },
});

/** @param {Done} done @param {number} place */
function doneItem({ id, action, clip_id: clip, fields, start_frame: a, end_frame: b, count, why }, place) {
  const what = doneWord(action, fields);
  const range = count && count > 1 ? `${count} clips` : `${a} – ${b - 1}`;
  const undo = make('button', {
    type: 'button', className: 'quiet', textContent: 'Undo', data: { undo: String(place) },
    label: `Undo: ${what.toLowerCase()} ${range}`,
  });
  return make(
    'li', { className: id === null ? 'is-unsaved' : '', title: why ? `Can't be undone: ${why}` : '' },
    make('span', { className: `did did-${action}`, textContent: what }),
    make('span', { className: 'frames' }, clip && clip > 0 ? linkToClip(clip, range) : range),
    undo,
  );
}

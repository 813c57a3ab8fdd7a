/** The stack that the clip on the screen is in: how many show the same, and once it is open, which. */

import { byId, make, setText } from '../shared/dom.js';
import { clipName } from '../shared/words.js';

/** @typedef {import('./queue.js').Clip} Clip */

const THUMBNAIL_WIDTH = 192;

export class StackCard {
  #stacks;
  #strip;
  #drawn = '';

  /** @param {import('../shared/stacks.js').Stacks} stacks @param {import('./strip.js').Strip} strip */
  constructor(stacks, strip) {
    this.#stacks = stacks;
    this.#strip = strip;
  }

  /** @param {Clip | null} clip on the screen @param {Clip[]} clips of the list */
  draw(clip, clips) {
    const members = this.#stacks.among(clips, clip?.id ?? null);
    const isOpen = this.#stacks.isOpen(members.map(({ id }) => id));
    byId('stack').hidden = members.length === 0;
    if (!clip || members.length === 0) return;
    const at = members.findIndex(({ id }) => id === clip.id) + 1;
    setText(byId('stack-count'), isOpen ? `${at} of ${members.length} alike` : `${members.length} alike`);
    setText(byId('stack-told'), isOpen
      ? 'A decision is for this clip alone.'
      : 'Approve, skip and archive are for all of them, and so is the undo.');
    setText(byId('stack-open'), isOpen ? 'Close' : 'Show them');
    this.#drawMembers(isOpen ? members : [], clip.id);
  }

  /** @param {Clip[]} members @param {number} current */
  #drawMembers(members, current) {
    const key = [current, ...members.map((clip) => [clip.id, this.#strip.pictureOf(clip)?.name])].join();
    if (key === this.#drawn) return;
    this.#drawn = key;
    byId('stacked').hidden = members.length === 0;
    byId('stacked').replaceChildren(...members.map((clip) => this.#item(clip, clip.id === current)));
  }

  /** @param {Clip} clip @param {boolean} isCurrent */
  #item(clip, isCurrent) {
    const { id, video, duration_seconds: seconds } = clip;
    const height = Math.round((THUMBNAIL_WIDTH * video.height) / video.width);
    const picture = make('canvas', { width: THUMBNAIL_WIDTH, height });
    this.#strip.thumbnail(picture, clip);
    const name = `${clipName(id)} of ${video.title}, ${seconds.toFixed(1)} s`;
    const button = make(
      'button',
      { type: 'button', title: name, label: `Go to ${name}`, data: { show: String(id) } },
      picture,
      make('span', { textContent: `${seconds.toFixed(1)} s` }),
    );
    if (isCurrent) button.setAttribute('aria-current', 'true');
    return make('li', {}, button);
  }
}

/**
 * The way through the clips without deciding on them: the list, and behind its beginning the clips
 * that were decided on.
 *
 * @typedef {import('./journal.js').Journal} Journal
 * @typedef {import('./list.js').ClipList} ClipList
 */

export class Walk {
  #journal;
  #list;
  #goal;
  #look;
  #show;
  #tell;

  /** @param {{journal: Journal, list: () => ClipList, goal: () => number | null,
   *   look: (by: number) => void, show: (id: number) => void, tell: (text: string) => void}} queue
   *   `goal`: the clip that is about to be shown; `look` goes on in the list, `show` to any clip */
  constructor({ journal, list, goal, look, show, tell }) {
    this.#journal = journal;
    this.#list = list;
    this.#goal = goal;
    this.#look = look;
    this.#show = show;
    this.#tell = tell;
  }

  back() {
    const { hasGuest } = this.#list();
    if (this.#list().beside(-1) && !hasGuest) {
      this.#look(-1);
      return;
    }
    const [trail, at] = this.#trail();
    this.#journal.reach(at + 1);
    const id = trail[at + 1];
    if (id !== undefined) this.#show(id);
    else if (this.#journal.wantsBefore !== null) this.#tell('Older decisions are on their way.');
    else if (trail.length > 0) this.#tell('You have decided on no clip before this one.');
    else this.#tell('You have decided on no clip yet.');
  }

  forward() {
    const { hasGuest, left } = this.#list();
    const [trail, at] = this.#trail();
    if (at > 0) this.#show(trail[at - 1]);
    else if (this.#goal() !== null && !hasGuest) this.#look(0);
    else if (left > 0) this.#look(1);
    else this.#tell('No clip comes after this one.');
  }

  /** The clips that were decided on and are not in the list, the latest first, and where the screen
   * is among them; -1: nowhere. @returns {[number[], number]} */
  #trail() {
    const { current, hasGuest, clips } = this.#list();
    const listed = new Set(clips.map(({ id }) => id));
    if (hasGuest && current) listed.delete(current.id);
    const trail = this.#journal.trail.filter((id) => !listed.has(id));
    return [trail, trail.indexOf(this.#goal() ?? (hasGuest && current ? current.id : 0))];
  }
}

/**
 * Where the reviewer is: in the film, today, against the goal that they set, and how what they
 * approved gets on.
 *
 * @typedef {{title: string, decided: number, total: number}} Film
 * @typedef {{film: Film | null, pace: number | null, on_the_way: number, export_in: number | null,
 *   next_film: {key: string, title: string, pending: number} | null}} Told  by the server: `pace` in
 *   decisions an hour, `export_in` in seconds
 */

import { remember, remembered } from '../player/remember.js';
import { api } from '../shared/api.js';
import { byId, setText } from '../shared/dom.js';
import { goalOf, onTheWay, timeLeft } from './progress_words.js';

/** The least time between two questions. */
const REST_MS = 1500;
/** How often to ask while nothing is decided: other people and the pipeline go on. */
const AGAIN_MS = 20_000;

export class Progress {
  #onchange;
  /** @type {Told | null} */ #told = null;
  #toldAt = 0;
  #askedAt = -Infinity;
  #asked = '';
  #isAsking = false;
  #goal = goalOf(remembered('goal'));
  #field = /** @type {HTMLInputElement} */ (byId('goal'));

  /** @param {() => void} onchange called when there is something new to draw */
  constructor(onchange) {
    this.#onchange = onchange;
    this.#field.value = this.#goal ? String(this.#goal) : '';
    this.#field.addEventListener('input', () => {
      this.#goal = goalOf(this.#field.value);
      remember('goal', this.#goal ?? '');
      onchange();
    });
    setInterval(() => {
      if (this.#told?.export_in && !document.hidden) onchange();
    }, 1000);
  }

  /** Asks again if something was decided or another film has begun, or after a while.
   * @param {import('./queue.js').ReviewQueue} queue */
  async follow(queue) {
    const { current, decidedToday, unsaved, isOver } = queue;
    const key = [current?.video.key, decidedToday, unsaved, isOver].join();
    const since = performance.now() - this.#askedAt;
    const isDue = key === this.#asked ? since > AGAIN_MS : since > REST_MS;
    if (!queue.loaded || this.#isAsking || !isDue) return;
    this.#isAsking = true;
    this.#asked = key;
    this.#askedAt = performance.now();
    const video = current?.video.key ?? new URLSearchParams(location.search).get('video') ?? '';
    const told = await api(`/api/v1/progress?${new URLSearchParams({ video })}`).catch(() => null);
    this.#isAsking = false;
    if (!told) return;
    this.#told = told;
    this.#toldAt = performance.now();
    this.#onchange();
  }

  /** @param {import('./queue.js').ReviewQueue} queue */
  draw(queue) {
    const { decidedToday: today, pending } = queue;
    const { film = null, pace = null, next_film: next = null } = this.#told ?? {};
    const anHour = pace === null ? '–' : String(Math.round(pace));
    setText(byId('pace'), anHour);
    setText(byId('today-of'), this.#goal ? ` of ${this.#goal}` : '');
    const left = timeLeft(pending, pace);
    setText(byId('left'), left ? `${left} left` : '');
    setText(byId('film-told'), film ? `${film.decided} of ${film.total} decided` : '–');
    bar('film-bar', film && film.decided / film.total);
    setText(byId('goal-told'), this.#goal ? `${today} of ${this.#goal}` : `${today} decided`);
    bar('goal-bar', this.#goal && today / this.#goal);
    setText(byId('pace-told'), pace === null ? 'too few decisions to tell' : `${anHour} an hour`);
    setText(byId('left-told'), `${pending} to review${left ? `, ${left}` : ''}`);
    const way = this.#told ? onTheWay(this.#told, (performance.now() - this.#toldAt) / 1000) : '';
    byId('on-the-way').hidden = !way;
    setText(byId('on-the-way'), way);
    byId('next-film').hidden = !next;
    if (!next) return;
    byId('next-film-link').setAttribute('href', `/review?${new URLSearchParams({ video: next.key })}`);
    setText(byId('next-film-link'), `Go on with ${next.title}: ${next.pending} to review`);
  }
}

/** @param {string} id @param {number | null} share 0 to 1; null: there is nothing to show */
function bar(id, share) {
  const element = /** @type {HTMLProgressElement} */ (byId(id));
  element.hidden = share === null;
  element.value = share ?? 0;
}

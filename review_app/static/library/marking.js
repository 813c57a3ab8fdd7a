/**
 * Marks on the library's cards, as on the contact sheet: by their boxes, in ranges with Shift, or by
 * key on the card in focus. What is done with them is done with the clips of this page.
 */

import { byId, setText } from '../shared/dom.js';
import { Marks } from '../shared/marks.js';

export class Marking {
  #marks = new Marks();
  /** @type {HTMLElement[]} */ #cards = [];
  #isWithShift = false;

  constructor() {
    this.begin();
    byId('marked-none').addEventListener('click', () => this.none());
    // The browser keeps ticks over a reload; marks begin anew.
    addEventListener('pageshow', () => this.#draw());
  }

  /** With the cards that are on the page now, none of them marked. */
  begin() {
    this.#cards = [...document.querySelectorAll('#cards .card')].map(
      (card) => /** @type {HTMLElement} */ (card));
    for (const card of this.#cards) {
      const box = boxOf(card);
      box.addEventListener('click', (event) => { this.#isWithShift = event.shiftKey; });
      box.addEventListener('change', () => this.#mark(card, this.#isWithShift));
    }
    this.none();
  }

  /** The marked clips, else the one in focus. @returns {number[]} */
  get chosen() {
    const { focused } = this;
    return this.#marks.chosen(this.#order, focused ? idsOf(focused) : []);
  }

  /** Marks the card in focus, or unmarks it. @param {boolean} [isRange] from the last one to it */
  toggle(isRange = false) {
    const card = this.focused;
    if (card) this.#mark(card, isRange);
  }

  /** Marks all, or none if all are. */
  all() {
    const isAll = this.#marks.size === this.#order.length;
    this.#marks.set(isAll ? [] : this.#order);
    this.#draw();
  }

  none() {
    this.#marks.set([]);
    this.#draw();
  }

  get #order() {
    return this.#cards.flatMap(idsOf);
  }

  /** The card in focus. */
  get focused() {
    const { activeElement } = document;
    return this.#cards.find((card) => card.contains(activeElement)) ?? null;
  }

  /** @param {HTMLElement} card @param {boolean} isRange */
  #mark(card, isRange) {
    if (isRange) this.#marks.extend(this.#cards.map(idsOf), idsOf(card)[0]);
    else this.#marks.toggle(idsOf(card));
    this.#draw();
  }

  #draw() {
    for (const card of this.#cards) {
      const isMarked = this.#marks.hasAll(idsOf(card));
      boxOf(card).checked = isMarked;
      card.classList.toggle('is-marked', isMarked);
    }
    const { size } = this.#marks;
    byId('marked').hidden = size === 0;
    setText(byId('marked-count'), `${size} marked`);
    const ids = this.#marks.chosen(this.#order, []).join(',');
    for (const page of ['handover', 'reel']) {
      /** @type {HTMLAnchorElement} */ (byId(`marked-${page}`)).href = `/${page}?ids=${ids}`;
    }
  }
}

/** The clips of a card: one, or those of a stack. @param {HTMLElement} card */
const idsOf = (card) => (card.dataset.stack ?? card.dataset.id ?? '').split(',').map(Number);

/** @param {HTMLElement} card @returns {HTMLInputElement} */
const boxOf = (card) => /** @type {HTMLInputElement} */ (card.querySelector('.mark input'));

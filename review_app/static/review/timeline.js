/**
 * The row below the picture: the film strip with its cuts, and the bar with zones, marks and knob.
 *
 * @typedef {import('./queue.js').Clip} Clip
 * @typedef {import('../shared/clip.js').Range} Range
 * @typedef {import('../player/player.js').Player} Player
 */

import { byId, make, setText } from '../shared/dom.js';
import { linkToClip } from './lists.js';
import { clipName, stateWords } from '../shared/words.js';
import { doubtOfCut, suggestionAt, suggestionWords, suggestionZones } from './doubt.js';
import { frameAt, scrolledBy, shareOf, showing, spread, zoomedBy } from './scale.js';
import { fateOfTrimmed, kindOfCut, transitionAt, transitionZones, trimmedZones } from './trims.js';

/** Pixels of a wheel's turn that show half as much of the clip. */
const WHEEL_DOUBLES = 300;

/** Pixels between the names of two transitions. */
const NAME_GAP = 12;

const SIDES = /** @type {const} */ (['start', 'end']);

/** @param {number} share */
const percent = (share) => `${share * 100}%`;

export class Timeline {
  #bar = byId('bar');
  #player;
  #exportsTrimmed;
  #sure;
  /** @type {Clip | null} */ #clip = null;
  /** The part of the clip that the bar shows; the clip itself: all of it. @type {Range | null} */
  #shown = null;
  #onchange;
  #drawnLoaded = '';
  #drawnMarks = '';

  /** @param {Player} player @param {{exportsTrimmed: boolean, sure: number, onchange: () => void}}
   * options `sure`: the score from which on a cut shows no doubt; `onchange`: it shows another part
   * of the clip */
  constructor(player, { exportsTrimmed, sure, onchange }) {
    this.#onchange = onchange;
    this.#player = player;
    this.#exportsTrimmed = exportsTrimmed;
    this.#sure = sure;
    this.#listen();
    new ResizeObserver(() => this.#placeNames()).observe(byId('names'));
  }

  /** @param {Clip | null} clip on the screen @param {number[]} marks for a split */
  draw(clip, marks) {
    if (clip !== this.#clip) {
      const stays = clip?.id === this.#clip?.id && this.#isZoomed;
      this.#clip = clip;
      this.#shown = clip && stays ? zoomedBy(clip, this.shown, 1, this.#at) : clip;
      if (clip) this.#drawClip(clip);
      else byId('names').replaceChildren();
      for (const side of SIDES) this.#drawCut(side, clip);
    }
    if (!clip) return;
    if (!this.#isHeld) this.#show(showing(clip, this.shown, this.#at));
    this.#drawMarks(marks, clip?.chosen_frames ?? []);
    this.#drawLoaded();
    this.#drawKnob(clip);
  }

  /** The part of the clip on the screen that the bar shows. @returns {Range} */
  get shown() {
    return this.#shown ?? { start_frame: 0, end_frame: 1 };
  }

  /** Shows less of the clip, or more, around the frame on the screen. @param {number} times */
  zoom(times) {
    if (this.#clip) this.#show(zoomedBy(this.#clip, this.shown, times, this.#at));
  }

  /** The frame on the screen. */
  get #at() {
    return this.#player.presented ?? this.#player.wanted;
  }

  get #isZoomed() {
    const { start_frame: start, end_frame: end } = this.shown;
    return this.#clip !== null && end - start < this.#clip.end_frame - this.#clip.start_frame;
  }

  /** @param {{start: number}} zone */
  #isSeen({ start }) {
    return this.shown.start_frame <= start && start <= this.shown.end_frame;
  }

  /** True while a pointer drags the knob: what is below it stays there. */
  get #isHeld() {
    return this.#bar.matches('.is-held');
  }

  /** @param {Range} shown */
  #show(shown) {
    const { start_frame: start, end_frame: end } = this.shown;
    if (!this.#clip || (shown.start_frame === start && shown.end_frame === end)) return;
    this.#shown = shown;
    this.#drawnLoaded = this.#drawnMarks = '';
    this.#drawClip(this.#clip);
    this.#onchange();
  }

  #listen() {
    const bar = this.#bar;
    const scrub = (/** @type {PointerEvent} */ event) => {
      if (!this.#player.clip) return;
      this.#player.scrub(frameAt(this.shown, shareAt(event)), event.timeStamp);
    };
    const shareAt = (/** @type {MouseEvent} */ event) => {
      const { left, width } = bar.getBoundingClientRect();
      return (event.clientX - left) / width;
    };
    bar.addEventListener('wheel', (event) => {
      const clip = this.#clip;
      if (!clip) return;
      event.preventDefault();
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      const isScroll = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      this.#show(isScroll
        ? scrolledBy(clip, this.shown, sideways / bar.clientWidth)
        : zoomedBy(clip, this.shown, 2 ** (event.deltaY / WHEEL_DOUBLES),
          frameAt(this.shown, shareAt(event))));
    }, { passive: false });
    let goesOn = false;
    bar.addEventListener('pointerdown', (event) => {
      goesOn = this.#player.playing;
      this.#player.pause();
      bar.setPointerCapture(event.pointerId);
      bar.classList.add('is-held');
      scrub(event);
    });
    bar.addEventListener('pointermove', (event) => {
      if (bar.hasPointerCapture(event.pointerId)) scrub(event);
    });
    bar.addEventListener('lostpointercapture', () => {
      bar.classList.remove('is-held');
      bar.blur(); // the next Tab is meant for the player
      if (goesOn) this.#player.play();
    });
  }

  /** @param {Clip} clip */
  #drawClip(clip) {
    this.#bar.setAttribute('aria-valuemin', String(clip.start_frame));
    this.#bar.setAttribute('aria-valuemax', String(clip.end_frame - 1));
    const { shown } = this;
    setText(byId('first-number'), String(shown.start_frame));
    setText(byId('last-number'), String(shown.end_frame - 1));
    byId('overview').hidden = !this.#isZoomed;
    place(byId('overview-part'), clip, { start: shown.start_frame, end: shown.end_frame });
    const zones = transitionZones(clip);
    byId('zones').replaceChildren(...zones.map((zone) => {
      const area = make('i', { className: 'zone', title: zone.title, data: { kind: zone.kind } });
      place(area, shown, zone);
      return area;
    }));
    const trimmed = trimmedZones(clip);
    for (const side of SIDES) {
      const zone = trimmed[side];
      const area = byId(`trim-${side}`);
      area.hidden = !zone;
      if (!zone) continue;
      place(area, shown, zone);
      area.title = `${zone.title}. ${fateOfTrimmed(this.#exportsTrimmed)}`;
    }
    const ends = [trimmed.start, trimmed.end].flatMap((zone) => zone ?? []);
    const inside = zones.filter((zone) => !ends.some((end) =>
      zone.start < end.end && zone.end > end.start));
    const suggested = suggestionZones(clip);
    const doubts = SIDES.flatMap((side) => this.#doubtAt(side, clip) ?? []);
    byId('doubts').replaceChildren(...[...doubts, ...suggested].filter((zone) => this.#isSeen(zone)).map((zone) => {
      const tick = make('i', { title: zone.title, data: { kind: zone.kind } });
      tick.style.left = percent(shareOf(shown, zone.start));
      return tick;
    }));
    const named = [...ends, ...inside, ...suggested].sort((a, b) => a.start - b.start);
    const fate = ends.length > 0 ? [fateOfTrimmed(this.#exportsTrimmed)] : [];
    const told = [...named, ...doubts].map(({ title }) => title);
    setText(byId('trim'), [...told, ...fate].join('. '));
    const seen = named.filter(({ start, end }) =>
      start < shown.end_frame && end > shown.start_frame);
    byId('names').replaceChildren(...seen.map((zone) => {
      const name = make('span', { textContent: zone.name, title: zone.title });
      name.dataset.at = String(shareOf(shown, (zone.start + zone.end) / 2));
      return name;
    }));
    this.#placeNames();
  }

  /** Where the cut at one end is doubtful. @param {'start' | 'end'} side @param {Clip} clip */
  #doubtAt(side, clip) {
    const doubt = doubtOfCut(clip, side, this.#sure);
    const start = clip[`${side}_frame`];
    const title = `${side}: ${kindOfCut(clip, start)}, ${doubt}`;
    return doubt ? { start, title, kind: `unsure-${side}` } : null;
  }

  #placeNames() {
    const row = byId('names');
    const names = /** @type {HTMLElement[]} */ ([...row.children]);
    if (names.length === 0) return;
    const width = row.clientWidth;
    const wishes = names.map((name) =>
      ({ at: Number(name.dataset.at) * width, width: name.offsetWidth }));
    spread(wishes, width, NAME_GAP).forEach((left, i) => {
      names[i].style.visibility = left === null ? 'hidden' : '';
      names[i].style.left = `${left ?? 0}px`;
    });
  }

  /** @param {'start' | 'end'} side @param {Clip | null} clip */
  #drawCut(side, clip) {
    const isStart = side === 'start';
    const edge = byId(`edge-${isStart ? 'before' : 'after'}`);
    const cut = byId(`cut-${side}`);
    const at = clip && (isStart ? clip.start_frame : clip.end_frame);
    const isThere = clip !== null && at !== null && at > 0 && at < clip.video.frame_count;
    edge.classList.toggle('is-none', !isThere);
    cut.classList.toggle('is-none', !isThere);
    edge.hidden = cut.hidden = !clip;
    if (!clip || at === null) return;
    const kind = isThere ? kindOfCut(clip, at) : 'cut';
    const doubt = doubtOfCut(clip, side, this.#sure);
    cut.dataset.kind = kind;
    cut.classList.toggle('is-doubtful', doubt !== '');
    setText(part(cut, '.doubt'), doubt && '?');
    cut.title = isThere
      ? `${kind} between frames ${at - 1} and ${at}${doubt && `, ${doubt}`}`
      : '';
    const other = isStart ? clip.previous : clip.next;
    const frame = isStart ? at - 1 : at;
    const whose = other ? `${clipName(other.id)}, ${stateWords(other.state)}` : 'no clip';
    const limit = isStart ? 'Start of the film' : 'End of the film';
    const caption = part(edge, 'figcaption');
    if (isThere && other && other.id > 0) {
      caption.replaceChildren(linkToClip(other.id, whose));
    } else {
      setText(caption, isThere ? whose : limit);
    }
    setText(part(edge, '.joined span'), doubt || kind);
    setText(part(edge, '.number'), isThere ? String(frame) : '');
    part(edge, 'canvas').setAttribute('aria-label', isThere ? `Frame ${frame}` : limit);
    for (const button of edge.querySelectorAll('button')) button.disabled = other === null;
  }

  /** @param {number[]} marks @param {number[]} stills */
  #drawMarks(marks, stills) {
    const { shown } = this;
    const key = `${shown.start_frame}-${shown.end_frame}:${marks.join()}:${stills.join()}`;
    if (key === this.#drawnMarks) return;
    this.#drawnMarks = key;
    const drawn = (/** @type {number} */ frame, /** @type {number} */ at, /** @type {string} */ title) => {
      const mark = make('i', { title });
      mark.style.left = percent(shareOf(shown, at));
      mark.dataset.frame = String(frame);
      return mark;
    };
    const seen = (/** @type {number[]} */ frames) => frames.filter((start) => this.#isSeen({ start }));
    byId('marks').replaceChildren(...seen(marks).map((frame) =>
      drawn(frame, frame, `A part begins at frame ${frame}`)));
    byId('stills').replaceChildren(...seen(stills).map((frame) =>
      drawn(frame, frame + 0.5, `Frame ${frame} is to be a still`)));
  }

  #drawLoaded() {
    const { shown } = this;
    const parts = this.#player.loaded;
    const key = `${shown.start_frame}-${shown.end_frame}:${parts.join()}`;
    if (key === this.#drawnLoaded) return;
    this.#drawnLoaded = key;
    byId('loaded').replaceChildren(...parts.map(([start, end]) => {
      const part = make('i');
      place(part, shown, { start, end });
      return part;
    }));
  }

  /** @param {Clip} clip */
  #drawKnob(clip) {
    const { presented } = this.#player;
    if (presented === null) return;
    const kind = transitionAt(clip, presented);
    const suggestion = suggestionAt(clip, presented);
    const where = [kind && `in a ${kind}`, suggestion && suggestionWords(suggestion)];
    const share = percent(Math.min(1, Math.max(0, shareOf(this.shown, presented + 0.5))));
    byId('knob').style.left = share;
    byId('played').style.width = share;
    this.#bar.setAttribute('aria-valuenow', String(presented));
    this.#bar.setAttribute('aria-valuetext', [String(presented), ...where].filter(Boolean).join(', '));
  }
}

/** @param {HTMLElement} element @param {string} selector */
const part = (element, selector) =>
  /** @type {HTMLElement} */ (element.querySelector(selector));

/** @param {HTMLElement} element @param {Range} shown @param {{start: number, end: number}} frames */
function place(element, shown, { start, end }) {
  element.style.left = percent(shareOf(shown, start));
  element.style.width = percent(shareOf(shown, end) - shareOf(shown, start));
}

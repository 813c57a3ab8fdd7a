/**
 * The row below the picture: the film strip with its cuts, and the bar with zones, marks and knob.
 *
 * @typedef {import('./queue.js').Clip} Clip
 * @typedef {import('../player/player.js').Player} Player
 */

import { byId, make, setText } from '../shared/dom.js';
import { linkToClip } from './lists.js';
import { clipName, stateWords } from '../shared/words.js';
import { doubtOfCut, suggestionAt, suggestionWords, suggestionZones } from './doubt.js';
import { frameAt, shareOf, spread } from './scale.js';
import { fateOfTrimmed, kindOfCut, transitionAt, transitionZones, trimmedZones } from './trims.js';

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
  #drawnLoaded = '';
  #drawnMarks = '';

  /** @param {Player} player @param {{exportsTrimmed: boolean, sure: number}} options `sure`: the
   * score from which on a cut shows no doubt */
  constructor(player, { exportsTrimmed, sure }) {
    this.#player = player;
    this.#exportsTrimmed = exportsTrimmed;
    this.#sure = sure;
    this.#listen();
    new ResizeObserver(() => this.#placeNames()).observe(byId('names'));
  }

  /** @param {Clip | null} clip on the screen @param {number[]} marks for a split */
  draw(clip, marks) {
    if (clip !== this.#clip) {
      this.#clip = clip;
      if (clip) this.#drawClip(clip);
      else byId('names').replaceChildren();
      for (const side of SIDES) this.#drawCut(side, clip);
    }
    if (!clip) return;
    this.#drawMarks(clip, marks);
    this.#drawLoaded(clip);
    this.#drawKnob(clip);
  }

  #listen() {
    const bar = this.#bar;
    const scrub = (/** @type {PointerEvent} */ event) => {
      if (!this.#player.clip) return;
      const { left, width } = bar.getBoundingClientRect();
      const frame = frameAt(this.#player.clip, (event.clientX - left) / width);
      this.#player.scrub(frame, event.timeStamp);
    };
    let goesOn = false;
    bar.addEventListener('pointerdown', (event) => {
      goesOn = this.#player.playing;
      this.#player.pause();
      bar.setPointerCapture(event.pointerId);
      scrub(event);
    });
    bar.addEventListener('pointermove', (event) => {
      if (bar.hasPointerCapture(event.pointerId)) scrub(event);
    });
    bar.addEventListener('lostpointercapture', () => {
      bar.blur(); // the next Tab is meant for the player
      if (goesOn) this.#player.play();
    });
  }

  /** @param {Clip} clip */
  #drawClip(clip) {
    this.#bar.setAttribute('aria-valuemin', String(clip.start_frame));
    this.#bar.setAttribute('aria-valuemax', String(clip.end_frame - 1));
    setText(byId('first-number'), String(clip.start_frame));
    setText(byId('last-number'), String(clip.end_frame - 1));
    const zones = transitionZones(clip);
    byId('zones').replaceChildren(...zones.map((zone) => {
      const area = make('i', { className: 'zone', title: zone.title, data: { kind: zone.kind } });
      place(area, clip, zone);
      return area;
    }));
    const trimmed = trimmedZones(clip);
    for (const side of SIDES) {
      const zone = trimmed[side];
      const area = byId(`trim-${side}`);
      area.hidden = !zone;
      if (!zone) continue;
      place(area, clip, zone);
      area.title = `${zone.title}. ${fateOfTrimmed(this.#exportsTrimmed)}`;
    }
    const ends = [trimmed.start, trimmed.end].flatMap((zone) => zone ?? []);
    const inside = zones.filter((zone) => !ends.some((end) =>
      zone.start < end.end && zone.end > end.start));
    const suggested = suggestionZones(clip);
    const doubts = SIDES.flatMap((side) => this.#doubtAt(side, clip) ?? []);
    byId('doubts').replaceChildren(...[...doubts, ...suggested].map((zone) => {
      const tick = make('i', { title: zone.title, data: { kind: zone.kind } });
      tick.style.left = percent(shareOf(clip, zone.start));
      return tick;
    }));
    const named = [...ends, ...inside, ...suggested].sort((a, b) => a.start - b.start);
    const fate = ends.length > 0 ? [fateOfTrimmed(this.#exportsTrimmed)] : [];
    const told = [...named, ...doubts].map(({ title }) => title);
    setText(byId('trim'), [...told, ...fate].join('. '));
    byId('names').replaceChildren(...named.map((zone) => {
      const name = make('span', { textContent: zone.name, title: zone.title });
      name.dataset.at = String(shareOf(clip, (zone.start + zone.end) / 2));
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

  /** @param {Clip} clip @param {number[]} marks */
  #drawMarks(clip, marks) {
    const key = `${clip.start_frame}-${clip.end_frame}:${marks.join()}`;
    if (key === this.#drawnMarks) return;
    this.#drawnMarks = key;
    byId('marks').replaceChildren(...marks.map((frame) => {
      const mark = make('i', { title: `A part begins at frame ${frame}` });
      mark.style.left = percent(shareOf(clip, frame));
      return mark;
    }));
  }

  /** @param {Clip} clip */
  #drawLoaded(clip) {
    const parts = this.#player.loaded;
    const key = `${clip.start_frame}-${clip.end_frame}:${parts.join()}`;
    if (key === this.#drawnLoaded) return;
    this.#drawnLoaded = key;
    byId('loaded').replaceChildren(...parts.map(([start, end]) => {
      const part = make('i');
      place(part, clip, { start, end });
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
    const share = percent(shareOf(clip, presented + 0.5));
    byId('knob').style.left = share;
    byId('played').style.width = share;
    this.#bar.setAttribute('aria-valuenow', String(presented));
    this.#bar.setAttribute('aria-valuetext', [String(presented), ...where].filter(Boolean).join(', '));
  }
}

/** @param {HTMLElement} element @param {string} selector */
const part = (element, selector) =>
  /** @type {HTMLElement} */ (element.querySelector(selector));

/** @param {HTMLElement} element @param {Clip} clip @param {{start: number, end: number}} frames */
function place(element, clip, { start, end }) {
  element.style.left = percent(shareOf(clip, start));
  element.style.width = percent(shareOf(clip, end) - shareOf(clip, start));
}

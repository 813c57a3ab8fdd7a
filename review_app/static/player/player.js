/**
 * The player: one clip, looped over exactly its own frames. `wanted` is the frame asked for,
 * `presented` the one on the screen; everything that people read or decide on is `presented`.
 *
 * @typedef {{proxy_id: string, width: number, height: number, has_audio: boolean, codec: string,
 *   description: string, sprites?: import('./sprites.js').Sprites | null}} PlayerVideo
 *   width and height are the proxy's
 * @typedef {{start_frame: number, end_frame: number, duration_seconds: number,
 *   video: PlayerVideo}} PlayerClip
 * @typedef {import('./decode.js').Ticket} Ticket
 * @typedef {import('./ladder.js').Source} Source
 * @typedef {import('./pictures.js').Picture} Picture
 */

import { LoopClock } from './clock.js';
import { runsInNeed } from './demand.js';
import { TICKS_PER_SECOND } from './frames.js';
import { Ladder } from './ladder.js';
import { isFrame, openFrames, release } from './pictures.js';
import { shuttled, validRate } from './rates.js';
import { remember, remembered } from './remember.js';
import { Ring } from './ring.js';
import { Sound } from './sound.js';
import { Stills } from './stills.js';
import { FrameStore } from './store.js';
import { Display, View, afterPaint } from './view.js';

/** Decoders stop when too many of their pictures stay open; 6 with the look-ahead's one. */
const MAX_OPEN = 5;
/** Of the frame at rest, decoded ahead: so far away are those that a key press may ask for. */
const STRIDES = [1, 10];
const NEXT_CLIPS = 5;
const PATIENCE_MS = 400;
/** While a clip plays nobody reads numbers faster than this, and to draw them costs time. */
const TELL_MS = 50;
const TELL_LOADING_MS = 100;
/** After a drag has moved, neighbours of the frame wait so long for it to move again. */
const SCRUB_MS = 120;

/** @param {PlayerClip} clip @param {number} frame */
const isFrameOf = (clip, frame) => clip.start_frame <= frame && frame < clip.end_frame;

/** @param {PlayerClip} clip */
const posterKey = (clip) => `${clip.video.proxy_id}/${clip.start_frame}`;

/** @param {PlayerClip} clip */
const audioUrl = ({ video, start_frame: a, end_frame: b }) =>
  video.has_audio ? `/media/${video.proxy_id}/audio/${a}-${b}.wav` : null;

/** @param {PlayerVideo} video @returns {Source} */
const sourceFrom = (video) => ({
  codec: video.codec,
  description: Uint8Array.from(atob(video.description), (c) => c.charCodeAt(0)),
  width: video.width,
  height: video.height,
  url: `/media/${video.proxy_id}/proxy.mp4`,
  video: { proxy_id: video.proxy_id, sprites: video.sprites ?? null },
});

export class Player {
  /** @type {PlayerClip | null} */ clip = null;
  playing = false;
  wanted = 0;
  /** @type {number | null} */ presented = null;
  /** -8 to 8, never 0; below 0 backward. */
  rate;
  sound = new Sound(() => this.#onchange());
  stills;
  #view;
  #onchange;
  #store;
  #ladder;
  #display = new Display();
  #ring = new Ring();
  /** @type {LoopClock | null} */ #clock = null;
  /** Raised with each clip: pictures of the one before are of no use. */
  #generation = 0;
  /** What the demand was last made of. */
  #demanded = '';
  /** @type {PlayerClip[]} */ #next = [];
  /** By proxy. @type {Map<string, Source>} */ #sources = new Map();
  #raf = 0;
  /** True within an animation frame: what is drawn then belongs to the picture under way. */
  #isInFrame = false;
  /** @type {{name: string, since: number, frame: number} | null} */ #mark = null;
  #waitingSince = 0;
  #scrubbedAt = -SCRUB_MS;
  /** Frames that the last step went. */
  #stride = 1;
  #late = 0;
  #ticks = 0;
  #toldAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #tellingLoading;

  /** @param {{canvas: HTMLCanvasElement, onchange?: () => void}} options */
  constructor({ canvas, onchange = () => {} }) {
    this.rate = this.#rememberedRate();
    this.#view = new View(canvas);
    this.#onchange = onchange;
    this.#store = new FrameStore({
      // Who reads the frames elsewhere needs from here only their times.
      fetchRun: ({ proxy, a, b }, signal, urgent) =>
        fetch(`/media/${proxy}/${this.#ladder.needsBytes ? 'frames' : 'index'}/${a}-${b}`, {
          signal,
          priority: urgent ? 'high' : 'low',
        }),
      onchange: () => this.#loaded(),
    });
    this.stills = new Stills({
      sourceOf: (proxyId, clip) => (clip ? this.#source(clip) : this.#sources.get(proxyId) ?? null),
      onchange: () => {
        this.#wake();
        this.#onchange();
      },
    });
    this.#ladder = new Ladder({
      onpicture: (ticket, picture) => this.#arrived(ticket, picture),
      onstill: (ticket, picture) => void this.stills.keep(ticket, picture),
      onlost: () => this.#lost(),
      onchange: () => this.#enginesChanged(),
    });
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.sound.stop();
    });
  }

  /** What shows the frames: a name for the status line. */
  get engineName() {
    return this.#ladder.engine?.name ?? '';
  }

  /** Why the picture does not come from WebCodecs; null if it does. */
  get reason() {
    return this.#ladder.reason;
  }

  /** Why there is no picture, or why frames don't load; null if all is well. */
  get trouble() {
    return this.#ladder.error ?? this.#store.trouble;
  }

  /** True once the picture has been late for longer than a person overlooks. */
  get waiting() {
    return this.#waitingSince > 0 && performance.now() - this.#waitingSince >= PATIENCE_MS;
  }

  /** Seconds from the beginning of the video to the frame on the screen; null before it is. */
  get presentedSeconds() {
    if (!this.clip || this.presented === null) return null;
    const interval = this.#store.interval(this.clip.video.proxy_id, this.presented);
    return interval && interval[0] / TICKS_PER_SECOND;
  }

  /** The loaded parts of the clip. @returns {[number, number][]} */
  get loaded() {
    const { clip } = this;
    return clip
      ? this.#store.loaded(clip.video.proxy_id, clip.start_frame, clip.end_frame)
      : [];
  }

  /** `ticks`: pictures of the display while a clip played; `late`: those that did not show the
   * frame that was due. */
  get stats() {
    return {
      openFrames: openFrames.now,
      mostOpen: openFrames.most,
      encodedBytes: this.#store.byteLength,
      late: this.#late,
      ticks: this.#ticks,
    };
  }

  /** The first picture of one of the next clips, once it has been decoded.
   * @param {PlayerClip} clip */
  poster(clip) {
    return this.stills.poster(clip.video.proxy_id, clip.start_frame);
  }

  /** The wave form of a clip in n parts, 0 to 1; null while it isn't here, or without sound.
   * @param {PlayerClip} clip @param {number} n */
  peaks(clip, n) {
    return this.sound.peaks(audioUrl(clip), n);
  }

  /**
   * Shows a clip from its first frame on, at the rate that was chosen last; or one frame of it, at
   * rest.
   * @param {PlayerClip} clip @param {{since?: number, at?: number}} [options] `since`: time of the
   *   key press, `at`: the frame
   */
  open(clip, { since, at } = {}) {
    this.#forget();
    this.clip = clip;
    const source = this.#source(clip);
    this.wanted = this.#ladder.nearest(source, clip, at ?? clip.start_frame);
    const proxy = clip.video.proxy_id;
    this.#clock = new LoopClock({
      start: clip.start_frame,
      end: clip.end_frame,
      interval: (n) => (this.#store.sample(proxy, n) ? this.#store.interval(proxy, n) : null),
      now: () => performance.now(),
    });
    this.rate = this.#clock.rate = this.#rememberedRate();
    this.playing = at === undefined;
    this.#aim(this.playing ? 'next' : 'seek', since);
    this.sound.use(audioUrl(clip), clip.duration_seconds);
    const poster = this.poster(clip);
    if (poster && this.wanted === clip.start_frame) this.#paint(clip.start_frame, poster);
    void this.#ladder.choose(source);
    this.#wake();
    this.#onchange();
  }

  /** Nothing to show. */
  clear() {
    this.#forget();
    this.clip = null;
    this.playing = false;
    this.#waitingSince = 0;
    this.sound.use(null, 0);
    this.#view.clear();
    this.#onchange();
  }

  /** The clips that will come next, to be loaded ahead. @param {PlayerClip[]} clips */
  expect(clips) {
    this.#next = clips.slice(0, NEXT_CLIPS);
    this.stills.expect(
      this.#next.map((clip) => ({ source: this.#source(clip), frame: clip.start_frame })),
      this.clip ? posterKey(this.clip) : '',
    );
    this.#demanded = '';
    const [next] = this.#next;
    const sound = next && audioUrl(next);
    if (sound && !this.sound.muted) void this.sound.load(sound, next.duration_seconds);
    this.#wake();
  }

  play() {
    if (!this.clip || this.playing) return;
    this.playing = true;
    this.#clock?.restart(this.wanted);
    this.#wake();
    this.#onchange();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.sound.stop();
    if (this.presented !== null) this.wanted = this.presented;
    this.#wake();
    this.#onchange();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** How fast, from now on and in the next clips; backward only in this one.
   * @param {number} rate */
  setRate(rate) {
    this.rate = validRate(rate);
    if (this.rate > 0) remember('rate', this.rate);
    if (this.#clock) this.#clock.rate = this.rate;
    this.#wake();
    this.#onchange();
  }

  /** Plays faster forward (1) or backward (-1). @param {1 | -1} direction */
  shuttle(direction) {
    this.setRate(shuttled(this.rate, this.playing, direction));
    this.play();
  }

  /** Stops, and forgets the rate. */
  halt() {
    this.pause();
    this.setRate(1);
  }

  /** Moves by frames and stays there. @param {number} frames @param {number} [since] */
  step(frames, since) {
    const { clip } = this;
    if (!clip) return;
    this.pause();
    const grain = this.#ladder.grain(this.#source(clip));
    const least = Math.sign(frames) * Math.max(Math.abs(frames), grain);
    this.#stride = frames;
    this.#goTo(this.wanted + least, 'step', since);
  }

  /** Goes to a frame, or the nearest one of the clip. @param {number} frame
   * @param {number} [since] time of the key press */
  seek(frame, since) {
    this.#goTo(frame, 'seek', since);
  }

  /** Goes to a frame while a pointer is being dragged: only where it is now counts.
   * @param {number} frame @param {number} [since] */
  scrub(frame, since) {
    this.pause();
    this.#scrubbedAt = performance.now();
    setTimeout(() => this.#wake(), SCRUB_MS);
    this.#goTo(frame, 'seek', since);
  }

  /** @param {number} frame @param {string} name @param {number | undefined} since */
  #goTo(frame, name, since) {
    const { clip } = this;
    if (!clip) return;
    const inside = Math.min(clip.end_frame - 1, Math.max(clip.start_frame, Math.round(frame)));
    this.wanted = this.#ladder.nearest(this.#source(clip), clip, inside);
    this.#aim(name, since);
    if (this.playing) {
      this.sound.stop();
      this.#clock?.restart(this.wanted);
    }
    this.#showWanted();
    this.#feed();
    // At rest the picture is painted when it comes: an animation frame before that would be the one
    // that it has to wait for.
    if (this.playing) this.#wake();
    else this.#noteWaiting();
  }

  /** @param {string} name @param {number | undefined} since */
  #aim(name, since) {
    this.#mark = since === undefined ? null : { name, since, frame: this.wanted };
  }

  #rememberedRate() {
    return validRate(Number(remembered('rate') ?? 1));
  }

  /** What belongs to the clip that was shown. */
  #forget() {
    this.#generation += 1;
    this.#ring.clear();
    this.presented = null;
    this.#demanded = '';
  }

  /** More bytes are here, or something keeps them away. */
  #loaded() {
    if (this.presented === null || this.presented !== this.wanted) this.#feed();
    this.#feedScout();
    this.#tellingLoading ??= setTimeout(() => {
      this.#tellingLoading = undefined;
      this.#wake();
      this.#onchange();
    }, TELL_LOADING_MS);
  }

  /** @param {PlayerClip} clip @returns {Source} */
  #source({ video }) {
    let source = this.#sources.get(video.proxy_id);
    if (!source) {
      source = sourceFrom(video);
      this.#sources.set(video.proxy_id, source);
    }
    return source;
  }

  #lost() {
    this.stills.lost();
    this.#wake();
  }

  #enginesChanged() {
    const { clip } = this;
    this.#generation += 1;
    this.#ring.clear();
    if (clip) this.wanted = this.#ladder.nearest(this.#source(clip), clip, this.wanted);
    this.#lost();
    this.#onchange();
  }

  #wake() {
    this.#raf ||= requestAnimationFrame((now) => this.#tick(now));
  }

  /** @param {number} now */
  #tick(now) {
    this.#raf = 0;
    const { clip } = this;
    if (!clip || !this.#clock) return;
    this.#display.note(now);
    if (this.playing) this.#followClock(clip, this.#clock, now);
    this.#isInFrame = true;
    this.#showWanted();
    this.#isInFrame = false;
    if (this.playing && !this.#clock.stalled) {
      this.#ticks += 1;
      if (this.presented !== this.wanted) this.#late += 1;
    }
    this.#feed();
    this.#feedScout();
    this.#noteWaiting();
    if (this.playing) this.#wake();
  }

  /** @param {PlayerClip} clip @param {LoopClock} clock @param {number} now */
  #followClock(clip, clock, now) {
    clock.displayMs = this.#display.ms;
    this.wanted = this.#ladder.nearest(this.#source(clip), clip, clock.due(now));
    void this.sound.follow(clock.position, this.rate);
  }

  /** Frames from the one on the screen to `frame` in the direction of play, around the loop.
   * @param {number} frame */
  #distance(frame) {
    const clip = /** @type {PlayerClip} */ (this.clip);
    const length = clip.end_frame - clip.start_frame;
    const forward = frame - (this.presented ?? this.wanted);
    return ((this.rate < 0 ? -forward : forward) + length) % length;
  }

  /** Paints what is due of the frames decoded ahead. */
  #showWanted() {
    if (this.wanted === this.presented) return;
    let due = this.#ring.has(this.wanted) ? this.wanted : null;
    if (due === null && this.playing && this.presented !== null) {
      const limit = this.#distance(this.wanted);
      for (const frame of this.#ring.frames()) {
        const ahead = this.#distance(frame);
        if (ahead <= limit && (due === null || ahead > this.#distance(due))) due = frame;
      }
    }
    const picture = due === null ? undefined : this.#ring.take(due);
    if (due === null || !picture) return;
    this.#paint(due, picture);
    release(picture);
  }

  /** @param {Ticket} ticket @param {Picture} picture */
  #arrived(ticket, picture) {
    const { frame, generation, show } = ticket;
    if (generation !== this.#generation) {
      release(picture);
    } else if (this.#isDue(frame, show)) {
      this.#paint(frame, picture);
      release(picture);
    } else if (isFrame(picture)) {
      this.#keep(frame, picture);
    }
    this.#feed();
    this.#feedScout();
    this.#noteWaiting();
  }

  /** At rest as what is drawn at once; while a clip plays there is no time to make that.
   * @param {number} frame @param {VideoFrame} picture */
  #keep(frame, picture) {
    const { clip } = this;
    if (this.playing || !clip) {
      this.#ring.put(frame, picture);
      return;
    }
    const { width, height } = clip.video;
    void this.#ring.putBitmap(frame, picture, width, height).then((isKept) => {
      if (isKept) this.#showWanted();
      this.#feed();
    });
  }

  /** @param {number} frame @param {boolean} show */
  #isDue(frame, show) {
    if (this.wanted === this.presented) return false;
    if (frame === this.wanted) return true;
    // Late: better shown than skipped, as long as the picture moves towards the wanted one.
    if (this.playing && this.presented !== null) {
      return frame !== this.presented && this.#distance(frame) < this.#distance(this.wanted);
    }
    return show && !this.playing;
  }

  /** @param {number} frame @param {CanvasImageSource} picture */
  #paint(frame, picture) {
    const { clip } = this;
    if (!clip || !isFrameOf(clip, frame)) return;
    this.#view.draw(picture, clip.video.width, clip.video.height);
    this.presented = frame;
    const mark = this.#mark;
    if (mark && mark.frame === frame) {
      this.#mark = null;
      afterPaint(() => {
        const measure = { start: mark.since, end: performance.now(), detail: { frame } };
        performance.measure(`heaters:${mark.name}`, measure);
      }, this.#isInFrame);
    }
    this.#tellOfPaint();
  }

  /** The picture comes first, what is told about it with the display's next one. */
  #tellOfPaint() {
    const now = performance.now();
    if (this.playing && now - this.#toldAt < TELL_MS) return;
    this.#toldAt = now;
    afterPaint(this.#onchange, this.#isInFrame);
  }

  /** The frames to decode, most wanted first. */
  #targets() {
    const { wanted } = this;
    const ahead = this.#ladder.engine?.ahead ?? 0;
    if (ahead === 0) return [wanted];
    if (this.playing) return [wanted, ...(this.#clock?.upcoming(ahead) ?? [])];
    const likely = [this.#stride, -this.#stride, ...STRIDES.flatMap((far) => [far, -far])];
    return [wanted, ...new Set(likely.map((far) => wanted + far))];
  }

  #feed() {
    const { clip } = this;
    if (!clip) return;
    this.#demand(clip);
    const { engine } = this.#ladder;
    if (!engine) return;
    const proxy = clip.video.proxy_id;
    const targets = this.#targets().filter((frame) => isFrameOf(clip, frame));
    this.#ring.keep(targets);
    // At rest one at a time, so that a key press never waits for more than one.
    const most = this.playing ? engine.most : 1;
    const isMoving = !this.playing && (this.wanted !== this.presented ||
      performance.now() - this.#scrubbedAt < SCRUB_MS);
    for (const frame of isMoving ? targets.slice(0, 1) : targets) {
      if (frame === this.presented || this.#ring.has(frame)) continue;
      if (engine.awaits(frame, this.#generation)) continue;
      if (engine.inFlight + this.#ring.making >= most) break;
      if (engine.inFlight + this.#ring.size >= MAX_OPEN) break;
      const bytes = this.#store.sample(proxy, frame);
      const interval = this.#store.interval(proxy, frame);
      if (!bytes || !interval) continue;
      engine.use(this.#source(clip));
      const show = frame === this.wanted;
      engine.submit({ frame, generation: this.#generation, show }, bytes, interval);
    }
  }

  /** Asks the store for what is needed from here on, when that has changed.
   * @param {PlayerClip} clip */
  #demand(clip) {
    const stills = this.stills.wishes
      .map(({ source, frame }) => ({ proxy: source.video.proxy_id, frame }))
      .filter(({ proxy, frame }) => !this.#store.sample(proxy, frame));
    const backward = this.playing && this.rate < 0;
    const runs = runsInNeed({ clip, wanted: this.wanted, backward, next: this.#next, stills });
    const key = runs.map(({ proxy, a, b }) => `${proxy}/${a}-${b}`).join();
    if (key === this.#demanded) return;
    this.#demanded = key;
    this.#store.demand(runs);
  }

  /** Has a still made, when the picture is not waiting. */
  #feedScout() {
    if (this.#ladder.scout && this.presented !== null) {
      this.stills.feed(this.#ladder.scout, this.#store);
    }
  }

  #noteWaiting() {
    const late = this.clip !== null && (this.presented === null ||
      (this.playing ? this.#clock?.stalled : this.presented !== this.wanted));
    if (!late) {
      if (this.waiting) queueMicrotask(() => this.#onchange());
      this.#waitingSince = 0;
    } else if (this.#waitingSince === 0) {
      this.#waitingSince = performance.now();
      setTimeout(() => this.#onchange(), PATIENCE_MS + 20);
    }
  }
}

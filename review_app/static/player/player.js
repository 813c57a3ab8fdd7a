/**
 * The player: one clip, looped over exactly its own frames. `wanted` is the frame asked for,
 * `presented` the one on the screen; everything that people read or decide on is `presented`.
 *
 * @typedef {{proxy_id: string, width: number, height: number, has_audio: boolean, codec: string,
 *   description: string, sprites?: import('./sprites.js').Sprites | null}} PlayerVideo
 *   width and height are the proxy's
 * @typedef {{start_frame: number, end_frame: number, duration_seconds: number,
 *   video: PlayerVideo}} PlayerClip
 */

import { TICKS_PER_SECOND } from './frames.js';
import { openFrames } from './pictures.js';
import { Playback } from './playback.js';
import { Projector } from './projector.js';
import { shuttled, validRate } from './rates.js';
import { remember, remembered } from './remember.js';
import { Sound } from './sound.js';
import { Supply } from './supply.js';
import { afterPaint } from './view.js';
import { Patience, Stopwatch } from './waits.js';

/** Frames away from the one at rest that a key press may ask for. */
const STRIDES = [1, 10];
const AHEAD = 4;
/** While a clip plays nobody reads numbers faster than this, and to draw them costs time. */
const TELL_MS = 50;
const TELL_LOADING_MS = 100;
/** After a drag has moved, neighbours of the frame wait so long for it to move again. */
const SCRUB_MS = 120;

/** The address of a clip's sound. @param {PlayerClip} clip */
const soundOf = ({ video, start_frame: a, end_frame: b }) =>
  video.has_audio ? `/media/${video.proxy_id}/audio/${a}-${b}` : null;

export class Player {
  /** @type {PlayerClip | null} */ clip = null;
  playing = false;
  wanted = 0;
  /** -8 to 8, never 0; below 0 backward. */
  rate = rememberedRate();
  sound = new Sound(() => this.#onchange());
  /** Shows another clip in step with this one. @type {import('./follower.js').Follower | null} */
  follower = null;
  #onchange;
  /** @type {Supply} */ #supply;
  /** @type {Projector} */ #projector;
  #stopwatch = new Stopwatch();
  #patience = new Patience(() => this.#onchange());
  #playback;
  #raf = 0;
  /** True within an animation frame: what is drawn then belongs to the picture under way. */
  #isInFrame = false;
  /** True until the first frame of a clip is on the screen that was there when it was opened. */
  #isBeginning = false;
  #scrubbedAt = -SCRUB_MS;
  /** Called once the clip has been played to its end. @type {(() => void) | undefined} */ #onend;
  /** Frames that the last step went. */
  #stride = 1;
  #toldAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #tellingLoading;

  /** @param {{canvas: HTMLCanvasElement, onchange?: () => void}} options */
  constructor({ canvas, onchange = () => {} }) {
    this.#onchange = onchange;
    this.#supply = new Supply({
      needsBytes: () => this.#projector.ladder.needsBytes,
      onload: () => this.#loaded(),
      onstill: () => this.#wakeAndTell(),
    });
    this.#playback = new Playback(this.#supply);
    this.#projector = new Projector({
      canvas,
      supply: this.#supply,
      onpaint: (frame) => this.#painted(frame),
      onarrival: () => {
        this.#feedScout();
        this.#noteWaiting();
      },
      onlost: () => this.#wake(),
      onchange: () => {
        if (this.clip) this.wanted = this.#nearest(this.clip, this.wanted);
        this.#playback.awaitInstead(this.wanted);
        this.#wakeAndTell();
      },
    });
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.sound.stop();
    });
  }

  /** The frame on the screen; null until there is one of the clip. */
  get presented() {
    return this.#projector.presented;
  }

  /** Single frames as small pictures, by name. */
  get stills() {
    return this.#supply.stills;
  }

  /** What shows the frames: a name for the status line. */
  get engineName() {
    return this.#projector.ladder.engine?.name ?? '';
  }

  /** Why the picture does not come from WebCodecs; null if it does. */
  get reason() {
    return this.#projector.ladder.reason;
  }

  /** Why there is no picture, or why frames don't load; null if all is well. */
  get trouble() {
    return this.#projector.ladder.error ?? this.#supply.trouble;
  }

  /** True once the picture has been late for longer than a person overlooks. */
  get waiting() {
    return this.#patience.isOver;
  }

  /** Seconds from the beginning of the video to the frame on the screen; null before it is. */
  get presentedSeconds() {
    if (!this.clip || this.presented === null) return null;
    const interval = this.#supply.interval(this.clip, this.presented);
    return interval && interval[0] / TICKS_PER_SECOND;
  }

  /** The loaded parts of the clip. @returns {[number, number][]} */
  get loaded() {
    return this.clip ? this.#supply.loaded(this.clip) : [];
  }

  /** For tests and benchmarks. */
  get stats() {
    return {
      openFrames: openFrames.now,
      mostOpen: openFrames.most,
      encodedBytes: this.#supply.byteLength,
      ...this.#playback.stats,
    };
  }

  /** The first picture of one of the next clips, once it has been decoded.
   * @param {Pick<PlayerClip, 'start_frame' | 'video'>} clip */
  poster(clip) {
    return this.#supply.poster(clip);
  }

  /** The wave form of some frames of a clip in n parts, 0 to 1; null while it isn't here, or without
   * sound. @param {PlayerClip} clip @param {{start_frame: number, end_frame: number}} frames
   * @param {number} n */
  peaks(clip, frames, n) {
    const seconds = (/** @type {number} */ frame) =>
      ((frame - clip.start_frame) * clip.duration_seconds) / (clip.end_frame - clip.start_frame);
    const [from, to] = [seconds(frames.start_frame), seconds(frames.end_frame)];
    return this.sound.peaks(soundOf(clip), from, to, n);
  }

  /**
   * Shows a clip from its first frame on, at the rate that was chosen last; or one frame of it, at
   * rest.
   * @param {PlayerClip} clip @param {{since?: number, at?: number, onend?: () => void}} [options]
   *   `since`: time of the key press, `at`: the frame, `onend`: called where the clip would begin
   *   anew
   */
  open(clip, { since, at, onend } = {}) {
    this.clip = clip;
    this.#onend = onend;
    this.playing = at === undefined;
    this.wanted = this.#nearest(clip, at ?? clip.start_frame);
    this.rate = rememberedRate();
    this.#playback.open(clip, this.wanted, this.rate);
    this.#stopwatch.start(this.playing ? 'next' : 'seek', since, this.wanted);
    this.#projector.open(clip);
    this.sound.stop();
    const poster = this.wanted === clip.start_frame ? this.poster(clip) : null;
    this.#isBeginning = poster !== null;
    if (poster) {
      this.#projector.paint(this.wanted, poster);
      // Whatever else there is to do for a clip waits until its first frame is on the screen.
      afterPaint(() => {
        if (this.clip === clip) this.#begin(clip);
      });
    } else {
      this.#begin(clip);
    }
  }

  /** @param {PlayerClip} clip */
  #begin(clip) {
    this.#isBeginning = false;
    this.sound.use(soundOf(clip), clip.duration_seconds);
    this.#wakeAndTell();
  }

  /** Nothing to show. */
  clear() {
    this.clip = null;
    this.playing = false;
    this.#patience.note(false);
    this.#projector.open(null);
    this.#supply.clear();
    this.sound.use(null, 0);
    this.#onchange();
  }

  /** The clips that will come next, to be loaded ahead. @param {PlayerClip[]} clips */
  expect(clips) {
    this.#supply.expect(clips, this.clip);
    const sound = clips.length > 0 ? soundOf(clips[0]) : null;
    if (sound) this.sound.expect(sound);
    this.#wake();
  }

  /** The server is there again: tries at once what did not load. */
  retry() {
    this.#supply.retry();
  }

  /** Shows the same frame again, for whoever follows. */
  refresh() {
    this.#wake();
  }

  play() {
    if (!this.clip || this.playing) return;
    this.playing = true;
    this.#playback.restart(this.wanted);
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
    this.#playback.setRate(this.rate);
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
    const grain = this.#projector.ladder.grain(this.#supply.source(clip));
    this.#stride = frames;
    const least = Math.sign(frames) * Math.max(Math.abs(frames), grain);
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
    this.wanted = this.#nearest(clip, inside);
    this.#stopwatch.start(name, since, this.wanted);
    if (this.playing) {
      this.sound.stop();
      this.#playback.restart(this.wanted);
    }
    this.#show(clip);
    // At rest the picture is painted when it comes: an animation frame before that would be the one
    // that it has to wait for.
    if (this.playing) this.#wake();
    else this.#noteWaiting();
  }

  /** The frame that can be shown for `frame`. @param {PlayerClip} clip @param {number} frame */
  #nearest(clip, frame) {
    return this.#projector.ladder.nearest(this.#supply.source(clip), clip, frame);
  }

  /** More bytes are here, or something keeps them away. */
  #loaded() {
    if (this.presented !== this.wanted) this.#projector.feed();
    this.#feedScout();
    this.#tellingLoading ??= setTimeout(() => {
      this.#tellingLoading = undefined;
      this.#wakeAndTell();
    }, TELL_LOADING_MS);
  }

  #wake() {
    this.#raf ||= requestAnimationFrame((now) => this.#tick(now));
  }

  #wakeAndTell() {
    this.#wake();
    this.#onchange();
  }

  /** @param {number} now */
  #tick(now) {
    this.#raf = 0;
    const { clip } = this;
    if (!clip || this.#isBeginning) return;
    const due = this.playing ? this.#playback.due(now, this.presented) : null;
    if (this.playing && this.#onend && this.#playback.laps > 0) {
      this.#onend();
      return;
    }
    if (due !== null) {
      this.wanted = this.#nearest(clip, due);
      this.sound.follow(this.#playback.position, this.rate);
    }
    this.#isInFrame = true;
    this.#show(clip);
    this.#isInFrame = false;
    if (this.playing) this.#playback.note(this.presented === this.wanted);
    this.#feedScout();
    this.#noteWaiting();
    if (this.playing) this.#wake();
  }

  /** @param {PlayerClip} clip */
  #show(clip) {
    const isBackward = this.playing && this.rate < 0;
    const aim = {
      wanted: this.wanted,
      ahead: this.#ahead(clip),
      isPlaying: this.playing,
      isBackward,
      mayCatchUp: this.playing && !this.#playback.isAwaiting,
    };
    this.#projector.show(aim);
    this.follower?.follow(clip, aim);
    this.#supply.demand(clip, this.wanted, isBackward);
  }

  /** What may be wanted next, most likely first. @param {PlayerClip} clip */
  #ahead(clip) {
    if (this.playing) return this.#playback.upcoming(AHEAD);
    if (performance.now() - this.#scrubbedAt < SCRUB_MS) return [];
    const far = [this.#stride, -this.#stride, ...STRIDES.flatMap((each) => [each, -each])];
    return [...new Set(far.map((each) => this.wanted + each))].filter(
      (frame) => clip.start_frame <= frame && frame < clip.end_frame,
    );
  }

  /** @param {number} frame */
  #painted(frame) {
    this.#stopwatch.stop(frame, this.#isInFrame);
    // The picture comes first, what is told about it with the display's next one.
    const now = performance.now();
    if (this.playing && now - this.#toldAt < TELL_MS) return;
    this.#toldAt = now;
    afterPaint(this.#onchange, this.#isInFrame);
  }

  /** Has a still made, when the picture is not waiting. */
  #feedScout() {
    const { scout } = this.#projector.ladder;
    if (scout && this.presented !== null) this.#supply.feed(scout);
  }

  #noteWaiting() {
    const isStuck = this.playing ? this.#playback.isStalled : this.presented !== this.wanted;
    this.#patience.note(this.clip !== null && (this.presented === null || isStuck));
  }
}

const rememberedRate = () => validRate(Number(remembered('rate') ?? 1));

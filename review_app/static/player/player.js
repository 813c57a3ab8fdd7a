/**
 * The player: one clip, looped over exactly its own frames. `wanted` is the frame asked for,
 * `presented` the one on the screen; everything that people read or decide on is `presented`.
 *
 * @typedef {{proxy_id: string, width: number, height: number, has_audio: boolean, codec: string,
 *   description: string}} PlayerVideo  width and height are the proxy's
 * @typedef {{start_frame: number, end_frame: number, duration_seconds: number,
 *   video: PlayerVideo}} PlayerClip
 * @typedef {import('./decode.js').Ticket} Ticket
 * @typedef {import('./decode.js').SourceConfig & {url: string}} Source
 */

import { LoopClock } from './clock.js';
import { DecodeSession, whyNoWebCodecs } from './decode.js';
import { SeekSession } from './fallback.js';
import { FrameStore, inPlayOrder, planRuns } from './frames.js';
import { Sound } from './sound.js';
import { View, afterPaint } from './view.js';

/** Decoders stop when too many of their pictures stay open; 6 with the look-ahead's one. */
const MAX_OPEN = 5;
const RUNS_AHEAD = 16;
const NEXT_CLIPS = 5;
const NEXT_CLIP_FRAMES = 128;
const PATIENCE_MS = 400;

/** @param {PlayerClip} clip @param {number} frame */
const isFrameOf = (clip, frame) => clip.start_frame <= frame && frame < clip.end_frame;

/** @param {PlayerClip} clip */
const posterKey = (clip) => `${clip.video.proxy_id}/${clip.start_frame}`;

/** @param {PlayerClip} clip */
const audioUrl = ({ video, start_frame: a, end_frame: b }) =>
  video.has_audio ? `/media/${video.proxy_id}/audio/${a}-${b}.wav` : null;

export class Player {
  /** @type {PlayerClip | null} */ clip = null;
  playing = false;
  wanted = 0;
  /** @type {number | null} */ presented = null;
  /** Why the picture does not come from WebCodecs; null if it does. @type {string | null} */
  reason = null;
  /** Why there is no picture at all. @type {string | null} */ error = null;
  sound = new Sound();
  #view;
  #onchange;
  #store;
  /** @type {DecodeSession | SeekSession | null} */ #engine = null;
  /** Makes the posters. @type {DecodeSession | SeekSession | null} */ #scout = null;
  #generation = 0;
  /** Decoded ahead of need. @type {Map<number, VideoFrame>} */ #ring = new Map();
  /** @type {LoopClock | null} */ #clock = null;
  /** @type {import('./frames.js').Run[]} */ #runs = [];
  #demandedRun = -1;
  /** @type {PlayerClip[]} */ #next = [];
  /** @type {Map<string, ImageBitmap>} */ #posters = new Map();
  /** @type {Map<string, Source>} */ #sources = new Map();
  /** The poster that is being made. @type {string | null} */ #scouted = null;
  #raf = 0;
  /** @type {{name: string, since: number, frame: number} | null} */ #mark = null;
  #waitingSince = 0;

  /** @param {{canvas: HTMLCanvasElement, onchange?: () => void}} options */
  constructor({ canvas, onchange = () => {} }) {
    this.#view = new View(canvas);
    this.#onchange = onchange;
    this.#store = new FrameStore({
      // The video element reads the frames itself; all it needs from here is their times.
      fetchRun: ({ proxy, a, b }, signal, urgent) =>
        fetch(`/media/${proxy}/${this.reason ? 'index' : 'frames'}/${a}-${b}`, {
          signal,
          priority: urgent ? 'high' : 'low',
        }),
      onchange: () => {
        this.#wake();
        this.#onchange();
      },
    });
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.sound.stop();
    });
  }

  /** What shows the frames: a name for the status line. */
  get engineName() {
    return this.#engine?.name ?? '';
  }

  /** Why frames don't load, or null. */
  get trouble() {
    return this.error ?? this.#store.trouble;
  }

  /** True once the picture has been late for longer than a person overlooks. */
  get waiting() {
    return this.#waitingSince > 0 && performance.now() - this.#waitingSince >= PATIENCE_MS;
  }

  /** Seconds from the beginning of the video to the frame on the screen; null before it is. */
  get presentedSeconds() {
    if (!this.clip || this.presented === null) return null;
    const interval = this.#store.interval(this.clip.video.proxy_id, this.presented);
    return interval && interval[0] / 90_000;
  }

  /** The loaded parts of the clip. @returns {[number, number][]} */
  get loaded() {
    const { clip } = this;
    return clip
      ? this.#store.loaded(clip.video.proxy_id, clip.start_frame, clip.end_frame)
      : [];
  }

  /** The first picture of one of the next clips, once it has been decoded.
   * @param {PlayerClip} clip */
  poster(clip) {
    return this.#posters.get(posterKey(clip)) ?? null;
  }

  /**
   * Shows a clip from its first frame on.
   * @param {PlayerClip} clip @param {{since?: number}} [options] `since`: time of the key press
   */
  open(clip, { since } = {}) {
    this.#generation += 1;
    this.#emptyRing(new Set());
    this.clip = clip;
    this.wanted = clip.start_frame;
    this.presented = null;
    const proxy = clip.video.proxy_id;
    this.#runs = planRuns(proxy, clip.start_frame, clip.end_frame);
    this.#clock = new LoopClock({
      start: clip.start_frame,
      end: clip.end_frame,
      interval: (n) => (this.#store.sample(proxy, n) ? this.#store.interval(proxy, n) : null),
      now: () => performance.now(),
    });
    this.playing = true;
    this.error = null;
    this.#aim('next', since);
    this.sound.use(audioUrl(clip), clip.duration_seconds);
    const poster = this.#posters.get(posterKey(clip));
    if (poster) this.#paint(clip.start_frame, poster);
    this.#demandedRun = -1;
    void this.#choose(this.#source(clip));
    this.#wake();
    this.#onchange();
  }

  /** Nothing to show. */
  clear() {
    this.#generation += 1;
    this.#emptyRing(new Set());
    this.clip = null;
    this.presented = null;
    this.playing = false;
    this.#waitingSince = 0;
    this.sound.use(null, 0);
    this.#view.clear();
    this.#onchange();
  }

  /** The clips that will come next, to be loaded ahead. @param {PlayerClip[]} clips */
  expect(clips) {
    this.#next = clips.slice(0, NEXT_CLIPS);
    const kept = new Set([...this.#next, ...(this.clip ? [this.clip] : [])].map(posterKey));
    for (const [key, poster] of this.#posters) {
      if (kept.has(key)) continue;
      poster.close();
      this.#posters.delete(key);
    }
    this.#demandedRun = -1;
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

  /** Moves by frames and stays there. @param {number} frames @param {number} [since] */
  step(frames, since) {
    this.pause();
    this.seek(this.wanted + frames, since, 'step');
  }

  /** Goes to a frame, or the nearest one of the clip. @param {number} frame
   * @param {number} [since] @param {string} [name] */
  seek(frame, since, name = 'seek') {
    const { clip } = this;
    if (!clip) return;
    this.wanted = Math.min(clip.end_frame - 1, Math.max(clip.start_frame, Math.round(frame)));
    this.#aim(name, since);
    if (this.playing) {
      this.sound.stop();
      this.#clock?.restart(this.wanted);
    }
    this.#showWanted();
    this.#feed();
    this.#wake();
  }

  /** @param {string} name @param {number | undefined} since */
  #aim(name, since) {
    this.#mark = since === undefined ? null : { name, since, frame: this.wanted };
  }

  /** @param {PlayerClip} clip @returns {Source} */
  #source({ video }) {
    let source = this.#sources.get(video.proxy_id);
    if (!source) {
      source = {
        codec: video.codec,
        description: Uint8Array.from(atob(video.description), (c) => c.charCodeAt(0)),
        width: video.width,
        height: video.height,
        url: `/media/${video.proxy_id}/proxy.mp4`,
      };
      this.#sources.set(video.proxy_id, source);
    }
    return source;
  }

  /** WebCodecs where it works. @param {Source} source */
  async #choose(source) {
    if (this.#engine) return;
    const why = await whyNoWebCodecs(source);
    if (this.#engine) return;
    if (why) this.#fallBack(why);
    else {
      const onfatal = (/** @type {string} */ error) => this.#fallBack(error);
      this.#work(DecodeSession, onfatal, onfatal);
    }
  }

  /** Starts one session for the picture and one for the posters.
   * @param {typeof DecodeSession | typeof SeekSession} Session
   * @param {(why: string) => void} onfatal @param {(why: string) => void} onscoutfatal */
  #work(Session, onfatal, onscoutfatal) {
    const onlost = () => {
      this.#scouted = null;
      this.#wake();
    };
    this.#engine = new Session({
      onpicture: (ticket, picture) => this.#arrived(ticket, picture),
      onlost,
      onfatal,
    });
    this.#scout = new Session({
      onpicture: (_ticket, picture) => void this.#keepPoster(picture),
      onlost,
      onfatal: onscoutfatal,
    });
    this.#scouted = null;
    this.#wake();
    this.#onchange();
  }

  /** @param {string} why */
  #fallBack(why) {
    this.#generation += 1;
    this.#emptyRing(new Set());
    this.#engine?.close();
    this.#scout?.close();
    this.reason = why;
    const onfatal = (/** @type {string} */ error) => {
      this.error = error;
      this.#onchange();
    };
    this.#work(SeekSession, onfatal, () => {}); // without posters the page is still of use
  }

  #wake() {
    this.#raf ||= requestAnimationFrame(() => this.#tick());
  }

  #tick() {
    this.#raf = 0;
    const { clip } = this;
    if (!clip || !this.#clock) return;
    if (this.playing) {
      this.wanted = this.#clock.due();
      const { position } = this.#clock;
      if (position === null) this.sound.stop();
      else void this.sound.follow(position);
    }
    this.#showWanted();
    this.#feed();
    this.#feedScout();
    this.#noteWaiting();
    if (this.playing) this.#wake();
  }

  /** Frames from the one on the screen forward to `frame`, around the loop. @param {number} frame */
  #distance(frame) {
    const clip = /** @type {PlayerClip} */ (this.clip);
    const length = clip.end_frame - clip.start_frame;
    return (frame - (this.presented ?? this.wanted) + length) % length;
  }

  /** Paints what is due of the frames decoded ahead. */
  #showWanted() {
    if (this.wanted === this.presented) return;
    let due = this.#ring.has(this.wanted) ? this.wanted : null;
    if (due === null && this.playing && this.presented !== null) {
      const limit = this.#distance(this.wanted);
      for (const frame of this.#ring.keys()) {
        const ahead = this.#distance(frame);
        if (ahead <= limit && (due === null || ahead > this.#distance(due))) due = frame;
      }
    }
    const picture = due === null ? undefined : this.#ring.get(due);
    if (due === null || !picture) return;
    this.#ring.delete(due);
    this.#paint(due, picture);
    picture.close();
  }

  /** @param {Ticket} ticket @param {VideoFrame | HTMLVideoElement} picture */
  #arrived(ticket, picture) {
    const { frame, generation, show } = ticket;
    const held = 'close' in picture;
    if (generation !== this.#generation) {
      if (held) picture.close();
    } else if (this.#isDue(frame, show)) {
      this.#paint(frame, picture);
      if (held) picture.close();
    } else if (held) {
      this.#ring.get(frame)?.close();
      this.#ring.set(frame, picture);
    }
    this.#feed();
    this.#feedScout();
    this.#noteWaiting();
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
      });
    }
    this.#onchange();
  }

  /** The frames to decode, most wanted first. */
  #targets() {
    const { clip, wanted } = this;
    if (!clip || !this.#engine) return [];
    const ahead = this.#engine.ahead;
    if (ahead === 0) return [wanted];
    if (!this.playing) return [wanted, wanted + 1, wanted - 1, wanted + 2];
    const length = clip.end_frame - clip.start_frame;
    const steps = Array.from({ length: ahead + 1 }, (_, i) => wanted - clip.start_frame + i);
    return [...new Set(steps.map((step) => clip.start_frame + (step % length)))];
  }

  /** @param {Set<number>} kept */
  #emptyRing(kept) {
    for (const [frame, picture] of this.#ring) {
      if (kept.has(frame)) continue;
      picture.close();
      this.#ring.delete(frame);
    }
  }

  #feed() {
    const { clip } = this;
    if (!clip) return;
    this.#demand();
    const engine = this.#engine;
    if (!engine) return;
    const proxy = clip.video.proxy_id;
    const targets = this.#targets().filter((frame) => isFrameOf(clip, frame));
    this.#emptyRing(new Set(targets));
    for (const frame of targets) {
      if (frame === this.presented || this.#ring.has(frame)) continue;
      if (engine.awaits(frame, this.#generation)) continue;
      if (engine.free <= 0 || this.#ring.size + engine.inFlight >= MAX_OPEN) break;
      const bytes = this.#store.sample(proxy, frame);
      const interval = this.#store.interval(proxy, frame);
      if (!bytes || !interval) continue;
      engine.use(this.#source(clip));
      const show = frame === this.wanted;
      engine.submit({ frame, generation: this.#generation, show }, bytes, interval);
    }
  }

  /** Asks the store for what is needed from here on, when "here" has moved to another run. */
  #demand() {
    const at = this.#runs.findIndex((run) => this.wanted < run.b);
    if (at === this.#demandedRun) return;
    this.#demandedRun = at;
    const current = inPlayOrder(this.#runs, this.wanted).slice(0, RUNS_AHEAD);
    const next = this.#next.flatMap(({ video, start_frame: a, end_frame: b }) =>
      planRuns(video.proxy_id, a, Math.min(b, a + NEXT_CLIP_FRAMES)),
    );
    this.#store.demand([...current, ...next]);
  }

  /** Decodes the first frame of one of the next clips, when the picture is not waiting. */
  #feedScout() {
    const scout = this.#scout;
    if (!scout || this.#scouted !== null || this.presented === null) return;
    for (const clip of this.#next) {
      const { proxy_id: proxy } = clip.video;
      const frame = clip.start_frame;
      const bytes = this.#posters.has(posterKey(clip)) ? null : this.#store.sample(proxy, frame);
      const interval = bytes && this.#store.interval(proxy, frame);
      if (!bytes || !interval) continue;
      scout.use(this.#source(clip));
      this.#scouted = posterKey(clip);
      scout.submit({ frame, generation: 0, show: false }, bytes, interval);
      return;
    }
  }

  /** @param {VideoFrame | HTMLVideoElement} picture */
  async #keepPoster(picture) {
    const key = this.#scouted;
    try {
      const poster = await createImageBitmap(picture);
      if (this.#next.some((clip) => posterKey(clip) === key)) this.#posters.set(key, poster);
      else poster.close();
    } finally {
      if ('close' in picture) picture.close();
      this.#scouted = null;
    }
    this.#onchange();
    this.#wake();
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

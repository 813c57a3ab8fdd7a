/**
 * What the clip on the screen and those after it need: their encoded frames, loaded in the order of
 * need, and the stills made of some of them.
 *
 * @typedef {import('./player.js').PlayerClip} PlayerClip
 * @typedef {import('./player.js').PlayerVideo} PlayerVideo
 * @typedef {import('./ladder.js').Source} Source
 */

import { runsInNeed } from './demand.js';
import { fetchRun } from './fetch_run.js';
import { RUN_FRAMES } from './frames.js';
import { Stills } from './stills.js';
import { FrameStore } from './store.js';

const NEXT_CLIPS = 5;

/** @param {PlayerVideo} video @returns {Source} */
const sourceFrom = (video) => ({
  codec: video.codec,
  description: Uint8Array.from(atob(video.description), (c) => c.charCodeAt(0)),
  width: video.width,
  height: video.height,
  url: `/media/${video.proxy_id}/proxy.mp4`,
  video: { proxy_id: video.proxy_id, sprites: video.sprites ?? null },
});

export class Supply {
  stills;
  #store;
  /** @type {PlayerClip[]} */ #next = [];
  /** By proxy. @type {Map<string, Source>} */ #sources = new Map();
  /** Of clips with sprite sheets of their own, by the address of these; else as the proxy's.
   * @type {Map<string, Source>} */ #ofClips = new Map();
  /** What the demand was last made of. */
  #demanded = '';

  /**
   * @param {{needsBytes: () => boolean, onload: () => void, onstill: () => void}} options
   * `needsBytes`: false where somebody else reads the frames, and their times are enough; `onload`:
   * more is here, or something keeps it away; `onstill`: one has come, or others are needed
   */
  constructor({ needsBytes, onload, onstill }) {
    this.#store = new FrameStore({
      fetchRun: ({ proxy, a, b }, signal, urgent) =>
        fetchRun(`/media/${proxy}/${needsBytes() ? 'frames' : 'index'}/${a}-${b}`, {
          signal,
          priority: urgent ? 'high' : 'low',
        }),
      onchange: onload,
    });
    this.stills = new Stills({
      sourceOf: (proxyId, clip) =>
        (clip ? this.source(clip) : this.#sources.get(proxyId) ?? null),
      onchange: onstill,
    });
  }

  /** Why frames don't load; null if they do. */
  get trouble() {
    return this.#store.trouble;
  }

  /** Of encoded frames in memory. */
  get byteLength() {
    return this.#store.byteLength;
  }

  /** @param {PlayerClip} clip @returns {Source} */
  source({ video }) {
    let source = this.#sources.get(video.proxy_id);
    if (!source) {
      source = sourceFrom(video);
      this.#sources.set(video.proxy_id, source);
    }
    const sprites = video.sprites ?? null;
    if (!sprites || sprites.address === source.video.sprites?.address) return source;
    let own = this.#ofClips.get(sprites.address);
    if (!own) {
      own = { ...source, video: { ...source.video, sprites } };
      this.#ofClips.set(sprites.address, own);
    }
    return own;
  }

  /** @param {PlayerClip} clip @param {number} frame */
  sample({ video }, frame) {
    return this.#store.sample(video.proxy_id, frame);
  }

  /** When a frame is shown and when it ends, in ticks; null until it is here.
   * @param {PlayerClip} clip @param {number} frame */
  interval({ video }, frame) {
    return this.#store.interval(video.proxy_id, frame);
  }

  /** The loaded parts of a clip. @param {PlayerClip} clip @returns {[number, number][]} */
  loaded({ video, start_frame: start, end_frame: end }) {
    return this.#store.loaded(video.proxy_id, start, end);
  }

  /** The first picture of one of the next clips, once it has been decoded.
   * @param {Pick<PlayerClip, 'start_frame' | 'video'>} clip */
  poster({ video, start_frame: start }) {
    return this.stills.poster(video.proxy_id, start);
  }

  /** The clips that will come. @param {PlayerClip[]} clips @param {PlayerClip | null} current */
  expect(clips, current) {
    this.#next = clips.slice(0, NEXT_CLIPS);
    this.stills.expect(
      this.#next.map((clip) => ({ source: this.source(clip), frame: clip.start_frame })),
      current && { source: this.source(current), frame: current.start_frame },
    );
    this.#demanded = '';
  }

  /** Asks for what is needed from `wanted` on, when that has changed.
   * @param {PlayerClip} clip @param {number} wanted @param {boolean} backward */
  demand(clip, wanted, backward) {
    const stills = this.stills.wishes
      .map(({ source, frame }) => ({ proxy: source.video.proxy_id, frame }))
      .filter(({ proxy, frame }) => !this.#store.sample(proxy, frame));
    const named = stills.map(({ proxy, frame }) => `${proxy}/${frame}`).join();
    const { video, start_frame: start, end_frame: end } = clip;
    const place = Math.floor(wanted / RUN_FRAMES);
    const key = `${video.proxy_id}/${start}-${end} ${place} ${backward} ${named}`;
    if (key === this.#demanded) return;
    this.#demanded = key;
    this.#store.demand(runsInNeed({ clip, wanted, backward, next: this.#next, stills }));
  }

  /** The server is there again: tries at once what did not load. */
  retry() {
    this.#store.retry();
  }

  /** Nothing is needed any more. */
  clear() {
    this.#demanded = '';
    this.#store.demand([]);
  }

  /** Has a still made. @param {import('./ladder.js').Session} scout */
  feed(scout) {
    this.stills.feed(scout, this.#store);
  }
}

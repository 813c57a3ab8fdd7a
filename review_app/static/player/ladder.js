/**
 * What shows the frames: WebCodecs where it works, else a video element, else the sprite sheets.
 * Each is left for the next one when it says that it can't, or when it fails at the work itself:
 * a browser's word that it supports a codec is not enough.
 *
 * @typedef {import('./decode.js').Ticket} Ticket
 * @typedef {import('./pictures.js').Picture} Picture
 * @typedef {import('./decode.js').SourceConfig & {url: string,
 *   video: import('./sprites.js').SpriteVideo}} Source
 * @typedef {DecodeSession | SeekSession | SpriteSession} Session
 * @typedef {{onpicture: (ticket: Ticket, picture: Picture) => void, onlost: () => void,
 *   onfatal: (why: string) => void}} Handlers
 */

import { DecodeSession, whyNoWebCodecs } from './decode.js';
import { SeekSession, whyNoVideo } from './seek_session.js';
import { SpriteSession, whyNoSprites } from './sprite_session.js';
import { spriteFrame } from './sprites.js';

/** @typedef {{start_frame: number, end_frame: number}} Range */

/** @type {{why: (source: Source) => string | null | Promise<string | null>,
 *   start: (handlers: Handlers) => Session}[]} */
const RUNGS = [
  { why: whyNoWebCodecs, start: (handlers) => new DecodeSession(handlers) },
  { why: whyNoVideo, start: (handlers) => new SeekSession(handlers) },
  { why: whyNoSprites, start: (handlers) => new SpriteSession(handlers) },
];

export class Ladder {
  /** Shows the picture. @type {Session | null} */ engine = null;
  /** Makes stills, beside it; sprites make none, as they hold few frames exactly.
   * @type {Session | null} */ scout = null;
  /** Why nothing shows frames. @type {string | null} */ error = null;
  #handlers;
  /** Why each rung above this one was left. @type {string[]} */ #whys = [];
  #choosing = false;
  /** What is to be shown. @type {[Source, Range] | null} */ #subject = null;

  /**
   * @param {{onpicture: Handlers['onpicture'], onstill: Handlers['onpicture'],
   *   onlost: () => void, onchange: () => void}} handlers
   * `onlost`: what was asked of `engine` won't come; `onchange`: there are other sessions.
   */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  /** Why the picture does not come from WebCodecs, in sentences; null if it does. */
  get reason() {
    return this.#whys.length > 0 ? this.#whys.join(' ') : null;
  }

  get needsBytes() {
    return this.engine?.needsBytes ?? this.#whys.length === 0;
  }

  /** The frame that can be shown for `frame`. @param {Source} source
   * @param {Range} clip @param {number} frame */
  nearest({ video }, clip, frame) {
    if (!(this.engine instanceof SpriteSession) || !video.sprites) return frame;
    return spriteFrame(video.sprites, clip, frame) ?? frame;
  }

  /** Frames from one that can be shown to the next. @param {Source} source */
  grain({ video }) {
    return this.engine instanceof SpriteSession ? (video.sprites?.every ?? 1) : 1;
  }

  /** Chooses, unless that is done. @param {Source} source the next frames' @param {Range} clip
   * theirs */
  async choose(source, clip) {
    this.#subject = [source, clip];
    this.error = this.#whyNoPicture(source, clip);
    if (this.engine || this.#choosing) return;
    this.#choosing = true;
    const above = this.#whys.length;
    for (const [i, rung] of RUNGS.entries()) {
      if (i < above) continue;
      const why = await rung.why(source);
      if (!why) {
        this.#start(rung);
        break;
      }
      this.#whys.push(why);
    }
    this.#choosing = false;
    this.error = this.#whyNoPicture(...this.#subject);
    if (!this.engine) {
      this.error = this.reason;
      this.#whys.length = above; // the next clip may be of another video
    }
    this.#handlers.onchange();
  }

  /** What the engine that is there can't show. @param {Source} source @param {Range} clip */
  #whyNoPicture(source, clip) {
    if (!(this.engine instanceof SpriteSession)) return null;
    const { sprites } = source.video;
    const hasNone = sprites && spriteFrame(sprites, clip, clip.start_frame) === null;
    return hasNone ? 'This clip is too short to have a preview picture.' : whyNoSprites(source);
  }

  /** @param {typeof RUNGS[number]} rung */
  #start(rung) {
    const { onpicture, onstill, onlost } = this.#handlers;
    const begun = rung.start({
      onpicture,
      onlost,
      onfatal: (why) => {
        if (this.engine === begun) this.#leave(why);
      },
    });
    this.engine = begun;
    if (begun instanceof SpriteSession) return;
    // A page without stills is still of use.
    this.scout = rung.start({ onpicture: onstill, onlost, onfatal: () => {} });
  }

  /** @param {string} why */
  #leave(why) {
    this.engine?.close();
    this.scout?.close();
    this.engine = this.scout = null;
    this.#whys.push(why);
    this.#handlers.onlost();
    if (this.#subject) void this.choose(...this.#subject);
  }
}

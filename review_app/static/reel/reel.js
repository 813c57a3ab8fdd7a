/**
 * Clips that play back to back in one player. While one plays, the player loads those after it and
 * decodes their first frames, so that the next one is on the screen when the last one ends. Free of
 * DOM and fetch.
 *
 * @typedef {import('../player/player.js').PlayerClip & {id: number, labels: string[],
 *   flashes?: [number, number][], video: {title: string}}} ReelClip
 */

/** As many as the player loads ahead. */
const NEXT_CLIPS = 5;

export class Reel {
  /** @type {ReelClip[]} */ clips = [];
  /** Which of them is on the screen. */
  at = 0;
  #player;
  #onchange;
  /** True once the last one has ended, until somebody moves. */
  #isOver = false;

  /** @param {import('../player/player.js').Player} player @param {() => void} [onchange] called
   * when another clip is on the screen */
  constructor(player, onchange = () => {}) {
    this.#player = player;
    this.#onchange = onchange;
  }

  /** @param {ReelClip[]} clips */
  use(clips) {
    this.clips = clips;
  }

  /** The one on the screen; null without any. @returns {ReelClip | null} */
  get clip() {
    return this.clips[this.at] ?? null;
  }

  get seconds() {
    return this.secondsBefore(this.clips.length);
  }

  /** @param {number} at */
  secondsBefore(at) {
    return this.clips.slice(0, at).reduce((sum, clip) => sum + clip.duration_seconds, 0);
  }

  /** How far a frame is into the clip on the screen. @param {number | null} frame */
  secondsInto(frame) {
    if (!this.clip || frame === null) return 0;
    const { start_frame: start, end_frame: end, duration_seconds: seconds } = this.clip;
    return (seconds * (frame - start)) / (end - start);
  }

  /** Plays a clip, and those after it; nothing happens where there is none.
   * @param {number} at @param {number} [frame] to rest on */
  open(at, frame) {
    const clip = this.clips[at];
    if (!clip) return;
    this.at = at;
    this.#isOver = false;
    this.#player.open(clip, { at: frame, onend: () => this.#end() });
    this.#player.expect(this.clips.slice(at + 1, at + 1 + NEXT_CLIPS));
    this.#onchange();
  }

  toggle() {
    if (this.#isOver) this.open(0);
    else this.#player.toggle();
  }

  /** Moves by frames and stays there, also across the ends of clips. @param {number} frames */
  step(frames) {
    const { clip } = this;
    if (!clip) return;
    this.#isOver = false;
    const to = this.#player.wanted + frames;
    const next = this.clips[this.at + 1];
    const previous = this.clips[this.at - 1];
    if (to >= clip.end_frame && next) this.open(this.at + 1, next.start_frame);
    else if (to < clip.start_frame && previous) this.open(this.at - 1, previous.end_frame - 1);
    else this.#player.step(frames);
  }

  /** The clip on the screen has played to its end. */
  #end() {
    if (this.at + 1 < this.clips.length) {
      this.open(this.at + 1);
      return;
    }
    this.#player.pause();
    this.#isOver = true;
  }
}

/**
 * The audio of a clip: its parts one after the other, each begun by the audio hardware at the very
 * sample at which the one before ends, looped over exactly the clip's time and started where the
 * picture is. It plays at 1x and 2x forward, as loud as that of any other clip.
 */

import { remember, remembered } from './remember.js';
import { partsOf, placeOf, PART_SECONDS, SoundParts } from './sound_parts.js';

/** That of the audio of proxies: nothing is resampled where two parts meet. */
const SAMPLE_RATE = 24_000;
/** Each press that moves an end of a clip makes it another clip: only the last one is loaded. */
const REST_MS = 200;
const DRIFT_SECONDS = 0.04;
/** How long before the end of a part the next one is handed to the hardware. */
const AHEAD_SECONDS = 4;
const HEARD_RATES = [1, 2];
const METER_SAMPLES = 2048;

/** @param {number} volume */
const validVolume = (volume) => (Number.isNaN(volume) ? 1 : Math.min(1, Math.max(0, volume)));

/** @typedef {{context: AudioContext, volume: GainNode, even: GainNode, meter: AnalyserNode}} Desk
 * sources go through `even`, `meter` and `volume` to the loudspeaker */

export class Sound {
  muted = remembered('muted') === 'yes';
  /** 0 to 1. */
  volume = validVolume(Number(remembered('volume') ?? 1));
  /** Whether every clip is made as loud as the others. */
  isEven = remembered('even') !== 'no';
  /** @type {Desk | null} */ #desk = null;
  #parts;
  /** What plays and what follows it. @type {AudioBufferSourceNode[]} */ #sources = [];
  /** The part that was handed to the hardware last, and the time at which it ends.
   * @type {{part: number, at: number} | null} */ #tail = null;
  /** @type {string | null} */ #where = null;
  /** Those that were asked for last. @type {{key: string, peaks: Float32Array} | null} */
  #peaks = null;
  #seconds = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #later;
  #startedAt = 0;
  #startedFrom = 0;
  #rate = 1;
  #samples = new Float32Array(METER_SAMPLES);

  /** @param {() => void} [onchange] called when some of a clip's audio has loaded, or has not */
  constructor(onchange = () => {}) {
    this.#parts = new SoundParts({ context: () => this.#open().context, onchange });
  }

  /** Browsers let audio begin only after a key press or click. */
  unlock() {
    const context = this.#desk?.context;
    if (context?.state === 'suspended') void context.resume();
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    remember('muted', muted ? 'yes' : 'no');
    if (muted) this.stop();
    else if (this.#where) this.expect(this.#where);
  }

  /** @param {number} volume 0 to 1 */
  setVolume(volume) {
    this.volume = validVolume(volume);
    remember('volume', this.volume);
    if (this.#desk) this.#desk.volume.gain.value = this.volume;
  }

  /** @param {boolean} isEven */
  level(isEven) {
    this.isEven = isEven;
    remember('even', isEven ? 'yes' : 'no');
    if (this.#desk) this.#desk.even.gain.value = this.#gain();
  }

  /** Why the clip can't be heard; null if it can, or is loading. */
  get trouble() {
    return this.#where !== null && this.#parts.hasFailed
      ? 'The sound does not load. It is tried again every two seconds.'
      : null;
  }

  /** How loud the clip is, in LUFS; null while that is not known. */
  get loudness() {
    const levels = this.#where !== null && this.#parts.levels(this.#where);
    return (levels && levels.loudness) || null;
  }

  /** The loudest sample of what is heard now, 0 to 1 and above where it clips. */
  get peak() {
    if (!this.#desk || this.#sources.length === 0) return 0;
    this.#desk.meter.getFloatTimeDomainData(this.#samples);
    return this.#samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  }

  /** The loudest sample of each n-th part of a stretch, 0 to 1; null while it isn't here.
   * @param {string | null} where @param {number} from seconds into the clip @param {number} to
   * @param {number} n @returns {Float32Array | null} */
  peaks(where, from, to, n) {
    const levels = where === null ? null : this.#parts.levels(where);
    if (!levels) return null;
    const key = [where, from, to, n].join();
    if (this.#peaks?.key !== key) this.#peaks = { key, peaks: levels.peaks(from, to, n) };
    return this.#peaks.peaks;
  }

  /** Sets the clip to play; null for one without audio. @param {string | null} where the address
   * of its sound @param {number} seconds its length */
  use(where, seconds) {
    this.stop();
    this.#where = where;
    this.#seconds = seconds;
    clearTimeout(this.#later);
    if (where) this.#later = setTimeout(() => this.expect(where), REST_MS);
  }

  /** Loads how a clip begins. @param {string} where */
  expect(where) {
    void this.#parts.measure(where);
    if (!this.muted) void this.#parts.load(where, 0);
  }

  /** Keeps the audio within 40 ms of the picture, `position` seconds into the clip.
   * @param {number | null} position null: silence @param {number} rate */
  follow(position, rate) {
    const where = this.#where;
    if (position === null || !HEARD_RATES.includes(rate)) {
      this.stop();
      return;
    }
    if (!where || this.muted || this.#desk?.context.state !== 'running') return;
    if (this.#sources.length > 0) {
      const off = Math.abs(this.#heard() - position);
      const near = Math.min(off, this.#seconds - off) < DRIFT_SECONDS * rate;
      if (near && rate === this.#rate && this.#goOn(where)) return;
      this.stop();
    }
    this.#start(where, position, rate);
  }

  stop() {
    for (const source of this.#sources) {
      source.onended = null;
      source.stop();
      source.disconnect();
    }
    this.#sources = [];
    this.#tail = null;
  }

  /** @returns {Desk} */
  #open() {
    if (this.#desk) return this.#desk;
    const context = new AudioContext({ sampleRate: SAMPLE_RATE });
    const [even, volume] = [context.createGain(), context.createGain()];
    const meter = context.createAnalyser();
    meter.fftSize = METER_SAMPLES;
    volume.gain.value = this.volume;
    even.connect(meter).connect(volume).connect(context.destination);
    this.#desk = { context, even, meter, volume };
    return this.#desk;
  }

  /** Begins as soon as the part is here and its level is known: until then the next call does.
   * @param {string} where @param {number} position @param {number} rate */
  #start(where, position, rate) {
    const { context, even } = /** @type {Desk} */ (this.#desk);
    const from = (position + (context.outputLatency || 0) * rate) % this.#seconds;
    const { part, offset } = placeOf(from, this.#seconds);
    const buffer = this.#parts.part(where, part);
    if (!buffer || !this.#parts.isMeasured(where)) {
      void this.#parts.load(where, part);
      void this.#parts.measure(where);
      return;
    }
    even.gain.value = this.#gain();
    this.#rate = rate;
    this.#startedAt = context.currentTime;
    this.#startedFrom = from;
    this.#add(buffer, part, context.currentTime, offset);
    this.#goOn(where);
  }

  /** Hands the next part to the hardware in time. False if its time has passed.
   * @param {string} where */
  #goOn(where) {
    const { context } = /** @type {Desk} */ (this.#desk);
    const tail = this.#tail;
    if (!tail || tail.at - context.currentTime > AHEAD_SECONDS / this.#rate) return true;
    const part = (tail.part + 1) % partsOf(this.#seconds);
    const buffer = this.#parts.part(where, part);
    if (buffer) this.#add(buffer, part, tail.at, 0);
    else void this.#parts.load(where, part);
    return buffer !== null || tail.at > context.currentTime;
  }

  /** @param {AudioBuffer} buffer @param {number} part @param {number} when @param {number} offset */
  #add(buffer, part, when, offset) {
    const { context, even } = /** @type {Desk} */ (this.#desk);
    const source = context.createBufferSource();
    const length = Math.min(buffer.duration, this.#seconds - part * PART_SECONDS);
    source.buffer = buffer;
    source.playbackRate.value = this.#rate;
    source.connect(even);
    if (partsOf(this.#seconds) === 1) {
      source.loop = true;
      source.loopEnd = length;
    } else {
      this.#tail = { part, at: when + Math.max(0, length - offset) / this.#rate };
      source.onended = () => {
        source.disconnect();
        this.#sources = this.#sources.filter((other) => other !== source);
      };
    }
    source.start(when, Math.min(offset, length));
    this.#sources.push(source);
  }

  #gain() {
    const levels = this.isEven && this.#where !== null && this.#parts.levels(this.#where);
    return levels ? levels.gain : 1;
  }

  /** The position in the clip that is heard now, in seconds. */
  #heard() {
    const { context } = /** @type {Desk} */ (this.#desk);
    const passed = context.currentTime - this.#startedAt - (context.outputLatency || 0);
    return (this.#startedFrom + passed * this.#rate) % this.#seconds;
  }
}

/**
 * The audio of a clip: one small buffer, looped by the audio hardware over exactly the clip's time
 * and started where the picture is. It plays at 1x and 2x forward.
 */

import { remember, remembered } from './remember.js';
import { peaksOf } from './peaks.js';

const CLIPS_KEPT = 3;
const LONGEST_SECONDS = 300;
/** Each press that moves an end of a clip makes it another clip: only the last one is loaded. */
const REST_MS = 200;
/** The pause before audio that did not load is fetched again. */
const RETRY_MS = 2000;
const DRIFT_SECONDS = 0.04;
const HEARD_RATES = [1, 2];

/** @param {number} volume */
const validVolume = (volume) => (Number.isNaN(volume) ? 1 : Math.min(1, Math.max(0, volume)));

export class Sound {
  muted = remembered('muted') === 'yes';
  /** 0 to 1. */
  volume = validVolume(Number(remembered('volume') ?? 1));
  #onchange;
  /** @type {AudioContext | null} */ #context = null;
  /** @type {GainNode | null} */ #gain = null;
  /** @type {Map<string, Promise<AudioBuffer | null>>} */ #buffers = new Map();
  /** Those of `#buffers` that are here. @type {Map<string, AudioBuffer>} */ #decoded = new Map();
  /** @type {{key: string, peaks: Float32Array} | null} */ #peaks = null;
  /** @type {AudioBufferSourceNode | null} */ #source = null;
  /** @type {string | null} */ #url = null;
  #seconds = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #later;
  #startedAt = 0;
  #startedFrom = 0;
  #rate = 1;
  /** Raised by every stop, so that a start which is still waiting gives up. */
  #turn = 0;

  /** @param {() => void} [onchange] called when a clip's audio has loaded */
  constructor(onchange = () => {}) {
    this.#onchange = onchange;
  }

  /** Browsers let audio begin only after a key press or click. */
  unlock() {
    if (this.#context?.state === 'suspended') void this.#context.resume();
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    remember('muted', muted ? 'yes' : 'no');
    if (muted) this.stop();
  }

  /** @param {number} volume 0 to 1 */
  setVolume(volume) {
    this.volume = validVolume(volume);
    remember('volume', this.volume);
    if (this.#gain) this.#gain.gain.value = this.volume;
  }

  /** The loudest sample of each n-th part of the audio, 0 to 1; null while it isn't here.
   * @param {string | null} url @param {number} n @returns {Float32Array | null} */
  peaks(url, n) {
    const buffer = url === null ? undefined : this.#decoded.get(url);
    if (!buffer) return null;
    const key = `${url} ${n}`;
    if (this.#peaks?.key !== key) this.#peaks = { key, peaks: peaksOf(buffer.getChannelData(0), n) };
    return this.#peaks.peaks;
  }

  /** Sets the clip to play; null for one without audio. @param {string | null} url
   * @param {number} seconds its length */
  use(url, seconds) {
    this.stop();
    this.#url = url;
    this.#seconds = seconds;
    clearTimeout(this.#later);
    if (url) this.#later = setTimeout(() => void this.load(url, seconds), REST_MS);
  }

  /** @param {string} url @param {number} seconds @returns {Promise<AudioBuffer | null>} */
  load(url, seconds) {
    const known = this.#buffers.get(url);
    if (known || seconds > LONGEST_SECONDS) return known ?? Promise.resolve(null);
    this.#context ??= new AudioContext();
    const context = this.#context;
    const loading = fetch(url, { priority: 'low' })
      .then((response) => (response.ok ? response.arrayBuffer() : Promise.reject(response.status)))
      .then((bytes) => context.decodeAudioData(bytes))
      .then((buffer) => {
        if (this.#buffers.has(url)) this.#decoded.set(url, buffer);
        this.#onchange();
        return buffer;
      })
      .catch(() => {
        setTimeout(() => this.#buffers.delete(url), RETRY_MS);
        return null;
      });
    this.#buffers.set(url, loading);
    for (const oldest of this.#buffers.keys()) {
      if (this.#buffers.size <= CLIPS_KEPT) break;
      this.#buffers.delete(oldest);
      this.#decoded.delete(oldest);
    }
    return loading;
  }

  /** Keeps the audio within 40 ms of the picture, `position` seconds into the clip.
   * @param {number | null} position null: silence @param {number} rate */
  async follow(position, rate) {
    const url = this.#url;
    if (position === null || !HEARD_RATES.includes(rate)) {
      this.stop();
      return;
    }
    if (!url || this.muted || this.#context?.state !== 'running') return;
    if (this.#source) {
      const off = Math.abs(this.#heard() - position);
      const near = Math.min(off, this.#seconds - off) < DRIFT_SECONDS * rate;
      if (near && rate === this.#rate) return;
      this.stop();
    }
    const asked = performance.now();
    const turn = this.#turn;
    const buffer = await this.load(url, this.#seconds);
    if (!buffer || this.#turn !== turn || this.#source) return;
    if (performance.now() - asked > DRIFT_SECONDS * 1000) return; // the next call starts it
    this.#start(buffer, position, rate);
  }

  stop() {
    this.#turn += 1;
    this.#source?.stop();
    this.#source?.disconnect();
    this.#source = null;
  }

  /** @param {AudioBuffer} buffer @param {number} position @param {number} rate */
  #start(buffer, position, rate) {
    const context = /** @type {AudioContext} */ (this.#context);
    if (!this.#gain) {
      this.#gain = context.createGain();
      this.#gain.gain.value = this.volume;
      this.#gain.connect(context.destination);
    }
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.loop = true;
    source.loopEnd = Math.min(buffer.duration, this.#seconds);
    source.playbackRate.value = rate;
    source.connect(this.#gain);
    this.#rate = rate;
    this.#startedAt = context.currentTime;
    this.#startedFrom = position + (context.outputLatency || 0) * rate;
    source.start(0, this.#startedFrom % source.loopEnd);
    this.#source = source;
  }

  /** The position in the clip that is heard now, in seconds. */
  #heard() {
    const context = /** @type {AudioContext} */ (this.#context);
    const passed = context.currentTime - this.#startedAt - (context.outputLatency || 0);
    return (this.#startedFrom + passed * this.#rate) % this.#seconds;
  }
}

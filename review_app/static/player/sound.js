/**
 * The sound of a clip: one small buffer, looped by the audio hardware over exactly the clip's time
 * and started where the picture is.
 */

const CLIPS_KEPT = 3;
const LONGEST_SECONDS = 300;
const DRIFT_SECONDS = 0.04;
const MUTED_KEY = 'heaters.muted';

export class Sound {
  muted = localStorage.getItem(MUTED_KEY) === 'yes';
  /** @type {AudioContext | null} */ #context = null;
  /** @type {GainNode | null} */ #gain = null;
  /** @type {Map<string, Promise<AudioBuffer | null>>} */ #buffers = new Map();
  /** @type {AudioBufferSourceNode | null} */ #source = null;
  /** @type {string | null} */ #url = null;
  #seconds = 0;
  #startedAt = 0;
  #startedFrom = 0;
  /** Raised by every stop, so that a start which is still waiting gives up. */
  #turn = 0;

  /** Browsers let sound begin only after a key or click. */
  unlock() {
    if (this.#context?.state === 'suspended') void this.#context.resume();
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    localStorage.setItem(MUTED_KEY, muted ? 'yes' : 'no');
    if (muted) this.stop();
  }

  /** The clip to be heard; null for one without sound. @param {string | null} url
   * @param {number} seconds its length */
  use(url, seconds) {
    this.stop();
    this.#url = url;
    this.#seconds = seconds;
    if (url) void this.load(url, seconds);
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
      .catch(() => {
        this.#buffers.delete(url);
        return null;
      });
    this.#buffers.set(url, loading);
    for (const oldest of this.#buffers.keys()) {
      if (this.#buffers.size <= CLIPS_KEPT) break;
      this.#buffers.delete(oldest);
    }
    return loading;
  }

  /** Keeps the sound within 40 ms of the picture, `position` seconds into the clip.
   * @param {number} position */
  async follow(position) {
    const url = this.#url;
    if (!url || this.muted || this.#context?.state !== 'running') return;
    if (this.#source) {
      const off = Math.abs(this.#heard() - position);
      if (Math.min(off, this.#seconds - off) < DRIFT_SECONDS) return;
      this.stop();
    }
    const asked = performance.now();
    const turn = this.#turn;
    const buffer = await this.load(url, this.#seconds);
    if (!buffer || this.#turn !== turn || this.#source) return;
    if (performance.now() - asked > DRIFT_SECONDS * 1000) return; // the next call starts it
    this.#start(buffer, position);
  }

  stop() {
    this.#turn += 1;
    this.#source?.stop();
    this.#source?.disconnect();
    this.#source = null;
  }

  /** @param {AudioBuffer} buffer @param {number} position */
  #start(buffer, position) {
    const context = /** @type {AudioContext} */ (this.#context);
    if (!this.#gain) {
      this.#gain = context.createGain();
      this.#gain.connect(context.destination);
    }
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.loop = true;
    source.loopEnd = Math.min(buffer.duration, this.#seconds);
    source.connect(this.#gain);
    this.#startedAt = context.currentTime;
    this.#startedFrom = position + (context.outputLatency || 0);
    source.start(0, this.#startedFrom % source.loopEnd);
    this.#source = source;
  }

  /** Seconds into the clip that are heard now. */
  #heard() {
    const context = /** @type {AudioContext} */ (this.#context);
    const passed = context.currentTime - this.#startedAt - (context.outputLatency || 0);
    return (this.#startedFrom + passed) % this.#seconds;
  }
}

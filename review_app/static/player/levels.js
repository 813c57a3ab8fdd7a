/**
 * How loud a clip's sound is from moment to moment: for its wave form, and for one level from clip
 * to clip. Pure.
 *
 * Wire format (little-endian), made by `review_app/presenters/wav.py` from the records of
 * `heaters_pipeline/domain/levels.py`:
 *   "HLV1", u32 n, f32 seconds from the beginning of the first record to that of the clip, then n
 *   records of a tenth of a second: i16 momentary loudness in hundredths of a LUFS, five u8 peaks.
 */

const MAGIC = 0x31564c48; // "HLV1"
const HEADER_BYTES = 12;
const PEAKS = 5;
const RECORD_BYTES = 2 + PEAKS;
const PEAKS_PER_SECOND = 50;
const PEAK_STEP_DB = 0.3;
/** Of a peak's place: what the wire's and JavaScript's numbers may be off. */
const ROUNDING = 1e-3;
const UNKNOWN = -32768;

/** A gating block of EBU R128 is 0.4 s long; blocks overlap by three quarters. */
const BLOCK_RECORDS = 4;
const ABSOLUTE_GATE = -70;
const RELATIVE_GATE = -10;

/** What programmes are levelled to, by EBU R128. */
const TARGET_LUFS = -23;
/** Silence with a little noise is not made loud. */
const MOST_GAIN_DB = 20;

/** @param {number} decibels */
const factor = (decibels) => 10 ** (decibels / 20);

/** A peak in decibels below full scale. @param {number} step as on the wire */
const decibelsOf = (step) => (step === 0 ? -Infinity : (step - 255) * PEAK_STEP_DB);

export class Levels {
  /** The loudness of the whole clip in LUFS, as EBU R128 gates it; null for silence, and for a
   * sound that was not measured. */
  loudness;
  /** What the sound is multiplied by, to be as loud as that of other clips and not to clip. */
  gain;
  #view;
  #count;
  #lead;

  /** @param {ArrayBuffer} bytes the server's answer */
  constructor(bytes) {
    this.#view = new DataView(bytes);
    if (bytes.byteLength < HEADER_BYTES || this.#view.getUint32(0, true) !== MAGIC) {
      throw new Error('these are not the levels of a sound');
    }
    this.#count = this.#view.getUint32(4, true);
    this.#lead = this.#view.getFloat32(8, true);
    if (bytes.byteLength !== HEADER_BYTES + this.#count * RECORD_BYTES) {
      throw new Error('the levels of this sound are cut off');
    }
    this.loudness = this.#loudness();
    this.gain = this.#gain();
  }

  /** The loudest sample of each of n equal parts of a stretch of the clip, 0 to 1.
   * @param {number} from seconds into the clip @param {number} to @param {number} n
   * @returns {Float32Array} */
  peaks(from, to, n) {
    const peaks = new Float32Array(n);
    const step = (to - from) / n;
    for (let part = 0; part < n; part += 1) {
      const begin = (from + part * step + this.#lead) * PEAKS_PER_SECOND;
      const first = Math.floor(begin + ROUNDING);
      const end = Math.max(first + 1, Math.ceil(begin + step * PEAKS_PER_SECOND - ROUNDING));
      peaks[part] = this.#loudest(first, end);
    }
    return peaks;
  }

  /** @returns {number | null} */
  #loudness() {
    // The loudness at a record is that of the 0.4 s that end with it.
    const first = Math.min(BLOCK_RECORDS, this.#count) - 1;
    /** @type {number[]} */ const blocks = [];
    for (let i = first; i >= 0 && i < this.#count; i += 1) {
      const hundredths = this.#view.getInt16(HEADER_BYTES + i * RECORD_BYTES, true);
      if (hundredths !== UNKNOWN && hundredths > ABSOLUTE_GATE * 100) blocks.push(hundredths / 100);
    }
    const gate = mean(blocks) + RELATIVE_GATE;
    const loud = blocks.filter((block) => block > gate);
    return loud.length > 0 ? mean(loud) : null;
  }

  #gain() {
    if (this.loudness === null) return 1;
    const wished = factor(Math.min(MOST_GAIN_DB, TARGET_LUFS - this.loudness));
    return Math.min(wished, 1 / Math.max(this.#loudest(0, this.#count * PEAKS), 1e-3));
  }

  /** Of the peaks [first, end), 0 to 1. @param {number} first @param {number} end */
  #loudest(first, end) {
    let loudest = 0;
    for (let i = Math.max(0, first); i < Math.min(end, this.#count * PEAKS); i += 1) {
      const record = Math.floor(i / PEAKS);
      const at = HEADER_BYTES + record * RECORD_BYTES + 2 + (i - record * PEAKS);
      loudest = Math.max(loudest, this.#view.getUint8(at));
    }
    return factor(decibelsOf(loudest));
  }
}

/** The level of several blocks together. @param {number[]} blocks in LUFS */
const mean = (blocks) =>
  10 * Math.log10(blocks.reduce((sum, block) => sum + 10 ** (block / 10), 0) / blocks.length);

/**
 * The row of controls below the timeline: frame, time, speed, volume, and the engine in use.
 *
 * @typedef {import('./queue.js').Clip} Clip
 * @typedef {import('../player/player.js').Player} Player
 */

import { byId, setText } from '../shared/dom.js';
import { timecode } from '../shared/words.js';
import { perCent, suggestionAt } from './doubt.js';
import { heightOf } from './scale.js';
import { isChosen } from './stills.js';
import { transitionAt } from './trims.js';

/** Of full scale, from which on the meter warns: -1 dB. */
const CLIPPING = 0.89;

export class Transport {
  #player;
  #rate = /** @type {HTMLSelectElement} */ (byId('rate'));
  #jump = /** @type {HTMLInputElement} */ (byId('jump'));
  #volume = /** @type {HTMLInputElement} */ (byId('volume'));

  /** @param {Player} player */
  constructor(player) {
    this.#player = player;
    this.#rate.addEventListener('change', () => {
      player.setRate(Number(this.#rate.value));
      this.#rate.blur();
    });
    this.#volume.addEventListener('input', () => {
      player.sound.unlock();
      player.sound.setVolume(Number(this.#volume.value));
    });
    this.#jump.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      const text = this.#jump.value.trim();
      if (/^\d+$/.test(text)) {
        player.pause();
        player.seek(Number(text), event.timeStamp);
      }
      this.#jump.blur();
    });
    this.#jump.addEventListener('focus', () => {
      this.#jump.value = String(player.presented ?? '');
      this.#jump.select();
    });
    this.#jump.addEventListener('blur', () => { this.#jump.value = ''; });
  }

  /** Opens the field for a frame number. */
  jump() {
    this.#jump.focus();
  }

  /** Changes the volume. @param {number} by */
  turn(by) {
    const { sound } = this.#player;
    sound.setVolume(Math.round((sound.volume + by) * 20) / 20);
    if (by > 0 && sound.muted) sound.mute(false);
  }

  /** @param {Clip | null} clip */
  draw(clip) {
    const { playing, presented, sound, rate, reason } = this.#player;
    byId('review').classList.toggle('is-playing', playing);
    byId('play').setAttribute('aria-label', playing ? 'Pause' : 'Play');
    const isStill = clip !== null && presented !== null && isChosen(clip, presented);
    byId('still').setAttribute('aria-pressed', String(isStill));
    /** @type {HTMLButtonElement} */ (byId('still')).disabled = !clip;
    byId('waiting').hidden = !this.#player.waiting;
    byId('picture').classList.toggle('stale', clip !== null && presented === null);
    byId('sound').hidden = !clip?.video.has_audio;
    byId('mute').setAttribute('aria-pressed', String(sound.muted));
    if (this.#volume.value !== String(sound.volume)) this.#volume.value = String(sound.volume);
    if (this.#rate.value !== String(rate)) this.#rate.value = String(rate);
    byId('even').setAttribute('aria-pressed', String(sound.isEven));
    byId('even').title = this.#levelWords();
    byId('sound-trouble').hidden = !sound.trouble;
    setText(byId('sound-trouble'), sound.trouble ?? '');
    this.#drawMeter();
    setText(byId('engine'), reason ? this.#player.engineName : '');
    byId('engine-why').hidden = !reason;
    setText(byId('engine-why'), reason ?? '');
    if (!clip) return;
    const at = presented === null ? null : presented - clip.start_frame;
    setText(byId('frame'), presented === null ? '–' : String(presented));
    const length = clip.end_frame - clip.start_frame;
    const isInside = at !== null && at >= 0 && at < length;
    setText(byId('frame-of'), isInside ? `${at + 1} of ${length}` : '');
    setText(byId('time'), timecode(this.#player.presentedSeconds));
    const kind = transitionAt(clip, presented);
    const suggestion = suggestionAt(clip, presented);
    const within = suggestion ? `suggested, ${perCent(suggestion.score)}` : kind && `in a ${kind}`;
    const outside = at !== null && !isInside ? `${at < 0 ? 'before' : 'after'} the clip` : null;
    setText(byId('within'), outside ?? within ?? '');
  }

  /** Of what is heard: a clip that is paused has none. */
  #drawMeter() {
    const { peak } = this.#player.sound;
    const meter = byId('meter');
    const scale = `scaleX(${Math.round(heightOf(peak) * 100) / 100})`;
    if (meter.style.transform !== scale) meter.style.transform = scale;
    meter.classList.toggle('is-full', peak >= CLIPPING);
  }

  #levelWords() {
    const { loudness, isEven } = this.#player.sound;
    const level = isEven ? 'All clips are played equally loud' : 'Clips are played as loud as they are';
    return loudness === null ? level : `${level}; this one has ${loudness.toFixed(1)} LUFS`;
  }
}

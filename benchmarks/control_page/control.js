/**
 * What a competent page does with a plain video element on the same proxy: it seeks to the middle
 * of a frame by the frame rate, learns from `requestVideoFrameCallback` what is shown, plays with
 * `playbackRate`, goes backward by seeks, one at a time, and has a second element load the next
 * clip. The next clip shows before the server has answered.
 */

const csrf = document.querySelector('meta[name=csrf]').content;
const { video: key } = document.body.dataset;
const isCold = 'cold' in document.body.dataset;

class Player {
  clip = null;
  presented = null;
  playing = false;
  rate = 1;
  #shown;
  #spare;
  /** The clip that the spare element is at the beginning of. */
  #prepared = null;
  #isReady = false;
  #mark = null;
  #wanted = 0;
  #reverse = null;

  constructor([shown, spare]) {
    this.#shown = shown;
    this.#spare = spare;
    for (const element of [shown, spare]) this.#watch(element);
  }

  get element() {
    return this.#shown;
  }

  open(clip, next, { since } = {}) {
    this.clip = clip;
    this.presented = null;
    this.#reverse = null;
    this.#wanted = clip.start_frame;
    this.#mark = { name: 'next', since, frame: clip.start_frame };
    if (this.#prepared === clip) {
      [this.#shown, this.#spare] = [this.#spare, this.#shown];
      this.#shown.hidden = false;
      this.#spare.hidden = true;
      this.#spare.pause();
      if (this.#isReady) this.#painted(clip.start_frame);
    } else {
      this.#seekTo(this.#shown, clip, clip.start_frame);
    }
    this.play();
    this.#prepare(next);
  }

  /** Whether the next clip's first picture is there. */
  poster(clip) {
    return this.#prepared === clip && this.#isReady ? this.#spare : null;
  }

  play() {
    this.playing = true;
    if (this.rate < 0) this.#goBackward();
    else {
      this.#shown.playbackRate = this.rate;
      this.#shown.play().catch(() => {});
    }
  }

  pause() {
    this.playing = false;
    this.#reverse = null;
    this.#shown.pause();
    if (this.presented !== null) this.#wanted = this.presented;
  }

  setRate(rate) {
    this.rate = rate;
    if (!this.playing) return;
    this.pause();
    this.play();
  }

  step(frames, since) {
    if (this.playing) this.pause();
    this.#go(this.#wanted + frames, 'step', since);
  }

  seek(frame, since) {
    this.#go(frame, 'seek', since);
  }

  #go(frame, name, since) {
    const { start_frame: start, end_frame: end } = this.clip;
    this.#wanted = Math.min(end - 1, Math.max(start, frame));
    this.#mark = { name, since, frame: this.#wanted };
    this.#seekTo(this.#shown, this.clip, this.#wanted);
  }

  #seekTo(element, { id, video }, frame) {
    // Cold, each clip is as one of another video, which was never loaded.
    const url = `/media/${video.proxy_id}/proxy.mp4${isCold ? `?clip=${id}` : ''}`;
    if (!element.src.endsWith(url)) element.src = url;
    element.currentTime = (frame + 0.5) / fps(video);
  }

  #prepare(next) {
    this.#prepared = isCold ? null : (next ?? null);
    this.#isReady = false;
    if (this.#prepared) this.#seekTo(this.#spare, next, next.start_frame);
  }

  #watch(element) {
    element.requestVideoFrameCallback((_now, { mediaTime }) => {
      const clip = element === this.#shown ? this.clip : this.#prepared;
      const frame = clip && Math.floor(mediaTime * fps(clip.video) + 0.001);
      if (element === this.#shown && clip) this.#painted(frame);
      else if (clip && frame === clip.start_frame) this.#isReady = true;
      this.#watch(element);
    });
  }

  #painted(frame) {
    const { clip } = this;
    if (this.playing && this.rate > 0 && frame >= clip.end_frame) {
      this.#seekTo(this.#shown, clip, clip.start_frame);
    }
    this.presented = frame;
    document.getElementById('frame').textContent = String(frame);
    const mark = this.#mark;
    if (mark && (mark.name === 'next' ? isIn(clip, frame) : true)) {
      this.#mark = null;
      if (mark.since !== undefined) {
        afterPaint(() => performance.measure(`heaters:${mark.name}`, {
          start: mark.since, end: performance.now(), detail: { frame },
        }));
      }
    }
    this.#reverse?.(frame);
  }

  /** One seek after the other, each to the frame that is due by then. */
  #goBackward() {
    this.#shown.pause();
    const { clip } = this;
    const length = clip.end_frame - clip.start_frame;
    const from = (this.presented ?? clip.end_frame - 1) - clip.start_frame;
    const began = performance.now();
    const next = () => {
      if (this.#reverse !== next) return;
      const moved = Math.floor(((performance.now() - began) / 1000) * fps(clip.video) * -this.rate);
      const at = (((from - moved) % length) + length) % length;
      if (clip.start_frame + at === this.presented) requestAnimationFrame(next);
      else this.#seekTo(this.#shown, clip, clip.start_frame + at);
    };
    this.#reverse = next;
    next();
  }
}

const fps = ({ rate: [numerator, denominator] }) => numerator / denominator;
const isIn = (clip, frame) => clip.start_frame <= frame && frame < clip.end_frame;

/** `requestVideoFrameCallback` runs in the same update of the page as animation frames. */
function afterPaint(done) {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(null);
  });
}

const player = new Player(document.querySelectorAll('video'));
const queue = { clips: [], decided: new Set() };

async function refill() {
  const answer = await fetch(`/api/v1/queue?limit=20&video=${encodeURIComponent(key)}`, {
    method: 'POST',
    headers: { 'X-CSRFToken': csrf },
  });
  const { clips } = await answer.json();
  const known = new Set(queue.clips.map((clip) => clip.id));
  queue.clips.push(...clips.filter(({ id }) => !known.has(id) && !queue.decided.has(id)));
}

async function approve(since) {
  const clip = queue.clips.shift();
  queue.decided.add(clip.id);
  player.open(queue.clips[0], queue.clips[1], { since });
  await fetch(`/api/v1/clips/${clip.id}/decisions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRFToken': csrf },
    body: JSON.stringify({ action: 'approve', version: clip.version }),
  });
  if (queue.clips.length < 6) await refill();
}

document.addEventListener('keydown', (event) => {
  const distance = event.shiftKey ? 10 : 1;
  if (event.key === 'ArrowLeft') player.step(-distance, event.timeStamp);
  else if (event.key === 'ArrowRight') player.step(distance, event.timeStamp);
  else if (event.key === 'a') void approve(event.timeStamp);
  else return;
  event.preventDefault();
});

Object.assign(window, { heaters: { player, queue } });
await refill();
player.open(queue.clips[0], queue.clips[1]);

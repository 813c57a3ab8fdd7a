/** The picture: a 2D canvas that is always full of the last thing drawn. */

export class View {
  #canvas;
  #context;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('this browser has no 2D canvas');
    this.#context = context;
  }

  /** @param {CanvasImageSource} picture @param {number} width @param {number} height */
  draw(picture, width, height) {
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    this.#context.drawImage(picture, 0, 0, width, height);
  }

  clear() {
    this.#context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
  }
}

/** How often the display shows a new picture, learnt from the times of its animation frames. */
export class Display {
  /** Milliseconds from one picture to the next. */
  ms = 1000 / 60;
  /** @type {number[]} */ #gaps = [];
  #last = 0;

  /** @param {number} now the animation frame's own time, in milliseconds */
  note(now) {
    const gap = now - this.#last;
    this.#last = now;
    if (gap < 3 || gap > 100) return;
    // Late frames make gaps longer, nothing makes them shorter.
    this.#gaps = [...this.#gaps, gap].slice(-20);
    if (this.#gaps.length === 20) this.ms = Math.min(1000 / 60, ...this.#gaps);
  }
}

/** Calls `done` once what was just drawn is on its way to the screen.
 * @param {() => void} done @param {boolean} [isInFrame] true within an animation frame */
export function afterPaint(done, isInFrame = false) {
  const post = () => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done();
    port2.postMessage(null);
  };
  if (isInFrame) post();
  else requestAnimationFrame(post);
}

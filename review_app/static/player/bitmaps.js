/**
 * Pictures that can be kept and drawn at once. To make one takes longer than the page may stand
 * still while a clip plays, so a worker makes those of VideoFrames.
 */

import { release } from './pictures.js';

/** @typedef {import('./pictures.js').Picture} Picture */

/** @type {Worker | null} */ let worker = null;
let isBroken = false;
/** What waits for the worker, oldest first: it answers in order.
 * @type {((answer: MessageEvent | Event) => void)[]} */
const waiting = [];

function started() {
  if (worker) return worker;
  worker = new Worker(new URL('./bitmaps_worker.js', import.meta.url), { type: 'module' });
  worker.onmessage = (answer) => waiting.shift()?.(answer);
  worker.onerror = (failure) => {
    isBroken = true;
    for (const answered of waiting.splice(0)) answered(failure);
  };
  return worker;
}

/** The picture in a size, and the end of it. Fails once where a worker does, not again.
 * @param {Picture} picture @param {number} width @param {number} height
 * @returns {Promise<ImageBitmap>} */
export async function bitmapOf(picture, width, height) {
  try {
    if (isBroken || !('close' in picture)) {
      return await createImageBitmap(picture, { resizeWidth: width, resizeHeight: height });
    }
    const answer = new Promise((done) => { waiting.push(done); });
    started().postMessage({ picture, width, height }, [picture]);
    const { data } = await answer;
    if (!(data instanceof ImageBitmap)) throw new Error('the worker made no picture');
    return data;
  } finally {
    release(picture);
  }
}

/** The VideoFrames that this page holds open: decoders stop when there are too many of them. */

/** @typedef {VideoFrame | ImageBitmap | HTMLVideoElement | HTMLCanvasElement} Picture */

export const openFrames = { now: 0, most: 0 };

/** @param {VideoFrame} frame a new one */
export function opened(frame) {
  openFrames.now += 1;
  openFrames.most = Math.max(openFrames.most, openFrames.now);
  return frame;
}

/** @param {Picture} picture @returns {picture is VideoFrame} */
export const isFrame = (picture) => 'timestamp' in picture;

/** Closes what must be closed. @param {Picture | undefined} picture */
export function release(picture) {
  if (!picture || !('close' in picture)) return;
  if (isFrame(picture)) openFrames.now -= 1;
  picture.close();
}

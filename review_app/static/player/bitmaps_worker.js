/** Draws VideoFrames into bitmaps, beside the page. */

addEventListener('message', ({ data: { picture, width, height } }) => {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { alpha: false });
  if (context) {
    context.imageSmoothingQuality = 'medium';
    context.drawImage(picture, 0, 0, width, height);
  }
  picture.close();
  const bitmap = canvas.transferToImageBitmap();
  postMessage(bitmap, { transfer: [bitmap] });
});

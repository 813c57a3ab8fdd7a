/** Sends pictures that clips should look like. */

/** @param {Blob} picture @returns {Promise<string>} the digest that names it in addresses */
export async function sendPicture(picture) {
  const response = await fetch('/api/v1/search/pictures', {
    method: 'POST',
    body: picture,
    headers: { 'Content-Type': picture.type || 'application/octet-stream' },
  }).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (!response?.ok || !answer) {
    throw new Error(answer?.detail ?? 'the picture could not be sent: the server does not answer');
  }
  return answer.digest;
}

/** @typedef {HTMLCanvasElement | HTMLVideoElement} Screen */

/** What a canvas or a film shows now. @param {Screen} shown @returns {Promise<Blob>} */
async function stillOf(shown) {
  const picture = await pictureOn(shown);
  const copy = document.createElement('canvas');
  [copy.width, copy.height] = sizeOf(picture);
  copy.getContext('2d')?.drawImage(picture, 0, 0);
  const blob = await new Promise((/** @type {BlobCallback} */ made) => {
    copy.toBlob(made, 'image/png');
  });
  if (!blob) throw new Error('there is no picture on the screen yet');
  return blob;
}

/** A film that nobody has begun to play shows its poster. @param {Screen} shown */
async function pictureOn(shown) {
  if (!(shown instanceof HTMLVideoElement) || !shown.poster) return shown;
  if (shown.played.length > 0 || shown.currentTime > 0) return shown;
  const poster = new Image();
  poster.src = shown.poster;
  await poster.decode();
  return poster;
}

/** @param {Screen | HTMLImageElement} picture @returns {[number, number]} */
function sizeOf(picture) {
  if (picture instanceof HTMLVideoElement) return [picture.videoWidth, picture.videoHeight];
  if (picture instanceof HTMLImageElement) return [picture.naturalWidth, picture.naturalHeight];
  return [picture.width, picture.height];
}

/** Opens the search for clips that look like what is shown, in a tab of its own: the present page
 * stays as it is. @param {Screen} shown */
export async function searchLike(shown) {
  const digest = await sendPicture(await stillOf(shown));
  open(`/library?picture=${digest}`, '_blank', 'noopener');
}

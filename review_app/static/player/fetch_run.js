/**
 * Fetches a run of frames as one answer, also where its samples lie in a storage of another origin
 * (`review_app/streams.py`): the app then sends the head of the run, and where the rest is.
 *
 * @param {string} url @param {RequestInit} options @returns {Promise<Response>}
 */
export const fetchRun = async (url, options) => {
  const head = await fetch(url, options);
  const place = head.headers.get('X-Samples-At');
  if (!head.ok || !head.body || !place) return head;
  const range = head.headers.get('X-Samples-Range') ?? '';
  const samples = await fetch(place, { ...options, headers: { Range: range }, credentials: 'omit' });
  if (!samples.ok || !samples.body) return samples;
  const { readable, writable } = new TransformStream();
  head.body
    .pipeTo(writable, { preventClose: true })
    .then(() => samples.body?.pipeTo(writable))
    .catch(() => {}); // whoever reads learns of it
  return new Response(readable);
};

/** Requests to the server's JSON API, with one kind of error. */

import { PAGE, predecessor } from './page_token.js';
import { takeWaits } from './waits.js';

const PATIENCE_MS = 10_000;

export class ApiError extends Error {
  /** @param {string} message a sentence @param {number} status 0: no answer at all
   * @param {any} [body] */
  constructor(message, status, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/** @type {WeakMap<object, {key: string, content: string}>} */ const sent = new WeakMap();
let lastKey = 0;

/** The key by which the server knows a request of a task when it comes again.
 * @param {object} task @param {string} content */
function keyOf(task, content) {
  const before = sent.get(task);
  if (before?.content === content) return before.key;
  const key = `${PAGE}-${(lastKey += 1)}`;
  sent.set(task, { key, content });
  return key;
}

/** @param {string} url @param {object} [body] sent by POST if given, even if the page closes
 * meanwhile @param {{page?: string, task?: object}} [options] `page`: whose leases it is about;
 * `task`: what the request does, which counts once however often it is sent
 * @returns {Promise<any>} */
export async function api(url, body, { page = PAGE, task } = {}) {
  /** @type {Record<string, string>} */ const headers = { 'X-Heaters-Page': page };
  /** @type {RequestInit} */ const request = { headers, signal: AbortSignal.timeout(PATIENCE_MS) };
  const waited = takeWaits();
  if (waited) headers['X-Heaters-Waited'] = waited;
  if (body) {
    const token = /** @type {HTMLMetaElement} */ (document.querySelector('meta[name=csrf]'));
    request.method = 'POST';
    request.keepalive = true;
    headers['Content-Type'] = 'application/json';
    headers['X-CSRFToken'] = token.content;
    request.body = JSON.stringify(body);
    if (task) headers['Idempotency-Key'] = keyOf(task, request.body);
  }
  const response = await fetch(url, request).catch(() => null);
  // An answer that breaks off, or is not JSON, does not tell what the server did.
  const answer = await response?.json().catch(() => null);
  if (!response || (response.ok && !answer)) throw new ApiError('the server does not answer', 0);
  if (!response.ok) {
    const sentence = answer?.detail ?? `the server answered ${response.status}`;
    throw new ApiError(sentence, response.status, answer);
  }
  return answer;
}

/** Takes back a decision; null: this reviewer's latest. @param {number | null} eventId
 * @param {object} [task] */
export const undoDecision = (eventId, task) =>
  api('/api/v1/undo', { event_id: eventId }, { task });

/** This reviewer's decisions that are not undone, newest first: the latest, or those before one.
 * @param {number} [before] its id
 * @returns {Promise<any>} their `Mine` (review/journal.js) */
export const myDecisions = (before) =>
  api(before === undefined ? '/api/v1/mine' : `/api/v1/mine?before=${before}`);

/** The id of this reviewer's latest decision that is not undone.
 * @returns {Promise<number | null>} */
export const latestDecision = async () => (await myDecisions()).recent[0]?.id ?? null;

/** Has no two of the clips called the same any more, for good. @param {readonly number[]} ids
 * @returns {Promise<void>} */
export const takeApart = (ids) => api('/api/v1/apart', { clips: ids });

/** Gives back what this page has leased. @param {string} [page] or another page of this tab */
export const releaseClips = (page) => api('/api/v1/release', {}, { page }).catch(() => {});

const tookOver = predecessor().then((page) => (page ? releaseClips(page) : undefined));

/** Clips of the queue, in the order of a selection, on lease. @param {URLSearchParams} wanted
 * @returns {Promise<any>} */
export async function queueClips(wanted) {
  await tookOver;
  return api(`/api/v1/queue?${wanted}`, {});
}

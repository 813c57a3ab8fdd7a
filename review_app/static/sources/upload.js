/**
 * One file on its way to the server, by the tus protocol: announced once, sent in chunks, resumed
 * after any interruption. Free of DOM: what it needs from the browser is passed in.
 */

/** Bytes per request. An interrupted chunk is sent again, so it is small enough to lose little. */
export const CHUNK = 8 * 2 ** 20;

const TUS = { 'Tus-Resumable': '1.0.0' };
const SPEED_WINDOW_MS = 8000;
const LONGEST_PAUSE_MS = 30_000;

/** The server refuses the file; a retry is no use. */
class Refused extends Error {}

/** How long to wait after a number of failures in a row, in ms.
 * @param {number} failures */
export const pauseAfter = (failures) => Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (failures - 1));

/** Identifies a file across reloads of the page.
 * @param {{ name: string, size: number, lastModified: number }} file */
export const fingerprint = (file) => [file.name, file.size, file.lastModified].join('|');

/** @param {string} text UTF-8 in base64, as in `Upload-Metadata` */
const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/**
 * @typedef {{ status: number, header: (name: string) => string | null, detail: string }} Answer
 * @typedef {{
 *   headers: Record<string, string>, body?: Blob, signal?: AbortSignal,
 *   onprogress?: (bytes: number) => void,
 * }} SendOptions
 * @typedef {{
 *   send: (method: string, url: string, options: SendOptions) => Promise<Answer>,
 *   sleep: (ms: number, signal: AbortSignal) => Promise<void>,
 *   now: () => number,
 *   memory: import('./memory.js').Memory,
 *   onchange: (upload: Upload) => void,
 * }} Means
 *   `send` rejects if no answer came; `sleep` ends early when its signal aborts.
 */

export class Upload {
  /** `interrupted`: begun before the page was opened, and the file must be chosen again. */
  /** @type {'waiting'|'sending'|'retrying'|'paused'|'interrupted'|'done'|'failed'|'cancelled'} */
  state = 'waiting';
  /** Bytes that have arrived, as far as known. */
  sent = 0;
  /** The last error, as a sentence. */
  trouble = '';
  /** When the next try is due while it is `retrying`, on the clock of `now`. */
  retryAt = 0;

  /** @type {string | null} */
  #url;
  #told;
  #means;
  /** The server's last error about a chunk; answers to HEAD have no text. */
  #said = '';
  #stop = new AbortController();
  #wake = new AbortController();
  /** @type {[number, number][]} */
  #history = [];

  /**
   * @param {{ name: string, size: number, lastModified: number, url?: string }} told
   * @param {Blob | null} file null if only its announcement is remembered
   * @param {Record<string, string>} wanted what the server is told of the video
   * @param {Means} means
   */
  constructor(told, file, wanted, means) {
    this.name = told.name;
    this.size = told.size;
    this.fingerprint = fingerprint(told);
    this.file = file;
    this.wanted = wanted;
    this.#url = told.url ?? null;
    this.#told = told;
    this.#means = means;
    if (!file) this.state = 'interrupted';
  }

  get isActive() {
    return this.state === 'sending' || this.state === 'retrying';
  }

  /** True once all bytes have arrived, while the server stores them. */
  get isStoring() {
    return this.state === 'sending' && this.sent >= this.size;
  }

  /** True if leaving the page now would lose work. */
  get isUnfinished() {
    return this.isActive || this.state === 'waiting';
  }

  /** Recent bytes per second, or null. */
  get speed() {
    const [first] = this.#history;
    const last = this.#history.at(-1);
    if (!first || !last || last[0] - first[0] < 500) return null;
    return (1000 * (last[1] - first[1])) / (last[0] - first[0]);
  }

  /** Seconds until all is sent, or null. */
  get secondsLeft() {
    return this.speed ? (this.size - this.sent) / this.speed : null;
  }

  /** Works until the upload is done, refused, paused or cancelled. */
  async run() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    let failures = 0;
    let before = -1;
    while (!signal.aborted) {
      try {
        this.#history = [];
        this.#become('sending');
        await this.#sendAll(signal);
        this.finish();
        return;
      } catch (error) {
        if (signal.aborted) return;
        const { message } = /** @type {Error} */ (error);
        if (error instanceof Refused) {
          this.#means.memory.forget(this.fingerprint);
          this.#become('failed', message);
          return;
        }
        failures = this.sent > before ? 1 : failures + 1;
        before = this.sent;
        this.retryAt = this.#means.now() + pauseAfter(failures);
        this.#wake = new AbortController();
        this.#become('retrying', message);
        await this.#means.sleep(pauseAfter(failures), AbortSignal.any([signal, this.#wake.signal]));
      }
    }
  }

  /** Retries at once: there may be a connection again. */
  wake() {
    this.#wake.abort();
  }

  pause() {
    this.#stop.abort();
    this.#become('paused');
  }

  /** Puts it back in line. */
  resume() {
    this.#become('waiting');
  }

  /** @param {Blob} file the announced one */
  found(file) {
    this.file = file;
    this.#become('waiting');
  }

  /** The server has the whole file. */
  finish() {
    this.#means.memory.forget(this.fingerprint);
    this.sent = this.size;
    this.#become('done');
  }

  async cancel() {
    this.#stop.abort();
    this.#means.memory.forget(this.fingerprint);
    this.#become('cancelled');
    // If this fails, the server removes the upload within a day.
    if (this.#url) await this.#send('DELETE', this.#url).catch(() => {});
  }

  /** Asks the server how much it has: 'all', 'some', or 'nothing' if it does not know the upload.
   * @param {AbortSignal} [signal] */
  async look(signal) {
    const answer = await this.#send('HEAD', /** @type {string} */ (this.#url), { signal });
    if (answer.status === 404) {
      this.#means.memory.forget(this.fingerprint);
      this.#url = null;
      return 'nothing';
    }
    check(answer, this.#said);
    this.sent = Number(answer.header('Upload-Offset'));
    return this.sent < this.size ? 'some' : 'all';
  }

  /** @param {AbortSignal} signal */
  async #sendAll(signal) {
    if (this.#url && (await this.look(signal)) === 'all') return;
    if (!this.#url) await this.#announce(signal);
    do await this.#sendChunk(signal);
    while (this.sent < this.size);
  }

  /** @param {AbortSignal} signal */
  async #announce(signal) {
    const fields = { filename: this.name, ...this.wanted };
    const answer = await this.#send('POST', '/sources', {
      headers: {
        'Upload-Length': `${this.size}`,
        'Upload-Metadata': Object.entries(fields)
          .map(([name, value]) => `${name} ${encoded(value)}`)
          .join(','),
      },
      signal,
    });
    // Without room, an upload that has begun waits; a new one does not begin.
    if (answer.status === 507) throw new Refused(answer.detail);
    check(answer);
    const url = /** @type {string} */ (answer.header('Location'));
    this.sent = 0;
    this.#url = url;
    this.#means.memory.keep(this.fingerprint, { ...this.#told, url });
  }

  /** @param {AbortSignal} signal */
  async #sendChunk(signal) {
    const offset = this.sent;
    const file = /** @type {Blob} */ (this.file);
    try {
      const answer = await this.#send('PATCH', /** @type {string} */ (this.#url), {
        headers: { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': `${offset}` },
        body: file.slice(offset, offset + CHUNK),
        signal,
        onprogress: (bytes) => this.#arrived(offset + bytes),
      });
      this.#said = answer.detail;
      check(answer);
      this.#arrived(Number(answer.header('Upload-Offset')));
    } catch (error) {
      this.sent = offset;
      // To the request, an unreadable file looks like a lost connection.
      await file.slice(offset, offset + 1).arrayBuffer().catch(() => {
        throw new Refused(`${this.name} has changed and can't be read any more: choose it again.`);
      });
      throw error;
    }
  }

  /** @param {number} bytes */
  #arrived(bytes) {
    this.sent = bytes;
    const now = this.#means.now();
    this.#history.push([now, bytes]);
    while (now - this.#history[0][0] > SPEED_WINDOW_MS) this.#history.shift();
    this.#means.onchange(this);
  }

  /** @param {Upload['state']} state @param {string} trouble */
  #become(state, trouble = '') {
    if (this.state === 'cancelled') return;
    this.state = state;
    this.trouble = trouble;
    this.#means.onchange(this);
  }

  /** @param {string} method @param {string} url @param {Partial<SendOptions>} options */
  #send(method, url, { headers = {}, ...rest } = {}) {
    return this.#means.send(method, url, { headers: { ...TUS, ...headers }, ...rest });
  }
}

/** Throws if the answer is an error: Refused if a retry is no use.
 * @param {Answer} answer @param {string} said the text for an answer without one */
function check({ status, detail }, said = '') {
  if (status < 300) return;
  const sentence = detail || said || `The server answered ${status}.`;
  // Worth a retry: another request holds it, the server lost it, or the server itself has failed.
  const passing = [404, 408, 409, 423, 429].includes(status) || status >= 500;
  throw passing ? new Error(sentence) : new Refused(sentence);
}

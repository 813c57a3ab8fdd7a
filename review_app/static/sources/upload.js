/**
 * One file on its way to the server, by the tus protocol: announced once, sent in chunks, continued
 * after whatever may happen in between. Knows no page: what it needs of the browser is handed in.
 */

/** Bytes sent at once. A chunk that breaks off is sent again: small enough to lose little. */
export const CHUNK = 8 * 2 ** 20;

const TUS = { 'Tus-Resumable': '1.0.0' };
const SPEED_WINDOW_MS = 8000;
const LONGEST_PAUSE_MS = 30_000;

/** The server will not have the file; asking again is no use. */
class Refused extends Error {}

/** How long to wait after so many failures in a row, in ms.
 * @param {number} failures */
export const pauseAfter = (failures) => Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (failures - 1));

/** What tells one file from another across reloads of the page.
 * @param {{ name: string, size: number, lastModified: number }} file */
export const fingerprint = (file) => [file.name, file.size, file.lastModified].join('|');

/** @param {string} text UTF-8 in base64, as in `Upload-Metadata` */
const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/**
 * @typedef {{ status: number, header: (name: string) => string | null, error: string }} Answer
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
 *   `send` rejects where no answer came; `sleep` ends early when there is reason for hope.
 */

export class Upload {
  /** `interrupted`: begun before the page was opened, and the file must be chosen again. */
  /** @type {'waiting'|'sending'|'retrying'|'paused'|'interrupted'|'done'|'failed'|'cancelled'} */
  state = 'waiting';
  /** Bytes that have arrived, as far as is known. */
  sent = 0;
  /** What went wrong last, as a sentence. */
  trouble = '';
  /** When it is tried again, while it is `retrying`, on the clock of `now`. */
  retryAt = 0;

  /** @type {string | null} */
  #url;
  #told;
  #means;
  /** What the server said when it could not take the last bytes in; a HEAD is answered mutely. */
  #said = '';
  #stop = new AbortController();
  #wake = new AbortController();
  /** @type {[number, number][]} */
  #history = [];

  /**
   * @param {{ name: string, size: number, lastModified: number, url?: string }} told
   * @param {Blob | null} file null where only its announcement is remembered
   * @param {boolean} alreadyCut
   * @param {Means} means
   */
  constructor(told, file, alreadyCut, means) {
    this.name = told.name;
    this.size = told.size;
    this.fingerprint = fingerprint(told);
    this.file = file;
    this.alreadyCut = alreadyCut;
    this.#url = told.url ?? null;
    this.#told = told;
    this.#means = means;
    if (!file) this.state = 'interrupted';
  }

  get isActive() {
    return this.state === 'sending' || this.state === 'retrying';
  }

  /** All bytes have arrived, and the server puts them where they belong. */
  get isStoring() {
    return this.state === 'sending' && this.sent >= this.size;
  }

  /** Whether it would be lost work to leave the page now. */
  get isUnfinished() {
    return this.isActive || this.state === 'waiting';
  }

  /** Bytes per second of late, or null. */
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

  /** There may be a connection again. */
  wake() {
    this.#wake.abort();
  }

  pause() {
    this.#stop.abort();
    this.#become('paused');
  }

  /** Whoever has it next may run it. */
  resume() {
    this.#become('waiting');
  }

  /** @param {Blob} file the one that the announcement speaks of */
  found(file) {
    this.file = file;
    this.#become('waiting');
  }

  /** The server has all of it. */
  finish() {
    this.#means.memory.forget(this.fingerprint);
    this.sent = this.size;
    this.#become('done');
  }

  async cancel() {
    this.#stop.abort();
    this.#means.memory.forget(this.fingerprint);
    this.#become('cancelled');
    // Where this fails, the server sweeps the upload within a day.
    if (this.#url) await this.#send('DELETE', this.#url).catch(() => {});
  }

  /** Asks the server how much it has: 'all', 'some' or, where it knows nothing of it, 'nothing'.
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
    const fields = { filename: this.name, ...(this.alreadyCut ? { already_cut: '1' } : {}) };
    const answer = await this.#send('POST', '/sources', {
      headers: {
        'Upload-Length': `${this.size}`,
        'Upload-Metadata': Object.entries(fields)
          .map(([name, value]) => `${name} ${encoded(value)}`)
          .join(','),
      },
      signal,
    });
    // What has begun waits for room; what has not is better begun when there is some.
    if (answer.status === 507) throw new Refused(answer.error);
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
      this.#said = answer.error;
      check(answer);
      this.#arrived(Number(answer.header('Upload-Offset')));
    } catch (error) {
      this.sent = offset;
      // A file that can't be read ends a request as a lost connection does.
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

/** Throws what the answer means for the upload.
 * @param {Answer} answer @param {string} said what to say where the answer is mute */
function check({ status, error }, said = '') {
  if (status < 300) return;
  const sentence = error || said || `The server answered ${status}.`;
  // Another request is at work on it, or has been; the server lost it, or is in trouble itself.
  const passing = [404, 408, 409, 423, 429].includes(status) || status >= 500;
  throw passing ? new Error(sentence) : new Refused(sentence);
}

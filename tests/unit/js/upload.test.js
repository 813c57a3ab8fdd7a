import assert from 'node:assert/strict';
import { test } from 'node:test';

import { told } from '../../../review_app/static/sources/list.js';
import { Memory } from '../../../review_app/static/sources/memory.js';
import { CHUNK, Upload, fingerprint, pauseAfter } from '../../../review_app/static/sources/upload.js';
import { Uploads } from '../../../review_app/static/sources/uploads.js';
import { fileSize, roughDuration } from '../../../review_app/static/sources/amounts.js';

/**
 * @typedef {import('../../../review_app/static/sources/upload.js').SendOptions} SendOptions
 * @typedef {{ status: number, detail?: string } | undefined} Special
 * @typedef {(method: string, url: string, options: SendOptions) => Special | Promise<Special>} Trouble
 */

/** A server that keeps what it is sent; `trouble` is asked first, and may answer or throw. */
class Server {
  uploads = new Map();
  /** @type {string[]} */ requests = [];
  /** @type {Trouble} */ trouble = () => undefined;

  /** @type {import('../../../review_app/static/sources/upload.js').Means['send']} */
  send = async (method, url, options) => {
    options.signal?.throwIfAborted();
    assert.equal(options.headers['Tus-Resumable'], '1.0.0');
    this.requests.push(method);
    const special = await this.trouble(method, url, options);
    if (special) return { header: () => null, detail: '', ...special };
    if (method === 'POST') {
      const address = `/sources/uploads/${this.uploads.size}`;
      const { 'Upload-Length': length, 'Upload-Metadata': metadata } = options.headers;
      this.uploads.set(address, { length: Number(length), metadata, bytes: Buffer.alloc(0) });
      return this.answer(201, { Location: address });
    }
    const upload = this.uploads.get(url);
    if (!upload) return this.answer(404, {}, 'There is no such upload.');
    if (method === 'DELETE') {
      this.uploads.delete(url);
      return this.answer(204);
    }
    if (method === 'PATCH') {
      if (Number(options.headers['Upload-Offset']) !== upload.bytes.length) {
        return this.answer(409, {}, 'It goes on elsewhere.');
      }
      const { body = new Blob() } = options;
      options.onprogress?.(Math.floor(body.size / 2));
      upload.bytes = Buffer.concat([upload.bytes, Buffer.from(await body.arrayBuffer())]);
    }
    return this.answer(204, { 'Upload-Offset': `${upload.bytes.length}` });
  };

  /** @param {number} status @param {Record<string, string>} [headers] */
  answer(status, headers = {}, detail = '') {
    return { status, header: (/** @type {string} */ name) => headers[name] ?? null, detail };
  }
}

const place = () => {
  /** @type {Map<string, string>} */ const kept = new Map();
  return /** @type {Storage} */ (/** @type {unknown} */ ({
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value),
  }));
};

function world({ server = new Server(), memory = new Memory(place()) } = {}) {
  /** @type {string[]} */ const states = [];
  /** @type {import('../../../review_app/static/sources/upload.js').Means} */
  const means = {
    send: server.send,
    sleep: () => new Promise(setImmediate),
    now: () => 0,
    memory,
    onchange: (upload) => {
      states.push([upload.name, upload.state].join(' '));
    },
  };
  return { server, memory, means, states, uploads: new Uploads(means) };
}

const film = (name = 'film.mp4', content = 'a short film') =>
  new File([content], name, { lastModified: 1_700_000_000_000 });

/** @param {() => boolean} condition */
const until = async (condition) => {
  for (let i = 0; i < 2000 && !condition(); i += 1) await new Promise(setImmediate);
  assert.ok(condition());
};

/** @param {Buffer} bytes */
const text = (bytes) => bytes.toString();

test('a file is announced, sent and forgotten', async () => {
  const { server, memory, uploads } = world();
  uploads.add([film('Größe.mp4')], { already_cut: '1', pipeline: 'physical' });
  await until(() => uploads.list[0].state === 'done');
  const [upload] = server.uploads.values();
  assert.equal(text(upload.bytes), 'a short film');
  const fields = Object.fromEntries(upload.metadata.split(',').map((/** @type {string} */ pair) => pair.split(' ')));
  assert.equal(Buffer.from(fields.filename, 'base64').toString(), 'Größe.mp4');
  assert.deepEqual([atob(fields.already_cut), atob(fields.pipeline)], ['1', 'physical']);
  assert.deepEqual(memory.all(), {});
});

test('a file goes in chunks', async () => {
  const { server, uploads } = world();
  uploads.add([film('long.mp4', 'x'.repeat(2 * CHUNK + 1))], {});
  await until(() => uploads.list[0].state === 'done');
  assert.equal(server.requests.filter((method) => method === 'PATCH').length, 3);
});

test('it resumes by itself after passing errors', async () => {
  const { server, uploads, states } = world();
  const troubles = [
    { status: 503, detail: 'Away.' },
    { status: 423, detail: 'Busy.' },
    { status: 409, detail: 'Elsewhere.' },
    { status: 507, detail: 'The disk is full for now.' },
  ];
  let attempts = 0;
  server.trouble = (method) => {
    if (method !== 'PATCH') return undefined;
    attempts += 1;
    if (attempts === 1) throw new Error('No connection to the server.');
    return troubles.shift();
  };
  uploads.add([film()], {});
  await until(() => uploads.list[0].state === 'done');
  assert.equal(states.filter((state) => state === 'film.mp4 retrying').length, 5);
  assert.equal(text([...server.uploads.values()][0].bytes), 'a short film');
});

test('pauses grow,', () => {
  assert.deepEqual([1, 2, 3, 6, 40].map(pauseAfter), [1000, 2000, 4000, 30_000, 30_000]);
});

test('a refusal is reported and not retried', async () => {
  const { server, memory, uploads } = world();
  server.trouble = (method) =>
    method === 'POST' ? { status: 413, detail: 'film.mp4 has 2 TB; at most 100 GB are taken.' } : undefined;
  uploads.add([film()], {});
  await until(() => uploads.list[0].state === 'failed');
  assert.equal(told(uploads.list[0], 0)[0], 'film.mp4 has 2 TB; at most 100 GB are taken.');
  assert.deepEqual(server.requests, ['POST']);
  assert.deepEqual(memory.all(), {});
});

test('an upload without room on the server does not begin', async () => {
  const { server, uploads } = world();
  server.trouble = (method) => (method === 'POST' ? { status: 507, detail: 'No room.' } : undefined);
  uploads.add([film()], {});
  await until(() => uploads.list[0].state === 'failed');
  assert.deepEqual(server.requests, ['POST']);
});

test('an upload that the server no longer has starts over', async () => {
  const { server, memory, uploads } = world();
  const file = film();
  memory.keep(fingerprint(file), { name: file.name, size: file.size, lastModified: file.lastModified, url: '/gone' });
  uploads.add([file], {});
  await until(() => uploads.list[0].state === 'done');
  assert.deepEqual(server.requests, ['HEAD', 'POST', 'PATCH']);
});

test('another page resumes when the same file is chosen', async () => {
  const { server, memory } = world();
  const file = film();
  const told = { name: file.name, size: file.size, lastModified: file.lastModified, url: '/sources/uploads/0' };
  server.uploads.set('/sources/uploads/0', { length: file.size, bytes: Buffer.from('a short') });
  memory.keep(fingerprint(file), told);

  const { uploads } = world({ server, memory });
  await uploads.recall();
  assert.deepEqual(uploads.list.map(({ state, sent }) => [state, sent]), [['interrupted', 7]]);
  uploads.add([film('another.mp4')], {});
  assert.equal(uploads.list[0].state, 'interrupted');
  uploads.add([film()], {});
  await until(() => uploads.list.every(({ state }) => state === 'done'));
  assert.equal(text(server.uploads.get('/sources/uploads/0').bytes), 'a short film');
});

test('a complete upload is taken in without the file', async () => {
  const { server, memory, uploads } = world();
  const file = film();
  server.uploads.set('/x', { length: file.size, bytes: Buffer.from('a short film') });
  memory.keep(fingerprint(file), { name: file.name, size: file.size, lastModified: file.lastModified, url: '/x' });
  await uploads.recall();
  assert.equal(uploads.list[0].state, 'done');
  assert.deepEqual(memory.all(), {});
});

test('a pause stops at once, and a resume sends the rest once', async () => {
  const { server, uploads } = world();
  let paused = false;
  server.trouble = async (method, _url, { signal }) => {
    if (method !== 'PATCH' || paused) return undefined;
    paused = true;
    uploads.list[0].pause();
    uploads.list[0].resume(); // before the one under way has noticed
    signal?.throwIfAborted();
    return undefined;
  };
  uploads.add([film()], {});
  await until(() => uploads.list[0].state === 'done');
  assert.equal(text([...server.uploads.values()][0].bytes), 'a short film');
  assert.deepEqual(server.requests, ['POST', 'PATCH', 'HEAD', 'PATCH']);
});

test('a cancelled upload is taken back', async () => {
  const { server, memory, uploads } = world();
  server.trouble = (method) => (method === 'PATCH' ? new Promise(() => {}) : undefined);
  uploads.add([film()], {});
  await until(() => server.requests.includes('PATCH'));
  await uploads.list[0].cancel();
  assert.equal(server.uploads.size, 0);
  assert.deepEqual([uploads.list, memory.all()], [[], {}]);
});

test('a file that changed on the disk is not sent half', async () => {
  const { server, uploads, means } = world();
  server.trouble = (method) => {
    if (method === 'PATCH') throw new Error('No connection to the server.');
    return undefined;
  };
  const gone = new Blob();
  gone.slice = () => gone;
  gone.arrayBuffer = () => Promise.reject(new Error('NotReadable'));
  const upload = new Upload({ name: 'film.mp4', size: 5, lastModified: 1 }, gone, {}, means);
  await upload.run();
  assert.equal(upload.state, 'failed');
  assert.match(upload.trouble, /can't be read any more/);
  assert.deepEqual(uploads.list, []);
});

test('two files are sent at once, the others wait, and no file is sent twice', async () => {
  const { server, uploads } = world();
  let open = () => {};
  const gate = new Promise((resolve) => {
    open = () => resolve(undefined);
  });
  server.trouble = async (method) => {
    if (method === 'PATCH') await gate;
    return undefined;
  };
  uploads.add(['a', 'b', 'c', 'a'].map((name) => film(name)), {});
  assert.deepEqual(uploads.list.map(({ state }) => state), ['sending', 'sending', 'waiting']);
  open();
  await until(() => uploads.list.every(({ state }) => state === 'done'));
  assert.equal(server.uploads.size, 3);
});

test('when the storage fails at the end, its sentence stays until it works', async () => {
  const { server, uploads, means } = world();
  /** @type {string[]} */ const sentences = [];
  const shown = means.onchange;
  means.onchange = (upload) => {
    shown(upload);
    if (upload.state === 'retrying') sentences.push(upload.trouble);
  };
  const own = new Uploads(means);
  let failures = 0;
  server.trouble = (method, url) => {
    if (method === 'PATCH') {
      server.uploads.get(url).bytes = Buffer.from('a short film');
      return { status: 500, detail: "The bucket 'films' can't be used." };
    }
    if (method === 'HEAD') {
      failures += 1;
      return failures < 3 ? { status: 500 } : undefined;
    }
    return undefined;
  };
  own.add([film()], {});
  await until(() => own.list[0].state === 'done');
  assert.deepEqual(sentences, Array(3).fill("The bucket 'films' can't be used."));
  assert.deepEqual(uploads.list, []);
});

test('sizes and times read the same as on the server', () => {
  const sizes = [0, 999, 1000, 1234, 99_400, 99_600, 999_600, 1.4e9, 5e15];
  assert.deepEqual(sizes.map(fileSize), [
    ...['0 B', '999 B', '1 kB', '1.23 kB', '99.4 kB', '100 kB', '1 MB', '1.4 GB', '5000 TB'],
  ]);
  assert.deepEqual([0.2, 40, 180, 7800, 7200].map(roughDuration), [
    '1 s', '40 s', '3 min', '2 h 10 min', '2 h',
  ]);
});

/** All uploads of this page: their order, and how many run at once. Free of DOM. */

import { Upload, fingerprint } from './upload.js';

/** Two, so that one is sent while the server stores another. */
const AT_ONCE = 2;

export class Uploads {
  /** @type {Upload[]} */
  list = [];
  #means;

  /** @param {import('./upload.js').Means} means */
  constructor(means) {
    this.#means = {
      ...means,
      onchange: (/** @type {Upload} */ upload) => {
        if (upload.state === 'cancelled') this.list = this.list.filter((each) => each !== upload);
        this.#begin();
        means.onchange(upload);
      },
    };
  }

  get unfinished() {
    return this.list.filter((upload) => upload.isUnfinished);
  }

  /** Queues files; an upload that has begun before resumes.
   * @param {Iterable<File>} files @param {Record<string, string>} wanted
   *   what the server is told of each video */
  add(files, wanted) {
    for (const file of files) {
      const name = fingerprint(file);
      const known = this.list.find((upload) => upload.fingerprint === name && upload.state !== 'done');
      if (known?.state === 'interrupted') known.found(file);
      else if (known?.state === 'paused') known.resume();
      else if (!known || known.state === 'failed') {
        this.list = this.list.filter((upload) => upload !== known);
        const { size, lastModified } = file;
        const url = this.#means.memory.all()[name]?.url;
        const told = { name: file.name, size, lastModified, url };
        this.list.push(new Upload(told, file, wanted, this.#means));
      }
    }
    this.#begin();
  }

  /** Lists uploads that earlier pages began; the server takes in complete ones. */
  async recall() {
    for (const told of Object.values(this.#means.memory.all())) {
      const upload = new Upload(told, null, {}, this.#means);
      const known = () => this.list.some((each) => each.fingerprint === upload.fingerprint);
      if (known()) continue;
      try {
        const arrived = await upload.look();
        if (arrived === 'nothing' || known()) continue;
        this.list.push(upload);
        if (arrived === 'all') upload.finish();
      } catch {
        // The server can't be reached, or the upload is busy: choosing the file finds it again.
      }
      this.#means.onchange(upload);
    }
  }

  /** @param {Upload} upload a finished one */
  dismiss(upload) {
    this.list = this.list.filter((each) => each !== upload);
  }

  wake() {
    for (const upload of this.list) upload.wake();
  }

  #begin() {
    while (this.list.filter((upload) => upload.isActive).length < AT_ONCE) {
      const next = this.list.find((upload) => upload.state === 'waiting');
      if (!next) return;
      void next.run();
    }
  }
}

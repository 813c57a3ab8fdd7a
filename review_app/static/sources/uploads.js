/** All uploads of this page: their order, and how many go at once. Knows no page. */

import { Upload, fingerprint } from './upload.js';

/** So that one is sent while the server stores another. */
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

  /** Queues files; one that was begun before goes on where it was.
   * @param {Iterable<File>} files @param {boolean} alreadyCut */
  add(files, alreadyCut) {
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
        this.list.push(new Upload(told, file, alreadyCut, this.#means));
      }
    }
    this.#begin();
  }

  /** Lists what earlier pages have begun; the server takes in what was complete. */
  async recall() {
    for (const told of Object.values(this.#means.memory.all())) {
      const upload = new Upload(told, null, false, this.#means);
      const known = () => this.list.some((each) => each.fingerprint === upload.fingerprint);
      if (known()) continue;
      try {
        const arrived = await upload.look();
        if (arrived === 'nothing' || known()) continue;
        this.list.push(upload);
        if (arrived === 'all') upload.finish();
      } catch {
        // The server is away or the upload busy: it is known again when the file is chosen.
      }
      this.#means.onchange(upload);
    }
  }

  /** @param {Upload} upload one that is at an end */
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

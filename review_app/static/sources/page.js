/** The sources page: its list, and uploads. */

import { byId } from '../shared/dom.js';
import { UploadList } from './list.js';
import { Memory } from './memory.js';
import { askBeforeRemoval } from './remove.js';
import { send } from './send.js';
import { keepFresh, refresh } from './table.js';
import { Uploads } from './uploads.js';

/** How often remaining times and speeds are updated. */
const TICK_MS = 500;
/** How long a finished upload stays in the list; its video is in the table then. */
const DONE_MS = 6000;

const uploads = new Uploads({
  send,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
      signal.addEventListener('abort', () => resolve());
    }),
  now: Date.now,
  memory: new Memory(localStorage),
  onchange: (upload) => {
    list.show();
    if (upload.state !== 'done') return;
    void refresh();
    setTimeout(() => {
      uploads.dismiss(upload);
      list.show();
    }, DONE_MS);
  },
});
const list = new UploadList(byId('uploads'), uploads);
const chooser = /** @type {HTMLInputElement} */ (byId('files'));
const drop = byId('drop');

/** @param {Iterable<File>} files */
function add(files) {
  const form = new FormData(/** @type {HTMLFormElement} */ (byId('add-form')));
  const pipeline = String(form.get('pipeline'));
  uploads.add(files, { pipeline, ...(form.has('already_cut') ? { already_cut: '1' } : {}) });
  list.show();
}

/** The dropped files, without folders: browsers present those as unreadable files.
 * @param {DataTransfer} transfer */
function* filesIn(transfer) {
  for (const item of transfer.items) {
    const file = item.getAsFile();
    if (file && !item.webkitGetAsEntry()?.isDirectory) yield file;
  }
}

byId('choose').addEventListener('click', () => chooser.click());
chooser.addEventListener('change', () => {
  add([...(chooser.files ?? [])]);
  chooser.value = ''; // so that the same file can be chosen again
});
addEventListener('dragover', (event) => {
  if (!event.dataTransfer?.types.includes('Files')) return;
  event.preventDefault();
  drop.classList.add('is-over');
});
addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) drop.classList.remove('is-over');
});
addEventListener('drop', (event) => {
  if (!event.dataTransfer?.types.includes('Files')) return;
  event.preventDefault();
  drop.classList.remove('is-over');
  add(filesIn(event.dataTransfer));
});
addEventListener('online', () => uploads.wake());
addEventListener('beforeunload', (event) => {
  if (uploads.unfinished.length > 0) event.preventDefault();
});
setInterval(() => list.show(), TICK_MS);
keepFresh();
askBeforeRemoval();
void uploads.recall();

/**
 * The decision that an undo takes back where the page knows of none.
 *
 * @typedef {import('./journal.js').Done} Done
 * @typedef {import('./journal.js').Mine} Mine
 */

/** The latest of the reviewer's decisions that may be undone; null if they made none. Throws a
 * Refusal where none may be.
 * @param {(before?: number) => Promise<Mine>} read reads some, the latest or those before an id
 * @param {(id: number | null) => boolean} isStuck @returns {Promise<Done | null>} */
export async function latestUndoable(read, isStuck) {
  let mine = await read();
  for (;;) {
    const found = mine.recent.find(({ id }) => !isStuck(id));
    if (found) return found;
    const last = mine.recent.at(-1)?.id;
    if (!last) return null;
    if (!mine.has_older) {
      const message = 'none of your older decisions can be undone';
      throw Object.assign(new Error(message), { status: 409 });
    }
    mine = await read(last);
  }
}

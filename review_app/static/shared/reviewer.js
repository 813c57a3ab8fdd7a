/** The field at the top of the page for the reviewer's name. */

import { api } from './api.js';
import { byId } from './dom.js';

/** @param {() => Promise<unknown>} onrenamed called when the server knows the new name
 * @param {(why: string) => void} onrefused */
export function letRename(onrenamed, onrefused) {
  const field = /** @type {HTMLInputElement} */ (byId('reviewer'));
  field.addEventListener('change', async () => {
    try {
      const { name } = await api('/api/v1/reviewer', { name: field.value });
      field.value = name;
      field.blur();
      await onrenamed();
    } catch (error) {
      onrefused(/** @type {Error} */ (error).message);
    }
  });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') field.blur();
  });
}

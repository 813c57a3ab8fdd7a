import { make } from './dom.js';

/** A dot in a label's colour; a ring for a label without one. @param {string | null} colour */
export const dot = (colour) =>
  make('span', { className: 'dot', data: colour ? { colour } : {}, ariaHidden: 'true' });

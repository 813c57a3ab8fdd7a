/** Names that are typed after an `@`. Pure. */

const MOST = 6;
const BEGUN = /(?:^|\W)@([^@\n]{0,40})$/u;

/** The people whom the end of a text may mean. @param {string} typed up to the caret
 * @param {string[]} people */
export function namesFor(typed, people) {
  const begun = BEGUN.exec(typed)?.[1].toLowerCase();
  if (begun === undefined) return [];
  return people.filter((name) => name.toLowerCase().startsWith(begun)).slice(0, MOST);
}

/** The text with the name in place of what was begun. @param {string} typed up to the caret
 * @param {string} name */
export const completed = (typed, name) => `${typed.slice(0, typed.lastIndexOf('@'))}@${name} `;

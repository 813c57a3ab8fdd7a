/**
 * Which action a key press means, and how people change that. Pure: takes anything with the fields
 * of a keyboard event.
 *
 * A key is named by what is printed on it: a letter in lower case, a digit whatever else the layout
 * prints on that key (so Shift and 3 is `Shift+3`, not `#`), with `Shift+` in front where the
 * character alone does not tell.
 *
 * @typedef {{key: string, code: string, shiftKey: boolean, ctrlKey: boolean, metaKey: boolean,
 *   altKey: boolean, getModifierState?: (name: string) => boolean}} KeyPress
 * @typedef {{action: string, key: string, label: string}} Binding
 */

/** The key that leaves a field, and keys that mean nothing by themselves. */
const RESERVED = new Set([
  'Escape', 'Shift', 'Control', 'Alt', 'AltGraph', 'Meta', 'CapsLock', 'NumLock',
  'ScrollLock', 'Fn', 'ContextMenu', 'Dead', 'Process', 'Unidentified',
]);

/** Only an action that has it by default can have this key, which else moves the focus.
 * @param {string} name */
const isTab = (name) => /^(Shift\+)?Tab$/.test(name);

/** Characters of keys without Shift; on other layouts the printed character counts. */
const WITHOUT_SHIFT = new Map(Object.entries({
  BracketLeft: '[', BracketRight: ']', Comma: ',', Period: '.', Slash: '/', Semicolon: ';',
  Quote: "'", Backquote: '`', Backslash: '\\', Minus: '-', Equal: '=',
}));

/** The names of a key press, the most specific first; none for a press that is not for the page.
 * @param {KeyPress} press @returns {string[]} */
export function namesOf(press) {
  const { key, code, shiftKey, ctrlKey, altKey, metaKey } = press;
  const types = press.getModifierState?.('AltGraph') ?? false;
  if (metaKey || ((ctrlKey || altKey) && !types)) return [];
  if (RESERVED.has(key) || /^F\d+$/.test(key)) return [];
  const named = (/** @type {string} */ name) => (shiftKey ? `Shift+${name}` : name);
  if (key === ' ') return [named('Space')];
  if (key.length > 1) return [named(key)];
  const base = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1] ?? WITHOUT_SHIFT.get(code);
  const letter = key.toLowerCase();
  if (letter !== key.toUpperCase()) {
    const latin = base ?? /^Key([A-Z])$/.exec(code)?.[1].toLowerCase();
    return /^[a-z]$/.test(letter) || !latin ? [named(letter)] : [named(letter), named(latin)];
  }
  const printed = /\d/.test(key) ? [] : [key];
  return [...new Set([...printed, ...(base ? [named(base)] : [])])];
}

/** A key as people read it on a key cap. @param {string} name */
export function keyCap(name) {
  /** @type {Record<string, string>} */
  const caps = {
    Shift: '⇧', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Enter: '↵',
    Backspace: '⌫', Delete: 'Del', PageUp: 'PgUp', PageDown: 'PgDn',
  };
  const parts = name.split(/\+(?=.)/);
  return parts.map((part) => caps[part] ?? part).join(parts[0] === 'Shift' ? ' ' : '+');
}

export class Keymap {
  #table;
  /** Keys that a person chose, by action. @type {Map<string, string>} */ #chosen = new Map();

  /** @param {readonly Binding[]} table each key once
   * @param {unknown} [stored] what `toJSON` once returned; invalid entries are ignored */
  constructor(table, stored) {
    this.#table = table;
    if (typeof stored !== 'object' || stored === null) return;
    const known = new Map(table.map(({ action, key }) => [action, key]));
    for (const [action, key] of Object.entries(stored)) {
      const isKey = typeof key === 'string' && key.length > 0 && key.length < 40;
      if (isKey && known.has(action) && ![...this.#chosen.values()].includes(key)) {
        this.#chosen.set(action, key);
      }
    }
  }

  /** @param {string} action */
  knows(action) {
    return this.#table.some((binding) => binding.action === action);
  }

  /** The key of an action; null if its key was given to another action.
   * @param {string} action @returns {string | null} */
  keyOf(action) {
    const chosen = this.#chosen.get(action);
    if (chosen) return chosen;
    const key = this.#table.find((binding) => binding.action === action)?.key ?? null;
    return key !== null && [...this.#chosen.values()].includes(key) ? null : key;
  }

  /** @param {string} key @returns {string | null} */
  ownerOf(key) {
    return this.#table.find(({ action }) => this.keyOf(action) === key)?.action ?? null;
  }

  /** @param {KeyPress} press @returns {string | null} */
  actionFor(press) {
    for (const name of namesOf(press)) {
      const action = this.ownerOf(name);
      if (action) return action;
    }
    return null;
  }

  /** The key that a press would give to an action, and the other action that owns it now; null for
   * a press that can't be bound. @param {string} action @param {KeyPress} press */
  claim(action, press) {
    const names = namesOf(press);
    if (names.length === 0 || names.some(isTab)) return null;
    const key = names.find((name) => this.ownerOf(name)) ?? names[0];
    const owner = this.ownerOf(key);
    return { key, owner: owner === action ? null : owner };
  }

  /** True if another action could have this one's key. @param {string} action */
  canSwap(action) {
    const key = this.keyOf(action);
    return key !== null && !isTab(key);
  }

  /** Gives a key to an action. The action that had the key gets the other's key in return, if it
   * can have it. @param {string} action @param {string} key */
  assign(action, key) {
    const owner = this.ownerOf(key);
    const old = this.keyOf(action);
    if (owner && owner !== action) {
      if (old !== null && this.canSwap(action)) this.#chosen.set(owner, old);
      else this.#chosen.delete(owner);
    }
    this.#chosen.set(action, key);
    for (const { action: each, key: byDefault } of this.#table) {
      if (this.#chosen.get(each) === byDefault) this.#chosen.delete(each);
    }
  }

  reset() {
    this.#chosen.clear();
  }

  /** @param {string} action */
  isChanged(action) {
    return this.keyOf(action) !== this.#table.find((each) => each.action === action)?.key;
  }

  get isDefault() {
    return this.#chosen.size === 0;
  }

  toJSON() {
    return Object.fromEntries(this.#chosen);
  }
}

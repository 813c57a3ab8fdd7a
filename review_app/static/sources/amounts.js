/** Sizes and times in words, the same as the server's (`texts.py`, `progress.py`). */

/** `1.4 GB`, in decimal units.
 * @param {number} bytes */
export function fileSize(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  let number = bytes;
  while (number >= 999.5 && at < units.length - 1) {
    number /= 1000;
    at += 1;
  }
  const exact = number >= 99.5 || at === 0;
  return `${exact ? Math.round(number) : Number(number.toPrecision(3))} ${units[at]}`;
}

/** `40 s`, `3 min`, `2 h 10 min`.
 * @param {number} seconds */
export function roughDuration(seconds) {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`;
}

/** How numbers read. */

/** `75.2` -> `1:15.20`. @param {number | null} seconds */
export function timecode(seconds) {
  if (seconds === null) return '–';
  const hundredths = Math.round(seconds * 100);
  const rest = hundredths % 6000;
  const minutes = Math.floor(hundredths / 6000);
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const hours = Math.floor(minutes / 60);
  const clock = hours ? `${hours}:${two(minutes % 60)}` : String(minutes);
  return `${clock}:${two(Math.floor(rest / 100))}.${two(rest % 100)}`;
}

/** Wave forms. Pure. */

/** The loudest sample of each of n equal parts, 0 to 1.
 * @param {Float32Array} samples -1 to 1 @param {number} n @returns {Float32Array} */
export function peaksOf(samples, n) {
  const peaks = new Float32Array(n);
  for (let part = 0; part < n; part += 1) {
    const end = Math.floor(((part + 1) * samples.length) / n);
    let loudest = 0;
    for (let i = Math.floor((part * samples.length) / n); i < end; i += 1) {
      loudest = Math.max(loudest, Math.abs(samples[i]));
    }
    peaks[part] = Math.min(1, loudest);
  }
  return peaks;
}

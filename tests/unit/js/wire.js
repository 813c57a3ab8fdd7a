/** A run as the server sends it: frame n has n % 7 + 1 bytes of value n, 3000 ticks each.
 * @param {number} a @param {number} b */
export function wire(a, b) {
  const n = b - a;
  const sizes = Array.from({ length: n }, (_, i) => ((a + i) % 7) + 1);
  const bytes = new Uint8Array(24 + 8 * n + sizes.reduce((x, y) => x + y, 0));
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('HFR1'));
  view.setUint32(4, a, true);
  view.setUint32(8, n, true);
  view.setUint32(12, 3000 * n, true);
  view.setBigUint64(16, BigInt(3000 * a), true);
  let at = 24 + 8 * n;
  sizes.forEach((size, i) => {
    view.setUint32(24 + 4 * i, size, true);
    view.setUint32(24 + 4 * (n + i), 3000 * i, true);
    bytes.fill((a + i) % 256, at, at + size);
    at += size;
  });
  return bytes;
}

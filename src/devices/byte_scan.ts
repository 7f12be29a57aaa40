/**
 * The byte scan: whether bytes that are not in kernel memory are all zero.
 *
 * The kernel's own `isZero` is faster, but the bytes would have to be copied there first. Data that
 * is not zero is told from its first words; zeroes are read four words at a time.
 *
 * This module is browser compatible.
 *
 * @module
 */

/**
 * Whether a stretch of a buffer holds only zeroes.
 *
 * @param bytes The buffer.
 * @param from The first byte.
 * @param to The byte behind the last; a multiple of 16 behind `from`.
 * @returns `true` when every byte is 0, as it is for no bytes.
 */
export function isZeroBytes(bytes: Uint8Array, from: number, to: number): boolean {
  const offsetBytes = bytes.byteOffset + from;
  if (offsetBytes % 4 !== 0) {
    for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
    return true;
  }
  const words = new Int32Array(bytes.buffer, offsetBytes, (to - from) / 4);
  for (let at = 0; at < words.length; at += 4) {
    if (
      ((words[at] as number) | (words[at + 1] as number) | (words[at + 2] as number) |
        (words[at + 3] as number)) !== 0
    ) return false;
  }
  return true;
}

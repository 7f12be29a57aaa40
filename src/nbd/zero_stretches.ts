/**
 * Zero stretches: which parts of what was read are nothing but zeroes.
 *
 * They are told by blocks of 4 KiB, aligned on the device and not in the buffer, so that two readers of
 * one place agree. Smaller ones are not worth a chunk of their own in a reply.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { isZeroBytes } from "../devices/byte_scan.ts";

/** The grain. */
const BLOCK_BYTES = 4096;

/**
 * Visits a buffer as stretches that are alike, in order.
 *
 * @param bytes What was read; whole sectors.
 * @param offsetBytes Where it lies on the device.
 * @param visit Told where a stretch begins and ends in the buffer, and whether it is all zeroes.
 */
export function eachStretch(
  bytes: Uint8Array,
  offsetBytes: number,
  visit: (from: number, to: number, isZero: boolean) => void,
): void {
  let start = 0;
  let isZero = false;
  for (let from = 0; from < bytes.byteLength;) {
    const toBoundary = BLOCK_BYTES - (offsetBytes + from) % BLOCK_BYTES;
    const to = Math.min(from + toBoundary, bytes.byteLength);
    const isZeroBlock = isZeroBytes(bytes, from, to);
    if (from > start && isZeroBlock !== isZero) {
      visit(start, from, isZero);
      start = from;
    }
    isZero = isZeroBlock;
    from = to;
  }
  if (start < bytes.byteLength) visit(start, bytes.byteLength, isZero);
}

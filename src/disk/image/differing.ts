/**
 * Where two buffers differ.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { SECTOR_BYTES, sectorsToBytes } from "../../block/units.ts";
import type { Extent } from "../layers/held_chunks.ts";

/** Compares the same stretch of two buffers of one length. */
function areEqual(one: Uint8Array, other: Uint8Array, start: number, end: number): boolean {
  const words = (bytes: Uint8Array) =>
    new Int32Array(bytes.buffer, bytes.byteOffset + start, (end - start) / 4);
  const [left, right] = [words(one), words(other)];
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}

/**
 * Finds what differs.
 *
 * @param one Whole sectors, at an address that four divides.
 * @param other As many, at such an address.
 * @param unitSectors The unit in which differences are told.
 * @returns Stretches of whole units, the last one perhaps cut off, each with at least one byte in every
 * unit that differs; in order, in sectors of the buffers.
 */
export function* differingStretches(
  one: Uint8Array,
  other: Uint8Array,
  unitSectors: number,
): Generator<Extent> {
  const unitBytes = sectorsToBytes(unitSectors);
  const isSame = (at: number) => areEqual(one, other, at, Math.min(at + unitBytes, one.length));
  for (let start = 0; start < one.length;) {
    let end = start;
    while (end < one.length && !isSame(end)) end += unitBytes;
    if (end > start) {
      const endBytes = Math.min(end, one.length);
      yield { sector: start / SECTOR_BYTES, sectorCount: (endBytes - start) / SECTOR_BYTES };
    }
    start = Math.max(end, start) + unitBytes;
  }
}

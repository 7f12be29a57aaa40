/**
 * What options mean: text in, checked values out.
 *
 * @module
 */

import { InvalidArgumentError } from "commander";
import { isAligned, isPowerOfTwo, parseSize, SECTOR_BYTES } from "../block/units.ts";
import { bytesToSectors } from "../block/units.ts";
import { CHUNK_SECTORS_MAX } from "../exception/store/chunk_size.ts";

/** A sentence of ours as commander wants it. */
function refuse(message: string): never {
  throw new InvalidArgumentError(message);
}

/**
 * Reads a size in whole sectors, for example `64M`.
 *
 * @param text As it was typed.
 * @returns Sectors.
 */
export function sectorsOf(text: string): number {
  let byteCount: number;
  try {
    byteCount = parseSize(text);
  } catch {
    refuse("Want a size such as 512, 4K, 64M or 1G.");
  }
  if (byteCount === 0 || !isAligned(byteCount, SECTOR_BYTES)) {
    refuse(`Want a multiple of ${SECTOR_BYTES} bytes.`);
  }
  return bytesToSectors(byteCount);
}

/**
 * Reads a chunk size, for example `4K`.
 *
 * @param text As it was typed.
 * @returns Sectors, a power of two.
 */
export function chunkSectorsOf(text: string): number {
  const chunkSectors = sectorsOf(text);
  if (!isPowerOfTwo(chunkSectors) || chunkSectors > CHUNK_SECTORS_MAX) {
    refuse("Want a power of two from 512 to 1G.");
  }
  return chunkSectors;
}

/**
 * Collects an option that may be given more than once.
 *
 * @param value This time's.
 * @param earlier The times' before.
 * @returns All.
 */
export function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

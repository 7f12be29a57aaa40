/**
 * Which chunk sizes are possible: dm's rules, and dm's words for breaking them. One rule more is ours:
 * the kernel's index has room for so many chunks and no more.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { divCeil, isAligned, isPowerOfTwo } from "../../block/units.ts";
import { CHUNKS_MAX } from "../../kernel/mod.ts";

/** The largest chunk size in sectors that is not "too high": the kernel's INT_MAX >> 9. */
export const CHUNK_SECTORS_MAX = 4194303;

/** What is wrong with a chunk size. */
export interface ChunkSizeFault {
  /** dm's token for it, or one like dm's. */
  readonly reason: string;
  /** A clause for people that begins with the value found. */
  readonly clause: string;
}

function sizeFound(chunkSectors: number): string {
  return `the chunk size is ${chunkSectors} sectors`;
}

/**
 * Checks a chunk size.
 *
 * @param chunkSectors The size, in sectors.
 * @param devices The devices whose logical blocks a chunk must be made of, and which must not have
 * more chunks than {@linkcode CHUNKS_MAX}.
 * @returns What is wrong, or `null`.
 */
export function chunkSizeFault(
  chunkSectors: number,
  devices: readonly BlockDevice[],
): ChunkSizeFault | null {
  const found = sizeFound(chunkSectors);
  if (chunkSectors === 0) {
    return { reason: "Chunk size not set", clause: `${found}, want a power of two from 1 on` };
  }
  if (!isPowerOfTwo(chunkSectors)) {
    return { reason: "Chunk size is not a power of 2", clause: `${found}, want a power of two` };
  }
  for (const { name, limits } of devices) {
    if (!isAligned(chunkSectors, limits.logicalSectors)) {
      return {
        reason: "Chunk size is not a multiple of device blocksize",
        clause: `${found}, want a multiple of ${limits.logicalSectors}, the block of "${name}"`,
      };
    }
  }
  if (chunkSectors > CHUNK_SECTORS_MAX) {
    return {
      reason: "Chunk size is too high",
      clause: `${found}, want at most ${CHUNK_SECTORS_MAX}`,
    };
  }
  const tooMany = tooManyChunks(chunkSectors, devices);
  return tooMany === null ? null : { reason: "Chunk size is too low", clause: tooMany };
}

/**
 * Checks whether an index has room for the chunks of devices.
 *
 * @param chunkSectors The size of a chunk, in sectors.
 * @param devices The devices.
 * @returns What is wrong, as a clause that begins with the value found; or `null`.
 */
export function tooManyChunks(
  chunkSectors: number,
  devices: readonly BlockDevice[],
): string | null {
  for (const { name, sectorCount } of devices) {
    const chunkCount = divCeil(sectorCount, chunkSectors);
    if (chunkCount <= CHUNKS_MAX) continue;
    return `${
      sizeFound(chunkSectors)
    }, which makes ${chunkCount} chunks of "${name}", want at most ${CHUNKS_MAX}`;
  }
  return null;
}

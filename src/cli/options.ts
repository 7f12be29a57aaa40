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
 * Reads a size in bytes, for example `0`, `446` or `1M`.
 *
 * @param text As it was typed.
 * @returns Bytes.
 */
export function bytesOf(text: string): number {
  try {
    return parseSize(text);
  } catch {
    refuse("Want a size such as 512, 4K, 64M or 1G.");
  }
}

/**
 * Reads a size in whole sectors, for example `64M`.
 *
 * @param text As it was typed.
 * @returns Sectors.
 */
export function sectorsOf(text: string): number {
  const byteCount = bytesOf(text);
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
 * Reads a number of workers.
 *
 * @param text As it was typed.
 * @returns At least one.
 */
export function jobsOf(text: string): number {
  const jobs = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (jobs === 0) refuse("Want a whole number from 1 to 999.");
  return jobs;
}

/**
 * Reads a time in seconds.
 *
 * @param text As it was typed.
 * @returns Seconds, at most a day.
 */
export function secondsOf(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Infinity;
  if (seconds > 86_400) refuse("Want seconds, such as 5 or 0.5, at most a day.");
  return seconds;
}

/**
 * Reads the number of a TCP port.
 *
 * @param text As it was typed.
 * @returns 0 to 65535.
 */
export function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Infinity;
  if (port > 65535) refuse("Want a port from 0 to 65535.");
  return port;
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

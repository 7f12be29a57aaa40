/**
 * Sectors, chunks and sizes: the only place where one unit becomes another.
 *
 * A *sector* is 512 bytes and the unit of every address. A *chunk* is a power of two of sectors and
 * the unit of copy-on-write. Both are counted in `number`, which is exact up to 2^53: 4 ZiB in
 * sectors. JavaScript's shifts are 32 bits wide, so no address is ever shifted; it is divided, and
 * the name of the function says which way it rounds.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Bytes in a sector. */
export const SECTOR_BYTES = 512;

/** Sectors one behind the other. */
export interface SectorRange {
  /** The first one. */
  readonly sector: number;
  /** How many. */
  readonly sectorCount: number;
}

/** The most sectors a device can have, so that every byte offset is an exact `number`. */
export const SECTORS_MAX: number = Math.floor(Number.MAX_SAFE_INTEGER / SECTOR_BYTES);

/**
 * The bytes of a number of sectors.
 *
 * @param sectorCount How many sectors.
 * @returns How many bytes.
 */
export function sectorsToBytes(sectorCount: number): number {
  return sectorCount * SECTOR_BYTES;
}

/**
 * The whole sectors in a number of bytes, rounded down.
 *
 * @param byteCount How many bytes.
 * @returns How many whole sectors.
 */
export function bytesToSectors(byteCount: number): number {
  return Math.floor(byteCount / SECTOR_BYTES);
}

/**
 * The chunk that a sector lies in.
 *
 * @param sector The sector.
 * @param chunkSectors The size of a chunk, in sectors.
 * @returns The chunk's number.
 */
export function chunkOf(sector: number, chunkSectors: number): number {
  return Math.floor(sector / chunkSectors);
}

/**
 * Division rounded up.
 *
 * @param dividend What is divided.
 * @param divisor By what.
 * @returns The smallest whole number not below the quotient.
 */
export function divCeil(dividend: number, divisor: number): number {
  return Math.ceil(dividend / divisor);
}

/**
 * Whether a number is a whole multiple of another.
 *
 * @param value The number.
 * @param unit The unit.
 * @returns `true` when nothing is left over.
 */
export function isAligned(value: number, unit: number): boolean {
  return value % unit === 0;
}

/**
 * Whether a number is a power of two.
 *
 * @param value The number.
 * @returns `true` for 1, 2, 4, …
 */
export function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && Number.isInteger(Math.log2(value));
}

const SIZE_UNITS = ["", "K", "M", "G", "T", "P"];

/**
 * Reads a size as a person writes it: `4096`, `4K`, `1.5M`, `1G`, `8s` (sectors).
 *
 * @param text The size.
 * @returns Bytes.
 * @throws {RangeError} When the text is no size, or not a whole number of bytes.
 *
 * @example Sizes
 * ```ts
 * import { parseSize } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * equal(parseSize("4K"), 4096);
 * equal(parseSize("8s"), 4096);
 * ```
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgtp])(?:i?b)?|(s)|b)?$/i.exec(text.trim());
  if (match === null) {
    throw new RangeError(
      `Cannot read the size "${text}": want a number with K, M, G, T, P or s behind it`,
    );
  }
  const [, digits, unit, sectors] = match;
  const scale = sectors !== undefined
    ? SECTOR_BYTES
    : 1024 ** SIZE_UNITS.indexOf((unit ?? "").toUpperCase());
  const byteCount = Number(digits) * scale;
  if (!Number.isSafeInteger(byteCount)) {
    throw new RangeError(`Cannot use the size "${text}": ${byteCount} is no whole number of bytes`);
  }
  return byteCount;
}

/**
 * Writes a size as a person reads it.
 *
 * @param byteCount Bytes.
 * @returns For example `1.5 MiB`.
 */
export function formatSize(byteCount: number): string {
  let power = 0;
  let value = byteCount;
  while (value >= 1024 && power < SIZE_UNITS.length - 1) {
    value /= 1024;
    power++;
  }
  const digits = Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
  return `${digits} ${power === 0 ? "B" : `${SIZE_UNITS[power]}iB`}`;
}

/**
 * Sector patterns: contents that say where they belong and which write they came from.
 *
 * Every byte of a sector follows from a seed and the sector's number, and the first 16 bytes spell
 * both out:
 *
 * | bytes | content |
 * |---|---|
 * | 0 to 3 | the word `cowp` |
 * | 4 to 7 | the seed, 32 bits, little-endian |
 * | 8 to 15 | the sector, a float64, little-endian: exact up to 2^53 |
 * | 16 to 511 | a random stream of seed and sector |
 *
 * So data that is stale (another seed), misplaced (another sector) or torn (two streams) cannot pass
 * for the right data, and a failure says which of them it is. A sector is compared whole.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { SECTOR_BYTES } from "../block/units.ts";

const MAGIC = 0x70776f63;

/** Mixes two words into the start of a stream; odd multipliers, so that no seed is lost. */
function streamStart(seed: number, sector: number): number {
  let word = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  word = Math.imul(word ^ (sector % 2 ** 32), 0xc2b2ae35);
  word ^= Math.imul(Math.floor(sector / 2 ** 32), 0x27d4eb2f);
  return (word ^ (word >>> 15)) | 0;
}

function fillSector(view: DataView, offsetBytes: number, seed: number, sector: number): void {
  view.setUint32(offsetBytes, MAGIC, true);
  view.setUint32(offsetBytes + 4, seed, true);
  view.setFloat64(offsetBytes + 8, sector, true);
  let state = streamStart(seed, sector);
  for (let at = 16; at < SECTOR_BYTES; at += 4) {
    // A Weyl sequence through one round of mixing: every word differs from its neighbours.
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    word ^= word >>> 12;
    view.setUint32(offsetBytes + at, Math.imul(word, 0x297a2d39) >>> 0, true);
  }
}

/**
 * Fills a buffer with the pattern of consecutive sectors.
 *
 * @param target A whole number of sectors.
 * @param seed Which write this is: a whole number of 32 bits.
 * @param sector The first sector.
 * @returns `target`.
 */
export function fillPattern<Target extends Uint8Array>(
  target: Target,
  seed: number,
  sector: number,
): Target {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  for (let at = 0; at < target.length; at += SECTOR_BYTES) {
    fillSector(view, at, seed, sector + at / SECTOR_BYTES);
  }
  return target;
}

/**
 * Makes the pattern of consecutive sectors.
 *
 * @param seed Which write this is.
 * @param sector The first sector.
 * @param sectorCount How many.
 * @returns A new buffer.
 */
export function patternOf(
  seed: number,
  sector: number,
  sectorCount: number,
): Uint8Array<ArrayBuffer> {
  return fillPattern(new Uint8Array(sectorCount * SECTOR_BYTES), seed, sector);
}

/**
 * Tells which write a sector's bytes say that they are of.
 *
 * @param content Bytes.
 * @param offsetBytes Where the sector begins.
 * @returns The write's seed; `null` for bytes of no pattern. Only the first of them are looked at.
 */
export function seedOf(content: Uint8Array, offsetBytes = 0): number | null {
  const view = new DataView(content.buffer, content.byteOffset + offsetBytes, SECTOR_BYTES);
  return view.getUint32(0, true) === MAGIC ? view.getUint32(4, true) : null;
}

/**
 * Says in words what a sector holds.
 *
 * @param content The sector's 512 bytes.
 * @returns For example `sector 7 of write 3` or `zeroes`.
 */
export function describeSector(content: Uint8Array): string {
  if (content.every((byte) => byte === 0)) return "zeroes";
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const seed = seedOf(content);
  if (seed === null) {
    return content.every((byte) => byte === content[0])
      ? `nothing but bytes of ${content[0]}`
      : "bytes of no pattern";
  }
  const sector = view.getFloat64(8, true);
  const whole = fillPattern(new Uint8Array(SECTOR_BYTES), seed, sector);
  const wrongAt = whole.findIndex((byte, index) => byte !== content[index]);
  const what = `sector ${sector} of write ${seed}`;
  return wrongAt === -1 ? what : `${what}, torn at byte ${wrongAt}`;
}

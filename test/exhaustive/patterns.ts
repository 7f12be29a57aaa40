/**
 * What sectors hold, made once for each write and sector: sequences are many, and their writes are few.
 */
import { patternOf } from "../../src/testing/pattern.ts";
import type { WriteNumber } from "./expectation.ts";

const ZEROES = new Uint8Array(512);
const MADE = new Map<number, Uint8Array>();

/** The pattern of a write in a sector. Do not write to it. */
export function patternOfSector(write: WriteNumber, sector: number): Uint8Array {
  if (write === 0) return ZEROES;
  const key = write * 4096 + sector;
  let made = MADE.get(key);
  if (made === undefined) MADE.set(key, made = patternOf(write, sector, 1));
  return made;
}

/** What consecutive sectors hold, by the write in each. */
export function contentOf(writes: readonly WriteNumber[], sector = 0): Uint8Array {
  const bytes = new Uint8Array(writes.length * 512);
  for (const [index, write] of writes.entries()) {
    bytes.set(patternOfSector(write, sector + index), index * 512);
  }
  return bytes;
}

/** Whether two buffers hold the same, to the last byte. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

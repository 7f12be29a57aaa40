/**
 * What words of a line mean: devices, chunks, sizes.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { parseSize, SECTOR_BYTES } from "../../../src/mod.ts";
import type { Session } from "../session.ts";
import type { SnapshotFacts } from "../world/world.ts";
import { Refusal } from "./refusal.ts";
import { ORIGIN_NAME } from "../world/stack.ts";

/** Reads a whole number. */
export function wholeNumber(text: string, what: string, max: number = Number.MAX_SAFE_INTEGER) {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (number <= max) return number;
  const end = max === Number.MAX_SAFE_INTEGER ? "" : ` from 0 to ${max}`;
  throw new Refusal(`Cannot use "${text}" as ${what}: want a whole number${end}`);
}

/** A device that can be read and written. */
export interface NamedDevice {
  readonly name: string;
  readonly chunkSectors: number;
  readonly sectorCount: number;
}

/** Chunks of a device, and the sectors they are. */
export interface ChunkRange {
  readonly first: number;
  readonly count: number;
  readonly sector: number;
  readonly sectorCount: number;
}

/** The origin and the snapshots, by name. */
export function deviceNames({ world }: Session): string[] {
  return [ORIGIN_NAME, ...world.snapshots.map(({ name }) => name)];
}

/**
 * The device that a word means.
 *
 * @param session Where it is.
 * @param word The word.
 */
export function deviceOf(session: Session, word: string): NamedDevice {
  const { sectorCount, chunkSectors } = session.world.origin;
  if (word === ORIGIN_NAME) return { name: word, chunkSectors, sectorCount };
  const found = session.world.snapshots.find(({ name }) => name === word);
  if (found !== undefined) return { name: word, chunkSectors: found.chunkSectors, sectorCount };
  throw new Refusal(`There is no device "${word}": there is ${deviceNames(session).join(", ")}`);
}

/**
 * The snapshot that a word means.
 *
 * @param session Where it is.
 * @param word The word.
 */
export function snapshotOf({ world }: Session, word: string): SnapshotFacts {
  const found = world.snapshots.find(({ name }) => name === word);
  if (found !== undefined) return found;
  const names = world.snapshots.map(({ name }) => name).join(", ");
  const remedy = names === "" ? "take one first" : `there is ${names}`;
  throw new Refusal(`There is no snapshot "${word}": ${remedy}`);
}

/**
 * The chunks that a word means: `5` or `5-7`.
 *
 * @param device Whose chunks.
 * @param word The word.
 */
export function chunksOf(
  { name, chunkSectors, sectorCount }: NamedDevice,
  word: string,
): ChunkRange {
  const chunkMax = Math.ceil(sectorCount / chunkSectors) - 1;
  const [firstWord = "", lastWord = firstWord, ...rest] = word.split("-");
  const first = wholeNumber(firstWord, `a chunk of ${name}`, chunkMax);
  const last = wholeNumber(lastWord, `a chunk of ${name}`, chunkMax);
  if (rest.length > 0 || last < first) {
    throw new Refusal(
      `Cannot use "${word}" as chunks: want one, or the first and the last, as 5-7`,
    );
  }
  const sector = first * chunkSectors;
  const end = Math.min(sectorCount, (last + 1) * chunkSectors);
  return { first, count: last - first + 1, sector, sectorCount: end - sector };
}

/**
 * A size in sectors.
 *
 * @param text For example `64K`.
 * @param option The option that it is of.
 */
export function sectorsOf(text: string, option: string): number {
  let byteCount = 0;
  try {
    byteCount = parseSize(text);
  } catch { /* As 0. */ }
  if (byteCount > 0 && byteCount % SECTOR_BYTES === 0) return byteCount / SECTOR_BYTES;
  throw new Refusal(`Cannot use "${text}" for --${option}: want a size such as 4K, 64K or 1M`);
}

/**
 * A chunk size in sectors.
 *
 * @param text For example `4K`.
 * @param sectorsMax The largest that makes sense here.
 */
export function chunkSectorsOf(text: string, sectorsMax: number): number {
  const chunkSectors = sectorsOf(text, "chunk");
  if (Number.isInteger(Math.log2(chunkSectors)) && chunkSectors <= sectorsMax) return chunkSectors;
  const max = sectorsMax / 2;
  throw new Refusal(`Cannot use chunks of ${text}: want a power of two from 512 to ${max}K`);
}

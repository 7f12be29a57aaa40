/**
 * Pairs: an origin and the COW device of its snapshot, as two stretches of the disk.
 */

import { patternOf } from "../../src/testing/pattern.ts";
import type { Disk, Stretch } from "./disk.ts";
import type { World } from "./world.ts";

/** An origin and its COW device, and how they belong together. */
export interface Pair {
  /** The origin's sectors. */
  readonly origin: Stretch;
  /** The COW device's sectors. */
  readonly cow: Stretch;
  /** dm's letters for the store: `P`, `PO`. */
  readonly store: string;
  /** Sectors in a chunk. */
  readonly chunkSectors: number;
}

/** Chunks in an origin, by chunk size: small chunks fill several areas, large ones stay cheap. */
export const CHUNK_COUNTS: Readonly<Record<number, number>> = {
  1: 500,
  2: 500,
  4: 500,
  8: 800,
  16: 1300,
  32: 200,
  64: 150,
  128: 100,
  256: 50,
  512: 30,
};

/** The numbers of the "writes" that put the first contents there, for messages. */
const ORIGIN_CONTENT = 900_001;
const COW_CONTENT = 900_002;

/** How a pair is made. */
export interface PairOptions {
  readonly store: string;
  readonly chunkSectors: number;
  /** Chunks in the origin. Left out: {@linkcode CHUNK_COUNTS}. */
  readonly chunkCount?: number;
  /** Chunks for data on the COW device; as many as the origin has unless said. */
  readonly dataChunks?: number;
}

/**
 * Makes a pair of an origin and a COW device full of junk behind a first sector of zeroes.
 *
 * @param world Where it lies, and chance.
 * @param options How it is made.
 * @returns The pair; there is no snapshot yet.
 */
export function makePair(world: World, options: PairOptions): Pair {
  const { prng, disk } = world;
  const { store, chunkSectors } = options;
  const { chunkCount = CHUNK_COUNTS[chunkSectors]! } = options;
  // A last chunk that is not whole, if a chunk can be that.
  const originSectors = chunkCount * chunkSectors - prng.int(chunkSectors);
  const dataChunks = options.dataChunks ?? chunkCount;
  const areas = Math.floor(dataChunks / (chunkSectors * 32)) + 1;
  // Room for one more chunk: a COW device that fits to the chunk is a matter of its own in Linux.
  const cowSectors = (1 + areas + dataChunks + 1) * chunkSectors + prng.int(chunkSectors);
  const origin = disk.allocate(originSectors);
  const cow = disk.allocate(cowSectors);
  disk.write(origin, patternOf(ORIGIN_CONTENT, 0, originSectors));
  disk.write(cow, patternOf(COW_CONTENT, 0, cowSectors).fill(0, 0, 512));
  return { origin, cow, store, chunkSectors };
}

function copyOf(disk: Disk, stretch: Stretch): Stretch {
  const copy = disk.allocate(stretch.sectorCount);
  disk.write(copy, disk.read(stretch));
  return copy;
}

/**
 * Copies a pair, so that two machines can go on from the same state.
 *
 * @param disk Where it lies.
 * @param pair What is copied.
 * @returns A pair with the same bytes.
 */
export function copyOfPair(disk: Disk, pair: Pair): Pair {
  return { ...pair, origin: copyOf(disk, pair.origin), cow: copyOf(disk, pair.cow) };
}

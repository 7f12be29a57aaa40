/**
 * Places: which chunks are touched, in a random order that is the same in every run.
 *
 * @module
 */
import { Prng } from "../../../src/testing/prng.ts";
import { isSmoke } from "../harness/contest.ts";

/** Sectors in a chunk, in all benches but where it is said. */
export const CHUNK_SECTORS = 8;

/** Bytes in a chunk. */
export const CHUNK_BYTES = 4096;

/**
 * The most places that hold data: 512 MiB, far more than any cache holds, so that regions of 4 GiB
 * do not need as much memory.
 */
const PLACES_MAX = isSmoke ? 64 : 131_072;

/** The numbers below a limit in a random order. */
export function shuffledBelow(limit: number, seed: string): Uint32Array {
  const numbers = Uint32Array.from({ length: limit }, (_, index) => index);
  const prng = Prng.fromSeed(seed);
  for (let index = limit - 1; index > 0; index--) {
    const other = prng.int(index + 1);
    const number = numbers[index] as number;
    numbers[index] = numbers[other] as number;
    numbers[other] = number;
  }
  return numbers;
}

/** Random places below a limit: all of them, or as many as shall hold data. */
export function drawPlaces(limit: number): Uint32Array {
  return shuffledBelow(limit, "places").subarray(0, PLACES_MAX);
}

/** A walk without end over what stands for the places: addresses, sectors. */
export class Walk {
  readonly #stops: Float64Array;
  #cursor = 0;

  /**
   * A walk.
   *
   * @param places Where it goes.
   * @param stopOf What stands for a place.
   */
  constructor(places: Uint32Array, stopOf: (place: number) => number) {
    this.#stops = Float64Array.from(places, stopOf);
  }

  /** The next stop. */
  next(): number {
    if (this.#cursor === this.#stops.length) this.#cursor = 0;
    return this.#stops[this.#cursor++] as number;
  }
}

/** A chunk of random bytes, none of them 0: a chunk of zeroes could be kept for less. */
export function chunkOfBytes(seed: string): Uint8Array<ArrayBuffer> {
  return Prng.fromSeed(seed).bytes(CHUNK_BYTES).map((byte) => byte | 1);
}

/** Bare memory of so many chunks, with data at the places. */
export function createRegion(chunkCount: number, places: Uint32Array): Uint8Array<ArrayBuffer> {
  const region = new Uint8Array(chunkCount * CHUNK_BYTES);
  const chunk = chunkOfBytes("content");
  for (const place of places) region.set(chunk, place * CHUNK_BYTES);
  return region;
}

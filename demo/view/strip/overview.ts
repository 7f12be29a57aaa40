/**
 * A whole strip in one line, for strips of which a window is seen, up to millions of chunks: for each
 * pixel how many of its chunks are the device's own, and which content most of these have.
 *
 * @module
 */
import { PLACES, type Strip } from "../../engine/scene.ts";
import { INK_COUNT, inkOf } from "./palette.ts";

const SHARED = PLACES.indexOf("shared");
const FREE = PLACES.indexOf("free");

/** Per pixel column of a line. */
export interface Summary {
  /** The part of its chunks that hold something of their own, 0 to 1. */
  readonly ownShares: Float32Array;
  /** The most frequent ink among those, or among all when there are none. */
  readonly inks: Uint8Array;
}

/**
 * Sums a strip up. Every chunk is counted in exactly one column.
 *
 * @param strip What is summed up.
 * @param columns Pixels, at least 1.
 * @returns One entry for each pixel.
 */
export function summarize(strip: Strip, columns: number): Summary {
  const ownShares = new Float32Array(columns);
  const inks = new Uint8Array(columns);
  const counts = new Uint32Array(INK_COUNT);
  const { chunkCount, places, generations, role } = strip;
  for (let column = 0; column < columns; column++) {
    const from = firstChunkOf(column, columns, chunkCount);
    const to = Math.max(from + 1, firstChunkOf(column + 1, columns, chunkCount));
    let ownCount = 0;
    counts.fill(0);
    for (let chunk = from; chunk < to && chunk < chunkCount; chunk++) {
      const place = places[chunk]!;
      const isOwn = place !== FREE && (place !== SHARED || role === "origin");
      // The first of its own: what was shared does not count any more.
      if (isOwn && ownCount++ === 0) counts.fill(0);
      if (isOwn || ownCount === 0) counts[inkOf(generations[chunk]!)]!++;
    }
    ownShares[column] = ownCount / (to - from);
    inks[column] = counts.indexOf(Math.max(...counts));
  }
  return { ownShares, inks };
}

/**
 * Where a column begins.
 *
 * @param column A pixel from the left.
 * @param columns How many there are.
 * @param chunkCount Chunks of the strip.
 * @returns Its first chunk.
 */
export function firstChunkOf(column: number, columns: number, chunkCount: number): number {
  return Math.floor((column * chunkCount) / columns);
}

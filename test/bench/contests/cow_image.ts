/**
 * COW devices with as many exceptions as one likes, made in no time: the areas are written straight
 * into the device, as an earlier life would have left them.
 *
 * @module
 */
import { createMemoryDevice, type MemoryDevice } from "../../../src/devices/memory.ts";
import { AreaLayout, encodeEntry, encodeHeader } from "../../../src/exception/store/disk_format.ts";
import { CHUNK_SECTORS, shuffledBelow } from "./places.ts";

/** How exceptions lie: each for itself, in a random order, or one after the other. */
export type Lie = "isolated" | "runs";

/** A COW device, and what its exceptions are. */
export interface CowImage {
  readonly cow: MemoryDevice;
  /** Chunks of an origin that is large enough. */
  readonly originChunks: number;
  /** The old chunk of each exception, in the order of allocation. */
  readonly oldChunks: Uint32Array;
  /** The new chunk of an exception. */
  newChunk(index: number): number;
}

/**
 * Makes a COW device.
 *
 * @param exceptionCount How many exceptions.
 * @param lie How they lie. Isolated ones are at the odd chunks of the origin.
 * @param chunkSectors Sectors in a chunk.
 */
export function createCowImage(
  exceptionCount: number,
  lie: Lie,
  chunkSectors = CHUNK_SECTORS,
): CowImage {
  const layout = new AreaLayout(chunkSectors);
  const { entriesPerArea, strideChunks } = layout;
  const oldChunks = lie === "isolated"
    ? shuffledBelow(exceptionCount, "old chunks").map((chunk) => chunk * 2 + 1)
    : Uint32Array.from({ length: exceptionCount }, (_, index) => index);
  const newChunk = (index: number) =>
    layout.areaChunk(0) + 1 + index +
    Math.floor(index / entriesPerArea) * (strideChunks - entriesPerArea);
  // Room for as many again, so that what is measured is not a device that is full.
  const sectorCount = (newChunk(exceptionCount * 2) + entriesPerArea * 2) * chunkSectors;
  const cow = createMemoryDevice({ name: "cow", sectorCount });
  const header = new Uint8Array(512);
  encodeHeader(header, true, chunkSectors);
  cow.writeSync(header, 0);
  const area = new Uint8Array(layout.chunkBytes);
  const view = new DataView(area.buffer);
  for (let first = 0; first < exceptionCount; first += entriesPerArea) {
    area.fill(0);
    const end = Math.min(first + entriesPerArea, exceptionCount);
    for (let index = first; index < end; index++) {
      encodeEntry(view, index - first, oldChunks[index] as number, newChunk(index));
    }
    cow.writeSync(area, layout.areaChunk(first / entriesPerArea) * chunkSectors);
  }
  return { cow, originChunks: exceptionCount * 2, oldChunks, newChunk };
}

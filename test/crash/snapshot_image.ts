/**
 * A snapshot's contents, put together from the bytes of two disks by a reader that knows the format
 * and not the code.
 */
import type { SimulatedDisk } from "../../src/testing/simulated_disk.ts";
import { readCowImage } from "../model/cow_image.ts";

/** What a snapshot shows. */
export function snapshotImage(origin: SimulatedDisk, cow: SimulatedDisk): Uint8Array {
  const bytes = origin.contents();
  const cowBytes = cow.contents();
  const { entries, chunkSectors } = readCowImage(cowBytes, { mayHaveTail: true });
  const chunkBytes = chunkSectors * 512;
  for (const [oldChunk, newChunk] of entries) {
    const start = newChunk * chunkBytes;
    const end = start + Math.min(chunkBytes, bytes.length - oldChunk * chunkBytes);
    bytes.set(cowBytes.subarray(start, end), oldChunk * chunkBytes);
  }
  return bytes;
}

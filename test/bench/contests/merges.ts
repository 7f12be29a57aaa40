/**
 * Merging a snapshot back into its origin, in memory: every chunk is copied, and its exception
 * forgotten on the COW device, in the order that survives a loss of power.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { formatSize } from "../../../src/block/units.ts";
import { createMemoryDevice, type MemoryDevice } from "../../../src/devices/memory.ts";
import { openMergeSync } from "../../../src/mapper/stack.ts";
import { type Contest, lazy } from "../harness/contest.ts";
import { type CowImage, createCowImage, type Lie } from "./cow_image.ts";
import { written } from "./files.ts";

/** What is merged. */
export interface Merged {
  readonly lie: Lie;
  readonly chunkCount: number;
  readonly chunkBytes: number;
  /**
   * One of so many chunks has data, so that millions of them need no terabyte. The others are
   * exceptions like any, of zeroes that nobody has written.
   */
  readonly dataEvery: number;
}

interface Rig {
  readonly image: CowImage;
  readonly origin: MemoryDevice;
  /** A copy of the COW device's beginning and areas: what a merge changes. */
  restore(): void;
}

function createRig({ lie, chunkCount, chunkBytes, dataEvery }: Merged): Rig {
  const chunkSectors = chunkBytes / 512;
  const image = createCowImage(chunkCount, lie, chunkSectors);
  const { cow, originChunks, oldChunks, newChunk } = image;
  const content = written(chunkBytes);
  for (let index = 0; index < chunkCount; index += dataEvery) {
    cow.writeSync(content, newChunk(index) * chunkSectors);
  }
  const origin = createMemoryDevice({ sectorCount: originChunks * chunkSectors });
  const spare = createMemoryDevice({ sectorCount: cow.sectorCount });
  cow.copySectorsSync(0, spare, 0, cow.sectorCount);
  const restore = () => void spare.copySectorsSync(0, cow, 0, cow.sectorCount);
  openMergeSync({ origin, cow }).closeSync();
  const bytes = new Uint8Array(chunkBytes);
  for (let index = 0; index < chunkCount; index += dataEvery) {
    origin.readSync(bytes.fill(0), (oldChunks[index] as number) * chunkSectors);
    assertEquals(bytes, content);
  }
  return { image, origin, restore };
}

/** Merging all of a snapshot. The floor copies the same chunks from and to bare memory. */
export function merge(merged: Merged): Contest {
  const { lie, chunkCount, chunkBytes, dataEvery } = merged;
  const rig = lazy(() => createRig(merged));
  const bare = lazy(() => ({
    cow: new Uint8Array(chunkCount * chunkBytes).fill(1),
    origin: new Uint8Array(chunkCount * 2 * chunkBytes).fill(2),
  }));
  const words = [
    `merge ${chunkCount} chunks of ${formatSize(chunkBytes)}`,
    lie === "runs" ? "in runs" : lie,
    ...dataEvery === 1 ? [] : [`one of ${dataEvery} with data`],
  ];
  return {
    title: words.join(", "),
    operations: 1,
    floor: {
      name: "Uint8Array.set for each chunk",
      prepare: () => void bare(),
      run() {
        const { cow, origin } = bare();
        const { oldChunks } = rig().image;
        for (let index = 0; index < chunkCount; index++) {
          const address = index * chunkBytes;
          origin.set(
            cow.subarray(address, address + chunkBytes),
            (oldChunks[index] as number) * chunkBytes,
          );
        }
      },
    },
    runners: [{
      name: "the merge",
      prepare: () => rig().restore(),
      run: () => openMergeSync({ origin: rig().origin, cow: rig().image.cow }).closeSync(),
    }],
  };
}

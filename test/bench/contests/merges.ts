/**
 * Merging a snapshot back into its origin, in memory: every chunk is copied, and its exception
 * forgotten on the COW device, in the order that survives a loss of power.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createMemoryDevice, type MemoryDevice } from "../../../src/devices/memory.ts";
import { openMergeSync } from "../../../src/mapper/stack.ts";
import { type Contest, lazy } from "../harness/contest.ts";
import { type CowImage, createCowImage, type Lie } from "./cow_image.ts";
import { CHUNK_BYTES, CHUNK_SECTORS, chunkOfBytes } from "./places.ts";

interface Rig {
  readonly image: CowImage;
  readonly origin: MemoryDevice;
  /** A copy of the COW device's beginning and areas: what a merge changes. */
  restore(): void;
}

function createRig(lie: Lie, chunkCount: number): Rig {
  const image = createCowImage(chunkCount, lie);
  const { cow, originChunks, oldChunks, newChunk } = image;
  const content = chunkOfBytes("content");
  for (let index = 0; index < chunkCount; index++) {
    cow.writeSync(content, newChunk(index) * CHUNK_SECTORS);
  }
  const origin = createMemoryDevice({ sectorCount: originChunks * CHUNK_SECTORS });
  const spare = createMemoryDevice({ sectorCount: cow.sectorCount });
  cow.copySectorsSync(0, spare, 0, cow.sectorCount);
  const restore = () => void spare.copySectorsSync(0, cow, 0, cow.sectorCount);
  openMergeSync({ origin, cow }).closeSync();
  const bytes = new Uint8Array(CHUNK_BYTES);
  for (const chunk of oldChunks) {
    origin.readSync(bytes.fill(0), chunk * CHUNK_SECTORS);
    assertEquals(bytes, content);
  }
  return { image, origin, restore };
}

/** Merging all of a snapshot. The floor copies the same chunks from and to bare memory. */
export function merge(lie: Lie, chunkCount: number): Contest {
  const rig = lazy(() => createRig(lie, chunkCount));
  const bare = lazy(() => ({
    cow: new Uint8Array(chunkCount * CHUNK_BYTES).fill(1),
    origin: new Uint8Array(chunkCount * 2 * CHUNK_BYTES).fill(2),
  }));
  return {
    title: `merge ${chunkCount} chunks of 4 KiB, ${lie === "runs" ? "in runs" : lie}`,
    operations: 1,
    floor: {
      name: "Uint8Array.set for each chunk",
      prepare: () => void bare(),
      run() {
        const { cow, origin } = bare();
        const { oldChunks } = rig().image;
        for (let index = 0; index < chunkCount; index++) {
          const address = index * CHUNK_BYTES;
          origin.set(
            cow.subarray(address, address + CHUNK_BYTES),
            (oldChunks[index] as number) * CHUNK_BYTES,
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

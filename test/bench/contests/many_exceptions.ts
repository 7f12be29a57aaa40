/**
 * A snapshot with many exceptions, and the bare memory it competes with.
 *
 * The exceptions are isolated and were made in a random order: the worst case, where each look-up
 * misses the caches and answers for one chunk only. Places are exceptions, by their number.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { SyncBlockDevice } from "../../../src/block/device.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";
import { isSmoke, lazy } from "../harness/contest.ts";
import { createCowImage } from "./cow_image.ts";
import {
  CHUNK_BYTES,
  CHUNK_SECTORS,
  chunkOfBytes,
  createRegion,
  drawPlaces,
  Walk,
} from "./places.ts";

/** How many exceptions the snapshots have. */
export const EXCEPTION_COUNTS: readonly number[] = isSmoke
  ? [1000]
  : [1000, 10_000, 100_000, 1_000_000];

/** A device, and the sectors of the places on it. */
export interface Side {
  readonly device: SyncBlockDevice;
  readonly sectors: Walk;
}

/** A stack whose chunks have been copied, or have not. */
export interface Rig {
  readonly snapshot: Side;
  readonly origin: Side;
  /** The device that the snapshot reads the places from: the COW device, or the origin's disk. */
  readonly below: Side;
}

/** Bare memory with as many chunks, and the addresses of the places. */
export interface Bare {
  readonly region: Uint8Array;
  readonly addresses: Walk;
}

/** Chunks of bare memory, at most: 4 GiB. More cannot be one array, and makes no copy slower. */
const BARE_CHUNKS_MAX = 1_000_000;

/** Makes a value for each number of exceptions, once; and for each origin, where they differ. */
function perCount<Value>(
  make: (count: number, originChunks: number) => Value,
): (count: number, originChunks?: number) => () => Value {
  const made = new Map<string, () => Value>();
  return (count, originChunks = 2 * count) => {
    const name = `${count} of ${originChunks}`;
    const known = made.get(name) ?? lazy(() => make(count, originChunks));
    made.set(name, known);
    return known;
  };
}

/** Bare memory with a chunk for each exception. */
export const bareOf: (count: number) => () => Bare = perCount((count) => {
  const chunkCount = Math.min(count, BARE_CHUNKS_MAX);
  const places = drawPlaces(chunkCount);
  return {
    region: createRegion(chunkCount, places),
    addresses: new Walk(places, (place) => place * CHUNK_BYTES),
  };
});

/** The places are chunks that have an exception. */
export const copiedOf: (count: number) => () => Rig = perCount((count) => {
  const { cow, originChunks, oldChunks, newChunk } = createCowImage(count, "isolated");
  const disk = createMemoryDevice({ sectorCount: originChunks * CHUNK_SECTORS });
  const places = drawPlaces(count);
  const sectorOf = (place: number) => (oldChunks[place] as number) * CHUNK_SECTORS;
  const sectorBelow = (place: number) => newChunk(place) * CHUNK_SECTORS;
  return createRig(disk, cow, places, sectorOf, { device: cow, sectorOf: sectorBelow });
});

/** The places are chunks that have none, anywhere on an origin that may be larger than need be. */
export const uncopiedOf: (count: number, originChunks?: number) => () => Rig = perCount(
  (count, originChunks) => {
    const { cow } = createCowImage(count, "isolated");
    const disk = createMemoryDevice({ sectorCount: originChunks * CHUNK_SECTORS });
    // The exceptions are at the odd chunks.
    const sectorOf = (place: number) => place * 2 * CHUNK_SECTORS;
    return createRig(disk, cow, drawPlaces(originChunks / 2), sectorOf, { device: disk, sectorOf });
  },
);

/** An origin with several snapshots, all of which have copied the places, so no write makes a copy. */
export function sharedOf(count: number, snapshots: number): () => Side {
  return lazy(() => {
    const { cow, originChunks, oldChunks } = createCowImage(count, "isolated");
    const disk = createMemoryDevice({ sectorCount: originChunks * CHUNK_SECTORS });
    const places = drawPlaces(count);
    const sectorOf = (place: number) => (oldChunks[place] as number) * CHUNK_SECTORS;
    const content = chunkOfBytes("content");
    for (const place of places) disk.writeSync(content, sectorOf(place));
    const origin = openOrigin(disk);
    const views = Array.from({ length: snapshots }, () => {
      const own = createMemoryDevice({ sectorCount: cow.sectorCount });
      cow.copySectorsSync(0, own, 0, cow.sectorCount);
      return openSnapshotSync({ origin, cow: own });
    });
    const statuses = () => views.map(({ activeTargets }) => activeTargets?.[0]?.status());
    const before = statuses();
    for (const place of places.subarray(0, 100)) origin.writeSync(content, sectorOf(place));
    assertEquals(statuses(), before);
    return { device: origin, sectors: new Walk(places, sectorOf) };
  });
}

function createRig(
  disk: SyncBlockDevice,
  cow: SyncBlockDevice,
  places: Uint32Array,
  sectorOf: (place: number) => number,
  below: { device: SyncBlockDevice; sectorOf: (place: number) => number },
): Rig {
  const content = chunkOfBytes("content");
  const other = chunkOfBytes("other");
  for (const place of places) {
    // What is overwritten later has its memory, and what must not be read is told apart.
    disk.writeSync(other, sectorOf(place));
    below.device.writeSync(content, below.sectorOf(place));
  }
  const snapshot = openSnapshotSync({ origin: disk, cow });
  const bytes = new Uint8Array(CHUNK_BYTES);
  for (const place of places.subarray(0, 100)) {
    snapshot.readSync(bytes.fill(0), sectorOf(place));
    assertEquals(bytes, content);
  }
  return {
    snapshot: { device: snapshot, sectors: new Walk(places, sectorOf) },
    origin: { device: openOrigin(disk), sectors: new Walk(places, sectorOf) },
    below: { device: below.device, sectors: new Walk(places, below.sectorOf) },
  };
}

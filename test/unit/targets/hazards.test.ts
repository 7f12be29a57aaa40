/**
 * Where the kernel is careless: one law for each hazard that is seen from outside.
 *
 * H1, H2 and H3 are about the order of I/O and stand in `exception/store/persistent_order.test.ts`,
 * H4 in `exception/store/persistent_store.test.ts`, H7 in `snapshot_discard.test.ts`.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { createMemoryDevice, type MemoryDevice } from "../../../src/devices/memory.ts";
import { openMergeSync, openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";

const CHUNK = new Uint8Array(4096).fill(7);

function contents(device: MemoryDevice): Uint8Array {
  const bytes = new Uint8Array(device.sectorCount * 512);
  device.readSync(bytes, 0);
  return bytes;
}

/** A COW device whose snapshot has chunks 0 to 3 excepted, cut to a size. */
function usedCow(origin: MemoryDevice, sectorCount: number): MemoryDevice {
  const cow = createMemoryDevice({ sectorCount: 512 });
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 8 });
  for (let chunk = 0; chunk < 4; chunk++) snapshot.writeSync(CHUNK, chunk * 8);
  snapshot.closeSync();
  const content = contents(cow).subarray(0, sectorCount * 512);
  return createMemoryDevice({ sectorCount, content });
}

test("H5: an exception outside its origin is refused, and nothing is written", () => {
  const cow = usedCow(createMemoryDevice({ sectorCount: 1024 }), 512);
  const before = contents(cow);
  const small = createMemoryDevice({ sectorCount: 24 });
  assertThrows(() => openSnapshotSync({ origin: small, cow }), Error, "has only 3 chunks");
  assertEquals(contents(cow), before);
});

test("H8: a transient store is not merged", () => {
  const origin = createMemoryDevice({ sectorCount: 64 });
  const cow = createMemoryDevice({ sectorCount: 64 });
  assertThrows(
    () => openMergeSync({ origin, cow, store: "N", chunkSectors: 8 }),
    Error,
    "Cannot merge a snapshot with a transient store",
  );
});

test("H9: a COW device that was shrunk below its exceptions is refused", () => {
  const origin = createMemoryDevice({ sectorCount: 1024 });
  const cow = usedCow(origin, 40);
  assertThrows(() => openSnapshotSync({ origin, cow }), Error, '"memory" has only 5 chunks');
  assertThrows(() => openMergeSync({ origin, cow }), Error, '"memory" has only 5 chunks');
});

test("origin first: a snapshot that joins a running origin misses nothing", () => {
  const disk = createMemoryDevice({ sectorCount: 1024 });
  const origin = openOrigin(disk);
  const cow = createMemoryDevice({ sectorCount: 1024 });
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 8 });
  origin.writeSync(new Uint8Array(32 * 512).fill(9), 800);
  const view = new Uint8Array(1024 * 512);
  snapshot.readSync(view, 0);
  assertEquals(view, new Uint8Array(1024 * 512));
});

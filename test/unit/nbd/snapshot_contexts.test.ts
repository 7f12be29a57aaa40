import { expect, test } from "vitest";
import { runSync } from "../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";
import { allocationDepth, dirtyBitmap } from "../../../src/nbd/snapshot_contexts.ts";

test("depth and difference follow what is written, to the origin and to the snapshot", () => {
  const origin = openOrigin(createMemoryDevice({ sectorCount: 64 }));
  const cow = createMemoryDevice({ sectorCount: 1024 });
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 8 });
  const depth = allocationDepth(snapshot);
  const bitmap = dirtyBitmap("monday.cow", snapshot);
  expect([depth.name, bitmap.name]).toEqual([
    "qemu:allocation-depth",
    "qemu:dirty-bitmap:monday.cow",
  ]);
  expect(runSync(bitmap.planStatus(0, 64))).toEqual([{ sectorCount: 64, flags: 0 }]);
  origin.writeSync(new Uint8Array(512), 9);
  snapshot.writeSync(new Uint8Array(512), 16);
  expect(runSync(depth.planStatus(4, 60))).toEqual([
    { sectorCount: 4, flags: 2 },
    { sectorCount: 16, flags: 1 },
    { sectorCount: 40, flags: 2 },
  ]);
  expect(runSync(bitmap.planStatus(0, 64))).toEqual([
    { sectorCount: 8, flags: 0 },
    { sectorCount: 16, flags: 1 },
    { sectorCount: 40, flags: 0 },
  ]);
  expect(runSync(allocationDepth(origin).planStatus(0, 64))).toEqual([
    { sectorCount: 64, flags: 1 },
  ]);
});

test("of a view that is gone nothing is said", () => {
  const origin = openOrigin(createMemoryDevice({ sectorCount: 64 }));
  const cow = createMemoryDevice({ sectorCount: 1024 });
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 8 });
  const contexts = [allocationDepth(snapshot), dirtyBitmap("monday.cow", snapshot)];
  snapshot.closeSync();
  for (const context of contexts) {
    expect(() => runSync(context.planStatus(0, 8))).toThrow(/Cannot tell about .*: it is gone/);
  }
});

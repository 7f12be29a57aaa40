import { expect, test } from "vitest";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { allocationOf } from "../../../src/mapper/allocation.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";

const memory = (sectorCount: number) => createMemoryDevice({ sectorCount });
const sector = (note: number) => new Uint8Array(512).fill(note);

/** Depth by sector, read from the answers, asked for in steps of a length. */
function depths(device: Parameters<typeof allocationOf>[0], step: number): number[] {
  const all: number[] = [];
  while (all.length < device.sectorCount) {
    const wanted = Math.min(step, device.sectorCount - all.length);
    const extents = allocationOf(device, all.length, wanted);
    expect(extents.length).toBeGreaterThan(0);
    for (const { sectorCount, depth } of extents) all.push(...Array(sectorCount).fill(depth));
  }
  return all;
}

test("a plain device and an origin hold all of themselves", () => {
  const disk = memory(64);
  expect(allocationOf(disk, 3, 9)).toEqual([{ sectorCount: 9, depth: 1 }]);
  expect(allocationOf(openOrigin(disk), 0, 64)).toEqual([{ sectorCount: 64, depth: 1 }]);
});

test("through two layers each sector belongs to the uppermost that holds its chunk", () => {
  const disk = memory(67);
  const origin = openOrigin(disk);
  const lower = openSnapshotSync({ origin, cow: memory(1024), chunkSectors: 4 });
  const upper = openSnapshotSync({ origin: lower, cow: memory(1024), chunkSectors: 16 });
  origin.writeSync(sector(1), 5);
  lower.writeSync(sector(2), 66);
  upper.writeSync(sector(3), 20);
  const expected = Array.from({ length: 67 }, (_, at) => {
    if (at >= 16 && at < 32) return 1;
    // The write to the lower one is a change of the upper one's origin, which went on unknown to it.
    return (at >= 4 && at < 8) || at >= 64 ? 2 : 3;
  });
  for (const step of [1, 3, 16, 67]) expect(depths(upper, step)).toEqual(expected);
});

test("an answer ends after 4096 extents, and the next one goes on there", () => {
  const count = 3000;
  const origin = memory(count * 2);
  const snapshot = openSnapshotSync({ origin, cow: memory(20_000), chunkSectors: 1 });
  for (let at = 0; at < count; at++) snapshot.writeSync(sector(1), at * 2);
  const first = allocationOf(snapshot, 0, count * 2);
  expect(first.length).toBe(4096);
  expect(depths(snapshot, count * 2)).toEqual(
    Array.from({ length: count * 2 }, (_, at) => at % 2 + 1),
  );
});

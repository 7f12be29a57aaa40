import { expect, test } from "vitest";
import {
  countExceptions,
  fittingSectors,
  readCowHeader,
  readCowRuns,
} from "../../../src/cli/cow_image.ts";
import type { BlockDevice } from "../../../src/block/device.ts";
import { createMemoryDevice, type MemoryDevice } from "../../../src/devices/memory.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";

/** A COW image whose snapshot had some of its chunks of one sector written. */
function imageOf(chunks: readonly number[]): MemoryDevice {
  const origin: BlockDevice = createMemoryDevice({ sectorCount: 1000 });
  const cow = createMemoryDevice({ sectorCount: 2000 });
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 1 });
  for (const chunk of chunks) snapshot.writeSync(new Uint8Array(512), chunk);
  snapshot.closeSync();
  return cow;
}

test("what was written is found again, in its order, over any number of areas", () => {
  const chunks = Array.from({ length: 70 }, (_, index) => 999 - index);
  const cow = imageOf([5, 6, 7, ...chunks]);
  const header = readCowHeader(cow);
  expect(header).toMatchObject({ isValid: true, version: 1, chunkSectors: 1 });
  const found: number[] = [];
  // An area of 512 bytes holds 32 exceptions.
  const areaCount = readCowRuns(cow, header, ({ oldChunk, count }) => {
    for (let index = 0; index < count; index++) found.push(oldChunk + index);
  });
  expect(found).toEqual([5, 6, 7, ...chunks]);
  expect(areaCount).toBe(3);
  expect(countExceptions(cow, header)).toBe(73);
});

test("an empty image has one area and nothing in it", () => {
  const cow = imageOf([]);
  expect(readCowRuns(cow, readCowHeader(cow), () => expect.unreachable())).toBe(1);
});

test("what is no COW image is not written to", () => {
  const zeroes = createMemoryDevice({ sectorCount: 16 });
  expect(() => readCowHeader(zeroes)).toThrow(/is no COW image/);
  expect(zeroes.usedBytes).toBe(0);
  expect(() => readCowHeader(createMemoryDevice({ sectorCount: 0 }))).toThrow(/it is empty/);
});

test("a COW image of the fitting size holds every chunk, and one that is smaller does not", () => {
  for (const originSectors of [1, 8, 255 * 8, 256 * 8, 257 * 8 + 3]) {
    const sectorCount = fittingSectors(originSectors, 8);
    for (const [cowSectors, isWhole] of [[sectorCount, true], [sectorCount - 8, false]] as const) {
      const origin = openOrigin(createMemoryDevice({ sectorCount: originSectors }));
      const cow = createMemoryDevice({ sectorCount: cowSectors });
      const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 8 });
      for (let sector = 0; sector < originSectors; sector += 8) {
        origin.writeSync(new Uint8Array(512), sector);
      }
      expect(snapshot.activeTargets![0]!.status() !== "Invalid").toBe(isWhole);
    }
  }
});

import { expect, test } from "vitest";
import {
  blocksTouched,
  blocksWithin,
  isWholeBlocks,
  planReadBytes,
  planWriteBytes,
} from "../../../src/block/byte_access.ts";
import { checked } from "../../../src/block/checked.ts";
import { type Plan, runSync } from "../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { patternOf } from "../../../src/testing/mod.ts";

const SECTOR_COUNT = 32;

/** A device of some logical block. Reads of sectors from `badSector` on fail. */
function deviceOf(logicalSectors: number, badSector = Infinity) {
  const memory = createMemoryDevice({
    sectorCount: SECTOR_COUNT,
    content: patternOf(1, 0, SECTOR_COUNT),
  });
  return checked({
    ...{ name: "blocks", sectorCount: SECTOR_COUNT, supports: memory.supports },
    limits: { logicalSectors },
    readSync(target, sector) {
      if (sector >= badSector) throw new Error("bad");
      memory.readSync(target, sector);
    },
    writeSync: (source, sector) => memory.writeSync(source, sector),
    flushSync() {},
    closeSync() {},
  });
}

const stepsOf = (plan: Plan) =>
  [...plan].map((step) => {
    if (step.kind === "read") return `read ${step.target.length / 512} at ${step.sector}`;
    if (step.kind === "write") return `write ${step.source.length / 512} at ${step.sector}`;
    return step.kind;
  });

test("a request is rounded outward to what it touches, and inward to what it has whole", () => {
  const fine = deviceOf(1);
  const coarse = deviceOf(8);
  const range = (sector: number, sectorCount: number) => ({ sector, sectorCount });
  expect(blocksTouched(fine, 511, 2)).toEqual(range(0, 2));
  expect(blocksTouched(fine, 512, 512)).toEqual(range(1, 1));
  expect(blocksTouched(coarse, 4095, 2)).toEqual(range(0, 16));
  expect(blocksWithin(fine, 511, 514)).toEqual(range(1, 1));
  expect(blocksWithin(fine, 1, 1000)).toMatchObject({ sectorCount: 0 });
  expect(blocksWithin(fine, 1, 2)).toMatchObject({ sectorCount: 0 });
  expect(blocksWithin(coarse, 1, 12287)).toEqual(range(8, 16));
  const whole = (device: typeof fine, offset: number, count: number) =>
    isWholeBlocks(device, offset, count);
  expect([whole(fine, 512, 512), whole(fine, 512, 1), whole(fine, 1, 512)])
    .toEqual([true, false, false]);
  expect([whole(coarse, 512, 4096), whole(coarse, 4096, 512), whole(coarse, 4096, 4096)])
    .toEqual([false, false, true]);
});

test("whole blocks are passed on; a write of parts reads them, each once, and is one write", () => {
  const write = (logicalSectors: number, offset: number, count: number) =>
    stepsOf(planWriteBytes(deviceOf(logicalSectors), new Uint8Array(count), offset));
  expect(write(1, 512, 1024)).toEqual(["write 2 at 1"]);
  expect(write(1, 700, 1)).toEqual(["read 1 at 1", "write 1 at 1"]);
  expect(write(1, 512, 1)).toEqual(["read 1 at 1", "write 1 at 1"]);
  expect(write(1, 1023, 1)).toEqual(["read 1 at 1", "write 1 at 1"]);
  expect(write(1, 511, 2)).toEqual(["read 1 at 0", "read 1 at 1", "write 2 at 0"]);
  expect(write(1, 500, 12 + 1024)).toEqual(["read 1 at 0", "write 3 at 0"]);
  expect(write(1, 512, 1025)).toEqual(["read 1 at 3", "write 3 at 1"]);
  expect(write(8, 512, 512)).toEqual(["read 8 at 0", "write 8 at 0"]);
  const read = (offset: number, count: number) =>
    stepsOf(planReadBytes(deviceOf(1), new Uint8Array(count), offset));
  expect([read(512, 512), read(511, 2)]).toEqual([["read 1 at 1"], ["read 2 at 0"]]);
});

test.each([1, 8])("bytes land where they belong, over blocks of %s sectors", (logicalSectors) => {
  const device = deviceOf(logicalSectors);
  const model = patternOf(1, 0, SECTOR_COUNT);
  const ends = [0, 1, 511, 512, 513, 4095, 4096, 4097, 8192, model.length - 1, model.length];
  for (const from of ends) {
    for (const to of ends.filter((end) => end > from)) {
      const bytes = patternOf(from + to, 0, SECTOR_COUNT).subarray(0, to - from);
      runSync(planWriteBytes(device, bytes, from));
      model.set(bytes, from);
      const found = new Uint8Array(to - from);
      runSync(planReadBytes(device, found, from));
      expect(found).toEqual(bytes);
    }
  }
  const all = new Uint8Array(model.length);
  device.readSync(all, 0);
  expect(all).toEqual(model);
});

test("when a part cannot be read, nothing is written", () => {
  const device = deviceOf(1, 4);
  expect(() => runSync(planWriteBytes(device, new Uint8Array(1600), 500))).toThrow("bad");
  const found = new Uint8Array(4 * 512);
  device.readSync(found, 0);
  expect(found).toEqual(patternOf(1, 0, 4));
});

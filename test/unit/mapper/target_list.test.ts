import { expect, test } from "vitest";
import { TargetList } from "../../../src/mapper/target_list.ts";
import { createError } from "../../../src/targets/fault/error.ts";
import { createLinear } from "../../../src/targets/linear.ts";
import { Bench, type DiskOptions } from "../exception/rig.ts";

const bench = new Bench();

function linear(sectorCount: number, options: DiskOptions = {}) {
  const { device } = bench.disk("disk", sectorCount, options);
  return createLinear({ device, startSector: 0, sectorCount });
}

test("targets follow each other without a gap", () => {
  const list = new TargetList([linear(10), linear(1), linear(5)]);
  expect([list.starts, list.sectorCount]).toEqual([[0, 10, 11], 16]);
  const indexes = [0, 9, 10, 11, 15].map((sector) => list.indexOf(sector));
  expect(indexes).toEqual([0, 0, 1, 2, 2]);
});

test("a sector is found among many targets", () => {
  const list = new TargetList(Array.from({ length: 33 }, () => createError(3)));
  for (let sector = 0; sector < 99; sector++) {
    expect(list.indexOf(sector)).toBe(Math.floor(sector / 3));
  }
});

test("what all of them can do, the device can do", () => {
  const able = linear(8);
  expect(new TargetList([able, able]).supports).toEqual({ ...able.supports });
  expect(new TargetList([able, linear(8, { readOnly: true })]).supports).toMatchObject({
    sync: true,
    write: false,
    discard: false,
  });
  expect(new TargetList([able, linear(8, { discard: false })]).supports.discard).toBe(false);
});

test("the coarsest limits are the device's", () => {
  const list = new TargetList([linear(8), linear(8, { logicalSectors: 8 })]);
  expect(list.limits).toEqual({ logicalSectors: 8, preferredSectors: 8 });
});

test("a table of nothing is a device without sectors that can do nothing", () => {
  const list = new TargetList([]);
  expect([list.sectorCount, list.limits.logicalSectors]).toEqual([0, 1]);
  expect(Object.values(list.supports)).toEqual([false, false, false, false, false]);
});

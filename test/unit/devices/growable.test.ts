import { describe, expect, test } from "vitest";
import { SECTORS_MAX } from "../../../src/block/units.ts";
import { checkGrowth, isDeviceSize, isGrowableDevice } from "../../../src/devices/growable.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { checked } from "../../../src/block/checked.ts";

const supports = { write: true, discard: false, discardZeroes: false, permanence: false };
const disk = { name: "disk", sectorCount: 8, supports };

describe("growth that is refused, in so many words", () => {
  const table: [string, () => void, string, string][] = [
    [
      "smaller",
      () => checkGrowth(disk, false, 7),
      "EINVAL",
      'Cannot grow "disk" from 8 to 7 sectors: want a size that is not smaller',
    ],
    [
      "no size",
      () => checkGrowth(disk, false, NaN),
      "EINVAL",
      'Cannot grow "disk" from 8 to NaN sectors: want a size that is not smaller',
    ],
    [
      "read-only",
      () => checkGrowth({ ...disk, supports: { ...supports, write: false } }, false, 9),
      "EROFS",
      'Cannot grow "disk" from 8 to 9 sectors: it is read-only',
    ],
    [
      "closed",
      () => checkGrowth(disk, true, 9),
      "ESHUTDOWN",
      'Cannot grow "disk" from 8 to 9 sectors: it is closed',
    ],
  ];
  for (const [what, request, code, message] of table) {
    test(what, () => expect(request).toThrow(expect.objectContaining({ code, message })));
  }
});

test("the same size is no growth, and no mistake", () => checkGrowth(disk, false, 8));

test("sizes go from nothing to the last exact byte", () => {
  for (const size of [0, 1, SECTORS_MAX]) expect(isDeviceSize(size)).toBe(true);
  for (const size of [-1, 0.5, NaN, Infinity, SECTORS_MAX + 1]) {
    expect(isDeviceSize(size)).toBe(false);
  }
});

test("a device can grow if it has the method", () => {
  expect(isGrowableDevice(createMemoryDevice({ sectorCount: 1 }))).toBe(true);
  const fixed = checked({
    ...disk,
    readSync() {},
    writeSync() {},
    flushSync() {},
    closeSync() {},
  });
  expect(isGrowableDevice(fixed)).toBe(false);
});

import { expect, test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { SECTORS_MAX } from "../../../../src/block/units.ts";
import { createMemoryDevice } from "../../../../src/devices/mod.ts";
import { layerSectors, layerSizeFault } from "../../../../src/disk/manifest/layer_size.ts";
import { ExceptionTable, PersistentStore } from "../../../../src/exception/mod.ts";

// An area of chunks of one sector has 32 entries: 31 chunks do not fill it, 32 do.
test.each([1, 31, 32, 33, 64, 1000])("a layer of %i chunks holds all of them", (chunkCount) => {
  const source = createMemoryDevice({ sectorCount: chunkCount });
  const cow = createMemoryDevice({ sectorCount: layerSectors(chunkCount, 1) });
  const store = new PersistentStore({ cow, source, chunkSectors: 1, hasOverflow: true, log() {} });
  const { table } = runSync(ExceptionTable.open({ source, destination: cow, store }));
  for (let chunk = chunkCount - 1; chunk >= 0; chunk--) {
    expect(runSync(table.break(chunk, 1, "later"))).toBe(1);
  }
  runSync(table.settle());
  expect(table.exceptionCount).toBe(chunkCount);
  expect(table.isValid).toBe(true);
  table.destroy();
  source.closeSync();
  cow.closeSync();
});

test.each([
  [0, 8, /no sectors/],
  [64, 0, /0 sectors/],
  [64, 24, /power of two/],
  [64, 2 ** 23, /at most 4194303/],
  [2 ** 37, 1, /a layer has 283467841539 chunks of 1 sectors, want at most 274877906944/],
  [2 ** 40, 8, /a layer has \d+ chunks of 8 sectors/],
  [SECTORS_MAX, 2048, /a layer has \d+ sectors/],
])("a disk of %i sectors in chunks of %i is impossible", (sectorCount, chunkSectors, why) => {
  expect(layerSizeFault(sectorCount, chunkSectors)).toMatch(why);
});

test("usual sizes are possible", () => {
  for (const chunkSectors of [1, 8, 32, 2048]) {
    // 64 TiB in chunks of a sector, 511 TiB in chunks of 4 KiB.
    for (const chunkCount of [1, 2048, 2 ** 31, 2 ** 37 * 0.93]) {
      const sectorCount = Math.min(Math.floor(chunkCount * chunkSectors), 2 ** 42);
      expect(layerSizeFault(sectorCount, chunkSectors)).toBe(null);
    }
  }
});

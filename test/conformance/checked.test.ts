import { describe, test } from "vitest";
import { type AsyncImplementation, checked } from "../../src/block/checked.ts";
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { deviceSuite, Prng } from "../../src/testing/mod.ts";

/** A device that takes a number of turns over every request, drawn by chance. */
function slow(sectorCount: number, logicalSectors = 1): AsyncImplementation {
  const disk = createMemoryDevice({ sectorCount });
  const prng = Prng.fromSeed(sectorCount);
  const turns = async () => {
    for (let left = prng.int(4); left > 0; left--) await null;
  };
  return {
    name: "slow",
    sectorCount,
    limits: { logicalSectors },
    supports: { write: true, discard: true, discardZeroes: true, permanence: false },
    async read(target, sector) {
      await turns();
      disk.readSync(target, sector);
    },
    async write(source, sector, fua) {
      const taken = source.slice(); // The contract: at the call, before any turn.
      await turns();
      disk.writeSync(taken, sector, { fua });
    },
    async discard(sector, count) {
      await turns();
      disk.discardSync(sector, count);
    },
    async flush() {
      await turns();
      disk.flushSync();
    },
    async close() {
      await turns();
      disk.closeSync();
    },
  };
}

describe("a device that answers later, in any order", async () => {
  await deviceSuite({ test, create: (sectorCount) => checked(slow(sectorCount)) });
});

describe("a device with a logical block of 8 sectors", async () => {
  await deviceSuite({
    test,
    create: (sectorCount) => checked(slow(sectorCount, 8)),
    sectorCounts: [0, 8, 1048],
  });
});

describe("a device that answers at once and supports nothing it need not", async () => {
  await deviceSuite({
    test,
    create(sectorCount) {
      const bytes = new Uint8Array(sectorCount * 512);
      return checked({
        name: "plain",
        sectorCount,
        supports: { write: true, discard: false, discardZeroes: false, permanence: false },
        readSync: (target, sector) =>
          target.set(bytes.subarray(sector * 512, sector * 512 + target.length)),
        writeSync: (source, sector) => bytes.set(source, sector * 512),
        flushSync() {},
        closeSync() {},
      });
    },
  });
});

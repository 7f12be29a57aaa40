import { describe, test } from "vitest";
import { deviceSuite, Prng, SimulatedDisk } from "../../src/testing/mod.ts";

const prng = Prng.fromSeed("power cuts");

/** A fixture with every power but growth. */
function createFixture(sectorCount: number, logicalSectors = 1) {
  let disk = new SimulatedDisk({ sectorCount, logicalSectors });
  return {
    device: disk,
    reopen: () =>
      disk = new SimulatedDisk({ name: disk.name, bytes: disk.contents(), logicalSectors }),
    cutPower: () => disk = disk.afterCut(prng),
    failReads: () => disk.breakSectors(0, sectorCount, { reads: true, writes: false }),
  };
}

describe("a simulated disk", async () => {
  await deviceSuite({ test, create: (sectorCount) => createFixture(sectorCount) });
});

describe("a simulated disk with blocks of eight sectors", async () => {
  await deviceSuite({
    test,
    create: (sectorCount) => createFixture(sectorCount, 8),
    sectorCounts: [0, 8, 104, 1024],
  });
});

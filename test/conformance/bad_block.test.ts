import { describe, test } from "vitest";
import { openBadBlockSync } from "../../src/mapper/bad_block_device.ts";
import { type DeviceFixture, deviceSuite, patternOf, Prng } from "../../src/testing/mod.ts";
import { SimulatedDisk } from "../../src/testing/simulated_disk.ts";
import { placesFor } from "../unit/targets/bad_block/rig.ts";

interface SetUp {
  readonly sectorCount: number;
  readonly blockSectors: number;
  readonly logicalSectors?: number;
  /** Whether most blocks are relocated before the suite begins. */
  readonly isWorn: boolean;
}

/** A disk of zeroes for the suite, with a spare for each block. */
function fixture({ sectorCount, blockSectors, logicalSectors = 1, isWorn }: SetUp): DeviceFixture {
  const blockCount = sectorCount / blockSectors;
  const places = placesFor({
    blockSectors,
    blockCount,
    spareCount: blockCount + 8,
    logicalSectors,
  });
  let disk = new SimulatedDisk({ name: "disk", sectorCount: places.endSector, logicalSectors });
  const open = () => openBadBlockSync({ ...places, device: disk });
  const device = open();
  const prng = Prng.fromSeed(sectorCount);
  // Backwards, so that neighbours have not neighbouring spares.
  for (let block = blockCount - 1; isWorn && block >= 0; block--) {
    if (prng.bool(0.3)) continue;
    const sector = block * blockSectors;
    disk.breakSectors(places.startSector + sector, blockSectors, { reads: false, writes: true });
    device.writeSync(patternOf(1, sector, blockSectors), sector);
    device.writeZeroesSync(sector, blockSectors);
    disk.breakSectors(places.startSector + sector, blockSectors, { reads: true, writes: true });
  }
  device.flushSync();
  return {
    device,
    reopen: open,
    cutPower() {
      disk = disk.afterCut(prng);
      return open();
    },
    failReads: () => disk.breakSectors(0, places.endSector, { reads: true, writes: false }),
  };
}

for (const isWorn of [false, true]) {
  const words = isWorn ? "of which most blocks are relocated" : "with an empty table";
  describe(`a disk with spares, ${words}`, async () => {
    await deviceSuite({
      test,
      sectorCounts: [1, 7, 257],
      create: (sectorCount) => fixture({ sectorCount, blockSectors: 1, isWorn }),
    });
  });

  describe(`in blocks of eight sectors, ${words}`, async () => {
    await deviceSuite({
      test,
      sectorCounts: [8, 264],
      create: (sectorCount) => fixture({ sectorCount, blockSectors: 8, isWorn }),
    });
  });

  describe(`on a 4K disk, ${words}`, async () => {
    await deviceSuite({
      test,
      sectorCounts: [16, 272],
      create: (sectorCount) =>
        fixture({ sectorCount, blockSectors: 16, logicalSectors: 8, isWorn }),
    });
  });
}

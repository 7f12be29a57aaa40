import { describe, test } from "vitest";
import type { BlockDevice } from "../../src/block/device.ts";
import { runSync } from "../../src/block/plan.ts";
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { MappedDevice } from "../../src/mapper/mapped_device.ts";
import { createDelay } from "../../src/targets/fault/delay.ts";
import { createDust } from "../../src/targets/fault/dust.ts";
import { createFlakey } from "../../src/targets/fault/flakey.ts";
import { createLogWrites } from "../../src/targets/fault/log_writes.ts";
import type { Target } from "../../src/targets/target.ts";
import { deviceSuite } from "../../src/testing/mod.ts";

/** Where on the device below a target begins: nothing may depend on its being 0. */
const START_SECTOR = 5;

/** A memory device with a margin on both sides that nobody may touch. */
function diskOf(sectorCount: number): BlockDevice {
  return createMemoryDevice({ sectorCount: sectorCount + 2 * START_SECTOR });
}

function over(target: Target): MappedDevice {
  const device = new MappedDevice("fault");
  runSync(device.load([target]));
  runSync(device.resume());
  return device;
}

describe("a delay target without a delay", async () => {
  await deviceSuite({
    test,
    create(sectorCount) {
      const read = { device: diskOf(sectorCount), startSector: START_SECTOR, delayMs: 0 };
      return over(createDelay({ read, sectorCount }));
    },
  });
});

describe("a delay target that delays by a clock without patience", async () => {
  await deviceSuite({
    test,
    create(sectorCount) {
      const read = { device: diskOf(sectorCount), startSector: START_SECTOR, delayMs: 5 };
      const clock = { nowMs: () => 0, sleep: () => Promise.resolve() };
      return over(createDelay({ read, sectorCount, clock }));
    },
  });
});

/** A target has a sector at least; an empty device is one without a target. */
const SIZES = [1, 7, 1021];

describe("a flakey target that is always up", async () => {
  await deviceSuite({
    test,
    create: (sectorCount) =>
      over(createFlakey({
        device: diskOf(sectorCount),
        startSector: START_SECTOR,
        sectorCount,
        upSeconds: 180,
        downSeconds: 0,
      })),
  });
});

describe("a flakey target that is down and would corrupt every billionth request", async () => {
  await deviceSuite({
    test,
    create: (sectorCount) =>
      over(createFlakey({
        device: diskOf(sectorCount),
        startSector: START_SECTOR,
        sectorCount,
        upSeconds: 0,
        downSeconds: 180,
        features: { readCorruptionPerBillion: 1, writeCorruptionPerBillion: 1 },
        random: () => 0.5,
      })),
  });
});

describe("a dust target without bad blocks", async () => {
  await deviceSuite({
    test,
    sectorCounts: SIZES,
    create(sectorCount) {
      const device = diskOf(sectorCount);
      const options = { device, startSector: START_SECTOR, sectorCount, blockBytes: 512 };
      const target = createDust(options);
      target.message?.(["enable"]);
      return over(target);
    },
  });
});

describe("a dust target all of whose blocks are mended by the first write", async () => {
  await deviceSuite({
    test,
    sectorCounts: SIZES,
    create(sectorCount) {
      const device = diskOf(sectorCount);
      const options = { device, startSector: START_SECTOR, sectorCount, blockBytes: 512 };
      const target = createDust(options);
      for (let block = 0; block < sectorCount; block++) {
        target.message?.(["addbadblock", String(block)]);
      }
      target.message?.(["enable"]);
      const dust = over(target);
      dust.writeZeroesSync(0, sectorCount);
      return dust;
    },
  });
});

describe.each([[100_000, "with room"], [20, "that is soon full"]])(
  "a log-writes target on a log of %i sectors, %s",
  async (logSectors) => {
    await deviceSuite({
      test,
      create: (sectorCount) =>
        over(createLogWrites({
          device: createMemoryDevice({ sectorCount }),
          logDevice: createMemoryDevice({ sectorCount: logSectors }),
          sectorCount,
        })),
    });
  },
);

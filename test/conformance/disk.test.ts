import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { Disk } from "../../src/disk/disk.ts";
import { openDirectoryStorage } from "../../src/disk/storage/directory_storage.ts";
import { createMemoryStorage } from "../../src/disk/storage/memory_storage.ts";
import type { DiskStorage } from "../../src/disk/storage/storage.ts";
import { type DeviceFixture, deviceSuite } from "../../src/testing/mod.ts";

const QUICK_DIRECTORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A branch on a snapshot on a snapshot; `null` as long as it is closed. */
async function fixture(
  sectorCount: number,
  storage: DiskStorage,
  cleanup: () => void,
): Promise<DeviceFixture> {
  const options = { origin: sectorCount, storage };
  let disk = await Disk.open("suite", options);
  await disk.snapshot("one");
  await disk.snapshot("two");
  return {
    device: disk.device,
    async reopen() {
      await disk.close();
      disk = await Disk.open("suite", options);
      return disk.device;
    },
    async cleanup() {
      await disk.close();
      await storage.close();
      cleanup();
    },
  };
}

// A disk without sectors is refused.
const sectorCounts = [1, 7, 1021];

describe("a disk in memory", async () => {
  await deviceSuite({
    test,
    create: (sectorCount) => fixture(sectorCount, createMemoryStorage(), () => {}),
    sectorCounts,
  });
});

describe("a disk in a directory", async () => {
  await deviceSuite({
    test,
    create(sectorCount) {
      const directory = mkdtempSync(join(QUICK_DIRECTORY, "cowdisk-"));
      return fixture(sectorCount, openDirectoryStorage(directory), () => {
        rmSync(directory, { recursive: true });
      });
    },
    sectorCounts,
  });
});

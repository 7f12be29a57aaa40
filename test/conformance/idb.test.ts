import "fake-indexeddb/auto";
import { describe, test } from "vitest";
import { deviceSuite } from "../../src/testing/mod.ts";
import { idbFixture } from "../unit/devices/idb/fixture.ts";

describe("a disk in IndexedDB", async () => {
  await deviceSuite({ test, create: (sectorCount) => idbFixture(sectorCount) });
});

describe("a disk in IndexedDB with small records and a cache for three of them", async () => {
  await deviceSuite({
    test,
    create: (sectorCount) => idbFixture(sectorCount, { recordSectors: 8, cacheBytes: 3 * 4096 }),
  });
});

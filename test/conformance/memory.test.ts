import { describe, test } from "vitest";
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { FramePool } from "../../src/devices/frame_pool.ts";
import { Arena } from "../../src/kernel/arena.ts";
import { deviceSuite } from "../../src/testing/mod.ts";

describe("a memory device in the pool that all share", async () => {
  await deviceSuite({
    test,
    create: (sectorCount) => createMemoryDevice({ sectorCount }),
    // Around a frame of 128 sectors, and the sizes every device is tried with.
    sectorCounts: [0, 1, 7, 127, 128, 129, 1021],
  });
});

describe("a memory device in an arena that is nearly too small", async () => {
  await deviceSuite({
    test,
    create(sectorCount) {
      const arena = Arena.create({ bytesMax: 15 * 65536 });
      return createMemoryDevice({ sectorCount, arena });
    },
  });
});

describe("a memory device in a pool of one-frame arenas", async () => {
  await deviceSuite({
    test,
    create(sectorCount) {
      const pool = FramePool.create({ arenaBytes: 3 * 65536 });
      return createMemoryDevice({ sectorCount, pool });
    },
  });
});

describe("a read-only memory device", async () => {
  await deviceSuite({
    test,
    create(sectorCount) {
      const content = new Uint8Array(sectorCount * 512).fill(9);
      return createMemoryDevice({ sectorCount, content, readOnly: true });
    },
  });
});

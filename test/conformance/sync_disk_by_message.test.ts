/** A disk behind a ring where no thread can wait for a word: messages wake both sides. */
import { describe, test } from "vitest";
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { connectSyncDiskAsync, serveSyncDisk } from "../../src/emulator/sync_disk.ts";
import { deviceSuite } from "../../src/testing/mod.ts";

// For the whole file: it has a process of its own.
Object.assign(Atomics, { waitAsync: undefined });

describe("a disk behind a ring, without Atomics.waitAsync", async () => {
  await deviceSuite({
    test,
    create(sectorCount) {
      const { port1, port2 } = new MessageChannel();
      const server = serveSyncDisk(createMemoryDevice({ sectorCount }), {
        lingerMs: 0,
        areaBytes: 4096,
      });
      server.connect(port1);
      return connectSyncDiskAsync(port2).then((device) => ({
        device,
        cleanup: () => server.close(),
      }));
    },
  });
});

import { describe, test } from "vitest";
import type { BlockDevice } from "../../src/block/device.ts";
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { connectDevice } from "../../src/devices/port_device.ts";
import { serveDevice } from "../../src/devices/port_server.ts";
import { openDiskInWorker } from "../../src/disk/remote/remote_disk.ts";
import { deviceSuite } from "../../src/testing/mod.ts";
import { openHome } from "../unit/disk/remote/home.ts";

/** A device that finds no memory to share, so that bytes are handed over. */
async function withoutSharing(connect: () => Promise<BlockDevice>): Promise<BlockDevice> {
  const { SharedArrayBuffer } = globalThis;
  Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
  try {
    return await connect();
  } finally {
    globalThis.SharedArrayBuffer = SharedArrayBuffer;
  }
}

for (const readOnly of [false, true]) {
  for (const isShared of [true, false]) {
    const how = isShared ? "through shared memory" : "in buffers that are handed over";
    describe(`a ${readOnly ? "read-only " : ""}device behind a port, ${how}`, async () => {
      await deviceSuite({
        test,
        create(sectorCount) {
          const { port1, port2 } = new MessageChannel();
          serveDevice(createMemoryDevice({ sectorCount, readOnly }), port1);
          return isShared ? connectDevice(port2) : withoutSharing(() => connectDevice(port2));
        },
      });
    });
  }
}

describe("the device of a disk in another home", async () => {
  await deviceSuite({
    test,
    async create(sectorCount) {
      const home = openHome();
      const disk = await openDiskInWorker(home.worker, "disk", {
        origin: sectorCount,
        storage: "memory",
      });
      return {
        device: disk.device,
        async cleanup() {
          await disk.close();
          home.worker.close();
        },
      };
    },
    sectorCounts: [1, 7, 129],
  });
});

import { describe, test } from "vitest";
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { connectDevice } from "../../src/devices/port_device.ts";
import { serveDevice } from "../../src/devices/port_server.ts";
import { deviceSuite } from "../../src/testing/mod.ts";

for (const readOnly of [false, true]) {
  describe(`a ${readOnly ? "read-only " : ""}device behind a port`, async () => {
    await deviceSuite({
      test,
      create(sectorCount) {
        const { port1, port2 } = new MessageChannel();
        serveDevice(createMemoryDevice({ sectorCount, readOnly }), port1);
        return connectDevice(port2);
      },
    });
  });
}

/** The I/O worker of the ordinary run: disks in memory, in files, and one that takes its time. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checked } from "../../../src/block/checked.ts";
import { openFileDevice } from "../../../src/devices/file.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { connectDevice } from "../../../src/devices/port_device.ts";
import { serveDevice } from "../../../src/devices/port_server.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mod.ts";
import { serveWishes } from "./io_service.ts";

const directory = mkdtempSync(join(tmpdir(), "cowdisk-"));
const pathOf = (id: string) => join(directory, id);

serveWishes({
  memory: { open: (_id, sectorCount) => createMemoryDevice({ sectorCount }) },
  "read-only": { open: (_id, sectorCount) => createMemoryDevice({ sectorCount, readOnly: true }) },
  snapshot: {
    open(_id, sectorCount) {
      const origin = openOrigin(createMemoryDevice({ sectorCount }));
      return openSnapshotSync({ origin, cow: createMemoryDevice({ sectorCount: 4096 }) });
    },
  },
  asynchronous: {
    open(_id, sectorCount) {
      const { port1, port2 } = new MessageChannel();
      serveDevice(createMemoryDevice({ sectorCount }), port1);
      return connectDevice(port2);
    },
  },
  "4K": {
    open(_id, sectorCount) {
      const memory = createMemoryDevice({ sectorCount });
      return checked({
        name: "4K",
        sectorCount,
        limits: { logicalSectors: 8 },
        supports: memory.supports,
        readSync: (target, sector) => memory.readSync(target, sector),
        writeSync: (source, sector) => memory.writeSync(source, sector),
        discardSync: (sector, count) => memory.discardSync(sector, count),
        flushSync() {},
        closeSync: () => memory.closeSync(),
      });
    },
  },
  file: {
    open: (id, sectorCount) => openFileDevice(pathOf(id), { create: { sectorCount } }),
    reopen: (id) => openFileDevice(pathOf(id)),
    remove: (id) => rmSync(pathOf(id)),
  },
});

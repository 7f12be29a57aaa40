/** The I/O worker of the browser's run: disks in IndexedDB, in OPFS and in memory. */
import { openIdbDevice, removeIdbDevice } from "../../src/devices/idb.ts";
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { openOpfsDevice, removeOpfsDevice } from "../../src/devices/opfs.ts";
import { serveWishes } from "../conformance/sync_disk/io_service.ts";

serveWishes({
  memory: { open: (_id, sectorCount) => createMemoryDevice({ sectorCount }) },
  idb: {
    open: (id, sectorCount) => openIdbDevice(id, { create: { sectorCount } }),
    reopen: (id) => openIdbDevice(id),
    remove: (id) => removeIdbDevice(id),
  },
  opfs: {
    open: (id, sectorCount) => openOpfsDevice(id, { create: { sectorCount } }),
    reopen: (id) => openOpfsDevice(id),
    remove: (id) => removeOpfsDevice(id),
  },
});

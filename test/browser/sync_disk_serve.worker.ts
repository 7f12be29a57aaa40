/// <reference lib="dom" />
/** A worker that tries to serve a disk, and tells what became of it. */
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { serveSyncDisk } from "../../src/emulator/sync_disk.ts";

try {
  serveSyncDisk(createMemoryDevice({ sectorCount: 8 }));
  self.postMessage({ code: "served" });
} catch (error) {
  const { code, message } = error as { code: string; message: string };
  self.postMessage({ code, message });
}

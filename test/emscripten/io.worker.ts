/// <reference lib="dom" />
/** The I/O worker: a disk in memory for each port. */
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { serveSyncDisk } from "../../src/emulator/sync_disk.ts";

self.onmessage = ({ data: wish }: MessageEvent<{ port: MessagePort; readOnly: boolean }>) => {
  const device = createMemoryDevice({ sectorCount: 100, readOnly: wish.readOnly });
  serveSyncDisk(device).connect(wish.port);
};

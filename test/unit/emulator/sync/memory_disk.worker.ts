/// <reference lib="dom" />
/** An I/O worker with disks in memory, one for each port that it is given. */
import { createMemoryDevice } from "../../../../src/mod.ts";
import { serveSyncDisk } from "../../../../src/emulator/sync_disk.ts";

self.onmessage = ({ data: wish }: MessageEvent<{ port: MessagePort; sectorCount: number }>) => {
  const device = createMemoryDevice({ sectorCount: wish.sectorCount });
  serveSyncDisk(device, { areaBytes: 4096 }).connect(wish.port);
};

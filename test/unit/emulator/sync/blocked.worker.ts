/// <reference lib="dom" />
/** A client that blocks in one read, and tells what became of it. */
import { connectSyncDisk, type SyncDiskOptions } from "../../../../src/emulator/sync_disk.ts";

self.onmessage = async (
  { data: [port, options] }: MessageEvent<[MessagePort, SyncDiskOptions]>,
) => {
  const disk = await connectSyncDisk(port, options);
  const outcomes: unknown[] = [];
  for (let count = 0; count < 2; count++) {
    try {
      disk.readSync(new Uint8Array(512), 0);
      outcomes.push("read");
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      outcomes.push({ code, message });
    }
  }
  self.postMessage(outcomes);
};

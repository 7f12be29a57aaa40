/// <reference lib="dom" />
/** The other thread of the contest: it bounces words back, or serves a disk, as it is told. */
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { serveSyncDisk } from "../../../src/emulator/sync_disk.ts";

/**
 * What the thread does: bounces word 1 back in word 0, with the chunk that word 2 names copied to the
 * area if there is one; or serves a disk over the port.
 */
export type Part = {
  readonly words: Int32Array;
  readonly area?: Uint8Array;
  readonly content?: Uint8Array;
} | {
  readonly port: MessagePort;
  readonly content: Uint8Array;
  readonly lingerMs: number;
};

self.onmessage = ({ data: part }: MessageEvent<Part>) => {
  if ("port" in part) {
    const { content, port, lingerMs } = part;
    const device = createMemoryDevice({ sectorCount: content.length / 512, content });
    serveSyncDisk(device, { lingerMs }).connect(port);
    return;
  }
  const { words, area, content } = part;
  for (let round = 1;; round++) {
    Atomics.wait(words, 1, round - 1);
    if (area !== undefined) {
      const start = Atomics.load(words, 2) * area.length;
      area.set(content!.subarray(start, start + area.length));
    }
    Atomics.store(words, 0, round);
    Atomics.notify(words, 0);
  }
};

/// <reference lib="dom" />
/** The other thread of the contest: it bounces a word back, or serves a disk, as it is told. */
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { serveSyncDisk } from "../../../src/emulator/sync_disk.ts";
import { bounceBack } from "./bounce.ts";

/** What the thread does: bounces, or serves a disk over the port. */
export type Part = { readonly words: Int32Array } | {
  readonly port: MessagePort;
  readonly content: Uint8Array;
  readonly lingerMs: number;
};

self.onmessage = ({ data: part }: MessageEvent<Part>) => {
  if ("words" in part) bounceBack(part.words);
  const { content, port, lingerMs } = part;
  const device = createMemoryDevice({ sectorCount: content.length / 512, content });
  serveSyncDisk(device, { lingerMs }).connect(port);
};

/// <reference lib="dom" />
/**
 * Reading 4 KiB from a disk in another thread, blocking.
 *
 * The floor is the round trip alone: one word bounced between two threads by `Atomics.wait`. The disk
 * is in memory, so that what is measured is the ring.
 *
 * @module
 */
import type { SyncBlockDevice } from "../../../src/block/device.ts";
import { connectSyncDisk } from "../../../src/emulator/sync_disk.ts";
import { type Contest, isSmoke, OPERATIONS, type Runner } from "../harness/contest.ts";
import { CHUNK_BYTES, CHUNK_SECTORS, chunkOfBytes, shuffledBelow, Walk } from "./places.ts";
import { bounce } from "./bounce.ts";
import type { Part } from "./sync_disk.worker.ts";

/** The size of the disk: 16 MiB. */
const DISK_CHUNKS = isSmoke ? 64 : 4096;

function start(part: Part, ...handedOver: Transferable[]): void {
  const worker = new Worker(new URL("./sync_disk.worker.ts", import.meta.url), { type: "module" });
  worker.postMessage(part, handedOver);
}

async function open(content: Uint8Array, lingerMs: number, memories: WebAssembly.Memory[] = []) {
  const { port1, port2 } = new MessageChannel();
  start({ port: port1, content, lingerMs }, port1);
  return await connectSyncDisk(port2, { memories });
}

/** Reads of 4 KiB at random places. */
export async function readBlocking(): Promise<Contest> {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const chunk = chunkOfBytes("content");
  const content = new Uint8Array(DISK_CHUNKS * CHUNK_BYTES);
  for (let at = 0; at < content.length; at += CHUNK_BYTES) content.set(chunk, at);
  start({ words });
  const heap = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const places = shuffledBelow(DISK_CHUNKS, "ring");
  const reads = (name: string, device: SyncBlockDevice, target: Uint8Array): Runner => {
    const sectors = new Walk(places, (place) => place * CHUNK_SECTORS);
    return {
      name,
      run() {
        for (let count = 0; count < OPERATIONS; count++) device.readSync(target, sectors.next());
      },
    };
  };
  let round = 0;
  return {
    title: "read 4 KiB from a disk in another thread",
    operations: OPERATIONS,
    floor: {
      name: "a word there and back by Atomics.wait",
      run() {
        for (let count = 0; count < OPERATIONS; count++) bounce(words, ++round);
      },
    },
    runners: [
      reads(
        "in place in a shared heap",
        await open(content, 1, [heap]),
        new Uint8Array(heap.buffer, 0, CHUNK_BYTES),
      ),
      reads("by a server that never blocks", await open(content, 0), new Uint8Array(CHUNK_BYTES)),
      reads("by a server that lingers", await open(content, 1), new Uint8Array(CHUNK_BYTES)),
    ],
  };
}

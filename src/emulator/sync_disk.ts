/**
 * A disk whose calls return: for emulators in WebAssembly, whose `read` and `write` cannot wait.
 *
 * The disk lives in an I/O worker, which may take its time: IndexedDB, OPFS, HTTP, a `Disk` over any
 * of them. An emulator in another worker uses it through shared memory, and blocks until it is
 * answered. A page, which must not block, has the asynchronous face of the same disk.
 *
 *     I/O worker                        emulator's worker              page
 *     serveSyncDisk(device)             connectSyncDisk(port)          connectSyncDiskAsync(port)
 *       .connect(port) for each           .readSync(…)                   await .read(…)
 *
 *     ┌────────┐  board: bell, tickets, signs of life                     one for all
 *     │ server │──────────────────────────────────────────────
 *     └────────┘  ring: slots, each a request's words, text, area         one for each client
 *
 * | concern                        | where                   |
 * | ------------------------------ | ----------------------- |
 * | whose a slot is, and when      | `sync/slot.ts`          |
 * | how threads sleep and wake     | `sync/board.ts`         |
 * | what is believed of words      | `sync/request.ts`       |
 * | how the server serves          | `sync/ring_server.ts`   |
 * | what a client waits for        | `sync/patience.ts`      |
 * | requests that were given up    | `sync/ring_client.ts`   |
 * | parts, bytes in place, faces   | `sync/ring_faces.ts`    |
 * | arbitrary bytes, not sectors   | `byte_disk.ts`          |
 *
 * Fails: as the served device does, with its code and message; `EIO` when a request takes too long,
 * `ENODEV` when the server's thread has ended; `ENOTSUP` where shared memory cannot be posted, on a
 * page that is not cross-origin isolated. `connectDevice` works there, without the blocking face.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Clock, systemClock } from "../block/clock.ts";
import type { BlockDevice, SyncBlockDevice } from "../block/device.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { unpackError } from "../devices/port_protocol.ts";
import { canBlock } from "./sync/board.ts";
import { type Greeting, type Hello, noSharedMemory, type Refusal } from "./sync/greeting.ts";
import type { PatienceOptions } from "./sync/patience.ts";
import type { SharedMemory } from "./sync/request.ts";
import { RingClient } from "./sync/ring_client.ts";
import { asynchronousDevice, synchronousDevice } from "./sync/ring_faces.ts";

export { asByteDisk, type ByteDisk } from "./byte_disk.ts";
export type { PatienceOptions } from "./sync/patience.ts";
export type { SharedMemory } from "./sync/request.ts";
export {
  endSyncDisk,
  serveSyncDisk,
  type SyncDiskServer,
  type SyncDiskServerOptions,
} from "./sync/ring_server.ts";

/** What {@linkcode connectSyncDisk} is told. */
export interface SyncDiskOptions extends PatienceOptions {
  /**
   * Shared memories whose bytes the server may read and write in place: an emulator's heap. Buffers
   * elsewhere are copied.
   */
  readonly memories?: readonly SharedMemory[];
  /** What waits are made of where the engine cannot wait for a word. A seam for tests. */
  readonly clock?: Clock;
}

/** Says hello, and hears what the server is. */
function greet(port: MessagePort, memories: readonly SharedMemory[]): Promise<Greeting> {
  return new Promise((resolve, reject) => {
    if (typeof SharedArrayBuffer === "undefined") throw noSharedMemory();
    port.onmessage = ({ data: first }: MessageEvent<Greeting | Refusal>) => {
      if (!("error" in first)) return resolve(first);
      port.close();
      reject(unpackError(first.error));
    };
    port.onmessageerror = () => reject(noSharedMemory());
    const hello: Hello = { memories, wantsNudge: typeof Atomics.waitAsync !== "function" };
    try {
      port.postMessage(hello);
    } catch (error) {
      throw noSharedMemory(error);
    }
  });
}

/**
 * Uses a disk that another thread serves, in a thread that may block: an emulator's worker.
 *
 * Its asynchronous methods do not block, and several can be under way.
 *
 * @param port The other end of a port that was given to a server.
 * @param options Memories to work on in place, and how long to wait.
 * @returns The device. Closing it flushes the served device, and leaves it open.
 * @throws {BlockDeviceError} `ENOTSUP` where shared memory cannot be posted, or the thread must not
 * block.
 * @throws {RangeError} When `timeoutMs` or `silenceMs` is not above zero.
 *
 * @example A disk of arbitrary bytes, and its I/O worker
 * ```ts
 * import { asByteDisk, connectSyncDisk } from "cowdisk/sync-disk";
 * import { equal } from "node:assert/strict";
 *
 * const ioWorker = `
 *   import { createMemoryDevice } from "cowdisk";
 *   import { serveSyncDisk } from "cowdisk/sync-disk";
 *   const server = serveSyncDisk(createMemoryDevice({ sectorCount: 2048 }));
 *   self.onmessage = ({ data: port }) => server.connect(port);
 * `; // In a file of its own, of course: new Worker(new URL("./io.worker.ts", import.meta.url), …)
 * const url = `data:text/javascript,${encodeURIComponent(ioWorker)}`;
 * const worker = new Worker(url, { type: "module" });
 * const { port1, port2 } = new MessageChannel();
 * worker.postMessage(port1, [port1]);
 *
 * const heap = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
 * const disk = asByteDisk(await connectSyncDisk(port2, { memories: [heap] }), "Saved HD");
 * const bytes = new Uint8Array(heap.buffer, 4096, 1000);
 * equal(disk.write(bytes.fill(7), 12_345, 1000), 1000);
 * equal(disk.read(bytes.fill(0), 12_345, 1000), 1000); // It returns once they are read.
 * equal(bytes[999], 7);
 * worker.terminate();
 * ```
 */
export async function connectSyncDisk(
  port: MessagePort,
  options: SyncDiskOptions = {},
): Promise<SyncBlockDevice> {
  const { memories = [], clock = systemClock } = options;
  const greeting = await greet(port, memories);
  if (!canBlock()) {
    port.close();
    const why = "this thread must not block; want a worker, or connectSyncDiskAsync";
    throw new BlockDeviceError("ENOTSUP", `Cannot use "${greeting.name}" synchronously: ${why}`);
  }
  const client = new RingClient(port, greeting, true, options, clock);
  return synchronousDevice(client, greeting, memories);
}

/**
 * Uses a disk that another thread serves, in any thread; it never blocks.
 *
 * @param port The other end of a port that was given to a server.
 * @param options Memories to work on in place, and how long to wait.
 * @returns The device, with the asynchronous face. Closing it flushes the served device, and leaves
 * it open.
 * @throws {BlockDeviceError} `ENOTSUP` where shared memory cannot be posted.
 * @throws {RangeError} When `timeoutMs` or `silenceMs` is not above zero.
 *
 * @example A disk and its client; usually in two threads
 * ```ts
 * import { createMemoryDevice } from "cowdisk";
 * import { connectSyncDiskAsync, serveSyncDisk } from "cowdisk/sync-disk";
 * import { equal } from "node:assert/strict";
 *
 * const { port1, port2 } = new MessageChannel();
 * const server = serveSyncDisk(createMemoryDevice({ sectorCount: 8 })); // In the I/O worker.
 * server.connect(port1);
 *
 * const disk = await connectSyncDiskAsync(port2); // In the page.
 * await disk.write(new Uint8Array(512).fill(7), 3);
 * const sector = new Uint8Array(512);
 * await disk.read(sector, 3);
 * equal(sector[511], 7);
 * await disk.close();
 * await server.close();
 * ```
 */
export async function connectSyncDiskAsync(
  port: MessagePort,
  options: SyncDiskOptions = {},
): Promise<BlockDevice> {
  const { memories = [], clock = systemClock } = options;
  const greeting = await greet(port, memories);
  const client = new RingClient(port, greeting, false, options, clock);
  return asynchronousDevice(client, greeting, memories);
}

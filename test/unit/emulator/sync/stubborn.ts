/// <reference lib="dom" />
/** What a test has in hand of a disk that does nothing while its gate is shut. */
import type { SyncBlockDevice } from "../../../../src/mod.ts";
import { connectSyncDisk, type SyncDiskOptions } from "../../../../src/emulator/sync_disk.ts";
import { STUBBORN, type StubbornOrder } from "./stubborn.worker.ts";

/** An I/O worker with a gate, and clients of it in this thread. */
export class Stubborn {
  readonly clients: readonly SyncBlockDevice[];
  readonly board: SharedArrayBuffer;
  readonly #worker: Worker;
  readonly #words: Int32Array<SharedArrayBuffer>;

  private constructor(
    worker: Worker,
    words: Int32Array<SharedArrayBuffer>,
    board: SharedArrayBuffer,
    clients: readonly SyncBlockDevice[],
  ) {
    this.#worker = worker;
    this.#words = words;
    this.board = board;
    this.clients = clients;
  }

  /** Starts a worker, with a client for each of some options. */
  static async start(isSync: boolean, ...options: SyncDiskOptions[]): Promise<Stubborn> {
    const { worker, words, board, ports } = await startStubborn(isSync, options.length);
    const clients = await Promise.all(
      options.map((each, index) => connectSyncDisk(ports[index]!, each)),
    );
    return new Stubborn(worker, words, board, clients);
  }

  /** The first client. */
  get client(): SyncBlockDevice {
    return this.clients[0]!;
  }

  /** Requests that were begun. */
  get begun(): number {
    return Atomics.load(this.#words, STUBBORN.begun);
  }

  /** Writes that took effect. */
  get written(): number {
    return Atomics.load(this.#words, STUBBORN.written);
  }

  /** Waits until the device was asked for the first time. */
  async untilBegun(): Promise<void> {
    await untilBegun(this.#words);
  }

  /** Lets all requests through from now on. */
  openGate(): void {
    Atomics.store(this.#words, STUBBORN.gate, 1);
    Atomics.notify(this.#words, STUBBORN.gate);
  }

  /** Kills the worker. */
  kill(): void {
    this.#worker.terminate();
  }
}

/** Waits until the device was asked for the first time. */
export async function untilBegun(words: Int32Array<SharedArrayBuffer>): Promise<void> {
  await Atomics.waitAsync(words, STUBBORN.begun, 0).value;
}

/** Starts the worker alone, with ports for clients anywhere. */
export async function startStubborn(isSync: boolean, portCount: number) {
  const url = new URL("./stubborn.worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const words = new Int32Array(new SharedArrayBuffer(16));
  const channels = Array.from({ length: portCount }, () => new MessageChannel());
  const served = channels.map(({ port1 }) => port1);
  const board = await new Promise<SharedArrayBuffer>((resolve, reject) => {
    worker.onmessage = ({ data: said }) => resolve(said);
    worker.onerror = ({ message }) => reject(new Error(message));
    const order: StubbornOrder = { ports: served, words, isSync };
    worker.postMessage(order, served);
  });
  return { worker, words, board, ports: channels.map(({ port2 }) => port2) };
}

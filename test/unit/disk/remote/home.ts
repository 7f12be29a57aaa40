/// <reference lib="dom" />
/** A home of disks in this very thread: what is said goes through ports all the same. */
import { expect } from "vitest";
import type { AsyncDisk } from "../../../../src/disk/async_disk.ts";
import { serveDisks } from "../../../../src/disk/remote/disk_server.ts";
import {
  openDiskInWorker,
  type RemoteDiskOptions,
} from "../../../../src/disk/remote/remote_disk.ts";
import { memoryOrigin } from "../patterned_disk.ts";

/** What stands for the worker, and ends it. */
export interface Home extends Disposable {
  readonly worker: MessagePort;
}

/** Opens a home. */
export function openHome(): Home {
  const { port1: worker, port2: scope } = new MessageChannel();
  serveDisks(scope);
  return { worker, [Symbol.dispose]: () => worker.close() };
}

/** Opens a disk in a home of its own, which ends with it. */
export async function openRemote(options: Partial<RemoteDiskOptions> = {}): Promise<AsyncDisk> {
  const home = openHome();
  return await openDiskInWorker(home.worker, "test", {
    origin: memoryOrigin(),
    storage: "memory",
    ...options,
  });
}

/** Until somebody waits for the disk of a name, which another has open. */
export async function waitingFor(name: string): Promise<void> {
  const isWaitedFor = async () => {
    const { pending = [] } = await navigator.locks.query();
    return pending.some((lock) => lock.name?.includes(name));
  };
  await expect.poll(isWaitedFor, { timeout: 20_000 }).toBe(true);
}

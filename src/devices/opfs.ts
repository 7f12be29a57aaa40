/**
 * The OPFS device: a disk in a file of the origin private file system.
 *
 * The browser opens such a file for synchronous use only in a dedicated worker, so that is where the
 * device is made; it has both faces there. A page uses it through its worker:
 *
 *     page                                           worker
 *     openOpfsDeviceIn(worker, "disk.cow", options)  serveOpfs()
 *
 * The file is packed (`opfs/slot_format.ts`): a disk of a tebibyte takes what was written to it. It
 * is no image that other tools read; to get one, copy the device's sectors. Reads go straight into the
 * caller's buffer, shared memory included, where the browser lets them. Small writes that continue
 * each other are gathered, 256 KiB at most, and reach the file together, with the flush at the latest.
 *
 * Durability: `flush` is the file's own. Fails: over the quota writes are refused with `ENOSPC`, and
 * what has its place already can still be written. A file that is open elsewhere is `EBUSY`.
 *
 * @module
 */

import { checked } from "../block/checked.ts";
import { type Clock, systemClock } from "../block/clock.ts";
import type { BlockDevice, SyncBlockDevice } from "../block/device.ts";
import { BlockDeviceError, type ErrorCode } from "../block/errors.ts";
import { SECTORS_MAX } from "../block/units.ts";
import { type GrowableDevice, isDeviceSize } from "./growable.ts";
import { isUnmade } from "./opfs/slot_loader.ts";
import { formatSlotFile, SlotStorage } from "./opfs/slot_storage.ts";
import { opfsRefusal, type SyncFile, withSharedMemory } from "./opfs/sync_file.ts";
import { connectDevice } from "./port_device.ts";
import { packError } from "./port_protocol.ts";
import { serveDevice } from "./port_server.ts";
import type { WhenBusy } from "./web_lock.ts";

export type { WhenBusy } from "./web_lock.ts";

/** What {@linkcode openOpfsDevice} is told. */
export interface OpfsDeviceOptions {
  /** Makes the file, and the folders it is in; it must not be there yet. */
  readonly create?: {
    /** The size, in sectors. Costs nothing until written. */
    readonly sectorCount: number;
  };
  /** Whether it is only read. Then others may read it too, in browsers that know how. */
  readonly readOnly?: boolean;
  /**
   * Whether others that say so too may have it open at the same time, in browsers that know how. Who
   * of them writes, and when, is for them to settle.
   *
   * @default {false}
   */
  readonly isShared?: boolean;
  /**
   * What is done when someone else has it open.
   *
   * @default {"refuse"}
   */
  readonly whenBusy?: WhenBusy;
  /** Ends the wait, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** What the wait is made of: a browser does not tell when a file is free. A seam for tests. */
  readonly clock?: Clock;
}

/** Holds sectors in a file of the browser. */
export interface OpfsDevice extends SyncBlockDevice, GrowableDevice {
  /** Bytes of the file that hold something; what the quota is charged may be 1 MiB more. */
  readonly usedBytes: number;
}

/** Two handles of one file go together when both are `read-only`, or both `readwrite-unsafe`. */
type AccessMode = "readwrite" | "read-only" | "readwrite-unsafe";

/** The part of a file's handle that only workers have, and the type checker's pages have not. */
interface WorkerFileHandle {
  createSyncAccessHandle?(options: { mode: AccessMode }): Promise<SyncFile>;
}

/** Who waits asks again so often. */
const BUSY_RETRY_MS = 20;

function refuse(code: ErrorCode, path: string, why: string): BlockDeviceError {
  return new BlockDeviceError(code, `Cannot open "${path}": ${why}`, { device: path });
}

/** The folder that a path's last name is in. */
async function folderOf(
  path: string,
  create: boolean,
): Promise<{ folder: FileSystemDirectoryHandle; name: string }> {
  const names = path.split("/");
  const name = names.pop()!;
  let folder = await navigator.storage.getDirectory();
  for (const each of names) folder = await folder.getDirectoryHandle(each, { create });
  return { folder, name };
}

/** Opens the file; when someone else has it open, once it is free, if we wait. */
async function openFile(
  handle: WorkerFileHandle,
  path: string,
  { readOnly = false, isShared = false, whenBusy, signal, clock = systemClock }: OpfsDeviceOptions,
): Promise<SyncFile> {
  if (handle.createSyncAccessHandle === undefined) {
    throw refuse("ENOTSUP", path, "want a dedicated worker, or openOpfsDeviceIn");
  }
  const mode = isShared ? "readwrite-unsafe" : readOnly ? "read-only" : "readwrite";
  for (;;) {
    try {
      const file = await handle.createSyncAccessHandle({ mode });
      return withSharedMemory(file);
    } catch (error) {
      const isBusy = (error as Partial<Error>).name === "NoModificationAllowedError";
      if (!isBusy) throw error;
      if (whenBusy !== "wait") throw refuse("EBUSY", path, "it is open elsewhere");
    }
    await clock.sleep(BUSY_RETRY_MS);
    signal?.throwIfAborted();
  }
}

async function openStorage(
  path: string,
  options: OpfsDeviceOptions,
): Promise<SlotStorage> {
  const { create, readOnly = false } = options;
  const { folder, name } = await folderOf(path, create !== undefined);
  const handle = await folder.getFileHandle(name, { create: create !== undefined });
  const file = await openFile(handle as WorkerFileHandle, path, options);
  let isNew = false;
  try {
    if (create !== undefined) {
      // A page may have ended while it made one.
      if (!isUnmade(file)) throw refuse("EEXIST", path, "there is one already");
      isNew = true;
      formatSlotFile(file, create.sectorCount);
    }
    return new SlotStorage(path, file, !readOnly);
  } catch (error) {
    file.close();
    if (isNew) await folder.removeEntry(name).catch(() => {}); // The first failure is to be told.
    throw error;
  }
}

/**
 * Opens a disk in the origin private file system, or makes one. Only in a dedicated worker.
 *
 * It can grow while it is open, by `grow`; the size is durable with the next flush.
 *
 * @param path Where it is: names with `/` between.
 * @param options How it is opened.
 * @returns The device. Close it to flush it, and to let others have it.
 * @throws {RangeError} When `create.sectorCount` is no size.
 * @throws {TypeError} When it is to be created and only read.
 * @throws {BlockDeviceError} `ENOENT`, `EEXIST` (with `create`), `EBUSY` when it is open elsewhere,
 * `EINVAL` when it is no disk of ours, `EIO` when it is damaged, `ENOSPC`, `ENOTSUP` in a page. The
 * signal's reason when it ended the wait.
 */
export async function openOpfsDevice(
  path: string,
  options: OpfsDeviceOptions = {},
): Promise<OpfsDevice> {
  const { create, readOnly = false, signal } = options;
  if (create !== undefined && readOnly) throw new TypeError("Cannot create a file to only read it");
  if (create !== undefined && !isDeviceSize(create.sectorCount)) {
    throw new RangeError(
      `Cannot make a file for ${create.sectorCount} sectors: ` +
        `want a whole number from 0 to ${SECTORS_MAX}`,
    );
  }
  try {
    const storage = await openStorage(path, options);
    return Object.defineProperties(checked(storage), {
      usedBytes: { get: () => storage.usedBytes },
      grow: { value: (sectorCount: number) => storage.grow(sectorCount) },
    }) as OpfsDevice;
  } catch (error) {
    signal?.throwIfAborted();
    throw opfsRefusal(error, `Cannot open "${path}"`, { device: path });
  }
}

/**
 * Removes a disk with all that is in it. One that is not there is no mistake.
 *
 * @param path Where it is.
 * @throws {BlockDeviceError} `EBUSY` when someone has it open.
 */
export async function removeOpfsDevice(path: string): Promise<void> {
  try {
    const { folder, name } = await folderOf(path, false);
    await folder.removeEntry(name);
  } catch (error) {
    if ((error as Partial<Error>).name === "NotFoundError") return;
    throw opfsRefusal(error, `Cannot remove "${path}"`, { device: path });
  }
}

/** What {@linkcode openOpfsDeviceIn} is told: what can be sent to a worker. */
export type OpfsPortOptions = Omit<OpfsDeviceOptions, "signal" | "clock">;

/** What a page asks a worker for. */
interface OpfsWish {
  readonly cowdisk: "opfs";
  readonly path: string;
  readonly options: OpfsPortOptions;
  readonly port: MessagePort;
}

/**
 * Opens disks for pages: to be called once in a worker. Messages of others are left alone.
 *
 * @param scope Where messages come in. Left out: the worker's own.
 */
export function serveOpfs(
  scope: Pick<EventTarget, "addEventListener"> = globalThis as unknown as EventTarget,
): void {
  scope.addEventListener("message", async (event) => {
    const wish = (event as MessageEvent<Partial<OpfsWish> | null>).data;
    if (wish?.cowdisk !== "opfs") return;
    const { path, options, port } = wish as OpfsWish;
    try {
      serveDevice(await openOpfsDevice(path, options), port);
    } catch (error) {
      port.postMessage({ error: packError(error) });
    }
  });
}

/**
 * Opens a disk in a worker that calls {@linkcode serveOpfs}, for use in this thread.
 *
 * @param worker The worker. When it is terminated the disk is as after a crash.
 * @param path Where the disk is.
 * @param options As for {@linkcode openOpfsDevice}.
 * @returns The device, with the asynchronous face.
 * @throws {BlockDeviceError} As {@linkcode openOpfsDevice}.
 */
export function openOpfsDeviceIn(
  worker: Worker,
  path: string,
  options: OpfsPortOptions = {},
): Promise<BlockDevice> {
  const { port1, port2 } = new MessageChannel();
  const wish: OpfsWish = { cowdisk: "opfs", path, options, port: port2 };
  worker.postMessage(wish, [port2]);
  return connectDevice(port1);
}

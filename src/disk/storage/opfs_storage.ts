/**
 * A storage in the origin private file system: every device is a file `<disk>/<device>`.
 *
 * The browser opens such files only in a dedicated worker. A disk in that worker reads and writes with
 * both faces; a disk in a page lends the worker's files through ports, with the asynchronous face:
 *
 *     in the worker                          in the page
 *     openOpfsStorage("windows")             openOpfsStorage("windows", { worker })
 *                                            the worker has called serveOpfs()
 *
 * | file | is |
 * |---|---|
 * | `windows/manifest` | the manifest; the browser lets one have it open: a second writer gets `EBUSY` |
 * | `windows/layer-3` | the exceptions of a layer, packed; open to a writer and its readers together |
 * | what has another kind of name, folders | left alone |
 *
 * **Crash**: every sector is as it was flushed, or as it was written since. The browser lets go of the
 * files of a worker that was killed one after the other, so whoever has the manifest waits some seconds
 * for the others. **Over the quota** a write is `ENOSPC` and changes nothing.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Clock, systemClock } from "../../block/clock.ts";
import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import {
  openOpfsDevice,
  openOpfsDeviceIn,
  type OpfsPortOptions,
  removeOpfsDevice,
  type WhenBusy,
} from "../../devices/opfs.ts";
import { filesIn } from "../../devices/opfs/opfs_listing.ts";
import { createWebReaderDesk } from "../readers/web_reader_desk.ts";
import { AwaitedStorage, MANIFEST_DEVICE } from "./awaited_storage.ts";
import type { DiskStorage } from "./storage.ts";

export type { WhenBusy } from "../../devices/opfs.ts";
export type { DiskStorage } from "./storage.ts";

/** What {@linkcode openOpfsStorage} is told. */
export interface OpfsStorageOptions {
  /** Who opens the files: a dedicated worker that has called `serveOpfs`. Left out: this one. */
  readonly worker?: Worker;
  /**
   * What is done when another page or worker has the disk open.
   *
   * @default {"refuse"}
   */
  readonly whenBusy?: WhenBusy;
  /** Ends a wait, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** What waits are made of: a browser does not tell when a file is free. A seam for tests. */
  readonly clock?: Clock;
}

/** Who waits asks again so often. */
const BUSY_RETRY_MS = 20;

/** How often the files of a worker that has ended are asked for, before they count as somebody's. */
const LEFT_OPEN_TRIES = 250;

/** Says of a reader that was kept out why it was. */
function toldOfWriter(error: unknown): never {
  if (!(error instanceof BlockDeviceError) || error.code !== "EBUSY") throw error;
  const why =
    "this browser opens a file once at a time, so a disk cannot be looked at while it is " +
    "open elsewhere";
  throw new BlockDeviceError("EBUSY", `${error.message}; ${why}`, { cause: error });
}

/**
 * Opens a storage in the origin private file system. Nothing is made before a disk is opened on it.
 *
 * @param path The disk's folder: names with `/` between.
 * @param options How its files are opened.
 * @returns The storage. Close it when its disks are closed.
 */
export function openOpfsStorage(path: string, options: OpfsStorageOptions = {}): DiskStorage {
  const { worker, whenBusy = "refuse", signal, clock = systemClock } = options;
  const pathOf = (device: string) => `${path}/${device}`;

  /** Tries again while the file is open elsewhere. */
  async function patiently<Result>(device: string, work: () => Promise<Result>): Promise<Result> {
    const isManifest = device === MANIFEST_DEVICE;
    const tries = !isManifest ? LEFT_OPEN_TRIES : whenBusy === "wait" ? Infinity : 1;
    for (let count = 1;; count++) {
      signal?.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        const isBusy = error instanceof BlockDeviceError && error.code === "EBUSY";
        if (!isBusy || count >= tries) throw error;
      }
      await clock.sleep(BUSY_RETRY_MS);
    }
  }

  const open = (device: string, more: OpfsPortOptions = {}) => {
    // Readers may look at a layer beside its writer; the manifest is one's alone.
    const how = { ...more, isShared: device !== MANIFEST_DEVICE };
    return patiently<BlockDevice>(
      device,
      () =>
        worker === undefined
          ? openOpfsDevice(pathOf(device), how)
          : openOpfsDeviceIn(worker, pathOf(device), how),
    );
  };
  return new AwaitedStorage({
    name: path,
    readers: createWebReaderDesk(`opfs/${path}`, { whenBusy, signal, clock }),
    find: (device) => open(device),
    findToRead: (device) => open(device, { readOnly: true }).catch(toldOfWriter),
    make: (device, sectorCount) => open(device, { create: { sectorCount } }),
    remove: (device) => patiently(device, () => removeOpfsDevice(pathOf(device))),
    list: () => filesIn(path),
  });
}

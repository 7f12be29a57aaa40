/**
 * A storage in IndexedDB: every device is a database `<disk>/<device>`. For pages and workers.
 *
 * | database | is |
 * |---|---|
 * | `windows/manifest` | the manifest; a Web Lock stands for all of the disk: a second writer gets `EBUSY` |
 * | `windows/layer-3` | the exceptions of a layer |
 * | `windows/notes/2024`, `linux/manifest` | another's; left alone |
 *
 * **Crash**: every device is as it was at one of its flushes, whole. **Over the quota** a flush is
 * `ENOSPC`; what was written is kept in memory, and goes into the database with a later flush. So a
 * disk that cannot be flushed stays open when it is closed: see `Disk.close`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { openIdbDevice, removeIdbDevice, type WhenBusy } from "../../devices/idb.ts";
import { databasesIn } from "../../devices/idb/idb_listing.ts";
import { createWebReaderDesk } from "../readers/web_reader_desk.ts";
import { AwaitedStorage, MANIFEST_DEVICE } from "./awaited_storage.ts";
import type { DiskStorage } from "./storage.ts";

export type { WhenBusy } from "../../devices/idb.ts";
export type { DiskStorage } from "./storage.ts";

/** What {@linkcode openIndexedDbStorage} is told. */
export interface IndexedDbStorageOptions {
  /**
   * What is done when another page or worker has the disk open.
   *
   * @default {"refuse"}
   */
  readonly whenBusy?: WhenBusy;
  /** Ends a wait, with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * The most bytes that a layer keeps in memory, those not flushed yet included.
   *
   * @default {16777216}
   */
  readonly cacheBytes?: number;
}

/**
 * Opens a storage in IndexedDB. Nothing is made before a disk is opened on it.
 *
 * @param name The disk's name: what the databases' names begin with.
 * @param options How its devices are opened.
 * @returns The storage. Close it when its disks are closed.
 *
 * @example A disk that outlives its page
 * ```ts
 * import "fake-indexeddb/auto"; // Only where there is no browser.
 * import { Disk } from "cowdisk";
 * import { openIndexedDbStorage } from "cowdisk/idb-storage";
 * import { deepEqual } from "node:assert/strict";
 *
 * await using storage = openIndexedDbStorage("windows");
 * const disk = await Disk.open("windows", { origin: 2 ** 21, storage });
 * await disk.snapshot("installed");
 * await disk.close();
 *
 * await using again = await Disk.open("windows", { origin: 2 ** 21, storage });
 * deepEqual(again.snapshots, [{ name: "installed", parent: null }]);
 * ```
 */
export function openIndexedDbStorage(
  name: string,
  options: IndexedDbStorageOptions = {},
): DiskStorage {
  const { whenBusy = "refuse" } = options;
  const rest = {
    ...options.signal === undefined ? {} : { signal: options.signal },
    ...options.cacheBytes === undefined ? {} : { cacheBytes: options.cacheBytes },
  };
  const optionsFor = (device: string) => ({ ...rest, whenBusy, lock: device === MANIFEST_DEVICE });
  const nameOf = (device: string) => `${name}/${device}`;
  return new AwaitedStorage({
    name,
    readers: createWebReaderDesk(`idb/${name}`, { whenBusy, signal: options.signal }),
    findToRead: (device) => openIdbDevice(nameOf(device), { ...rest, readOnly: true }),
    find: (device) => openIdbDevice(nameOf(device), optionsFor(device)),
    make: (device, sectorCount) =>
      openIdbDevice(nameOf(device), { ...optionsFor(device), create: { sectorCount } }),
    remove: (device) => removeIdbDevice(nameOf(device)),
    list: () => databasesIn(name),
  });
}

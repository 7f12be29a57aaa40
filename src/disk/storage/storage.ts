/**
 * A storage: where a disk keeps its manifest and its layers, each a block device with a name.
 *
 * What a storage must do is small, so that all rules stay with the disk:
 *
 * - `open` of a device that does not exist makes it, all zeroes. That it exists is durable when it is
 *   open. Devices are sparse: what was never written costs nothing.
 * - A device is open once at a time; a second opening fails with `EBUSY`, also one by another storage
 *   for the same place. For `manifest`, which a disk opens first and shuts last, that must hold between
 *   processes and pages: so one disk at a time has a storage.
 * - `remove` is about devices that are not open. Removing need not be durable.
 * - A storage outlives the disks that use it: whoever made it closes it.
 *
 * Who only looks at a disk (`readOnly`) needs nothing of this but `open`, and keeps writers out as a
 * writer does. A storage may do better:
 *
 * | it has | then |
 * |---|---|
 * | `openToRead` | a device that is there is opened so that it cannot be written |
 * | `readers` as well | readers and a writer are open together: see `readers/reader_desk.ts` |
 *
 * Storages: memory; a directory; IndexedDB; the origin private file system.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice, SyncBlockDevice } from "../../block/device.ts";
import type { ReaderDesk } from "../readers/reader_desk.ts";

/** How much room there is, as far as it is known. */
export interface StorageEstimateBytes {
  /** What is used. */
  readonly usageBytes: number | null;
  /** What may be used. */
  readonly quotaBytes: number | null;
}

/** Keeps the devices of one disk. */
export interface DiskStorage extends AsyncDisposable {
  /** A name for people. */
  readonly name: string;
  /** Where readers and the writer of its disk meet. Left out: they keep each other out. */
  readonly readers?: ReaderDesk | undefined;
  /**
   * Opens a device that is there, only to be read.
   *
   * @param device Its name.
   * @throws {BlockDeviceError} `ENOENT` when it is not there.
   */
  openToRead?(device: string): Promise<BlockDevice>;
  /**
   * Opens a device, making it if need be.
   *
   * @param device The device's name: lower-case letters, digits and `-`.
   * @param sectorCount Its size, if it has to be made.
   */
  open(device: string, sectorCount: number): Promise<BlockDevice>;
  /**
   * Ends use of a device; what it holds stays.
   *
   * @param device Its name.
   */
  shut(device: string): Promise<void>;
  /**
   * Removes a device, if it is there.
   *
   * @param device Its name.
   */
  remove(device: string): Promise<void>;
  /** The names of all devices there are, open or not. */
  list(): Promise<string[]>;
  /** How much room there is in all. Left out: not known. */
  estimate?(): Promise<StorageEstimateBytes>;
  /** Ends use of the storage, and of devices that are still open. */
  close(): Promise<void>;
}

/** A storage that is never waited for. */
export interface SyncDiskStorage extends DiskStorage {
  /** As {@linkcode DiskStorage.open}. */
  openSync(device: string, sectorCount: number): SyncBlockDevice;
  /** As {@linkcode DiskStorage.shut}. */
  shutSync(device: string): void;
  /** As {@linkcode DiskStorage.remove}. */
  removeSync(device: string): void;
}

/**
 * Whether a storage is never waited for.
 *
 * @param storage Any storage.
 */
export function isSyncStorage(storage: DiskStorage): storage is SyncDiskStorage {
  return "openSync" in storage;
}

/**
 * A storage in a directory: every device is a file `<name>.cow`, as large as its device and sparse.
 *
 * Needs `node:fs`, which Deno, Node and Bun have. It is never waited for.
 *
 * | file | is |
 * |---|---|
 * | `manifest.cow` | the manifest; locked while a disk is open: a second one gets `EBUSY`, unless both only read |
 * | `layer-3.cow` | a COW image as Linux writes it |
 * | anything else | left alone |
 *
 * **Crash**: a file is made empty, made durable in its directory and then given its size. One that is
 * found empty was being made, and is given its size. So a device that a manifest names is there.
 *
 * @module
 */

import * as fs from "node:fs";
import { join } from "node:path";
import type { SyncBlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { attempt } from "../../block/promises.ts";
import { type FileDevice, openFileDevice } from "../../devices/file.ts";
import { nodeFileIo, refusalOf, systemCodeOf } from "../../devices/file_io.ts";
import type { SyncDiskStorage } from "./storage.ts";

const SUFFIX = ".cow";
/** The one device whose lock stands for all: two files less to hold open for every layer. */
const LOCKED = "manifest";

class DirectoryStorage implements SyncDiskStorage {
  readonly name: string;
  readonly #open = new Map<string, FileDevice>();
  #isClosed = false;

  constructor(path: string) {
    this.name = path;
    this.#refusing(`Cannot make the directory "${path}"`, () => {
      if (fs.mkdirSync(path, { recursive: true }) !== undefined) nodeFileIo.syncName(path);
    });
  }

  openSync(device: string, sectorCount: number): SyncBlockDevice {
    const path = this.#pathOf(device);
    const what = `Cannot open "${path}"`;
    if (this.#isClosed) throw new BlockDeviceError("ESHUTDOWN", `${what}: its storage is closed`);
    if (this.#open.has(device)) throw new BlockDeviceError("EBUSY", `${what}: it is open`);
    this.#refusing(what, () => this.#make(path));
    const file = openFileDevice(path, { name: device, lock: device === LOCKED });
    try {
      if (file.sectorCount === 0) {
        file.grow(sectorCount);
        file.flushSync();
      }
    } catch (error) {
      file.closeSync();
      throw error;
    }
    this.#open.set(device, file);
    return file;
  }

  openToRead(device: string): Promise<SyncBlockDevice> {
    return attempt(() => {
      const path = this.#pathOf(device);
      const what = `Cannot open "${path}"`;
      if (this.#isClosed) throw new BlockDeviceError("ESHUTDOWN", `${what}: its storage is closed`);
      if (this.#open.has(device)) throw new BlockDeviceError("EBUSY", `${what}: it is open`);
      const lock = device === LOCKED;
      const file = openFileDevice(path, { name: device, lock, readOnly: true });
      this.#open.set(device, file);
      return file;
    });
  }

  shutSync(device: string): void {
    const file = this.#open.get(device);
    this.#open.delete(device);
    file?.closeSync();
  }

  removeSync(device: string): void {
    const path = this.#pathOf(device);
    const what = `Cannot remove "${path}"`;
    if (this.#open.has(device)) throw new BlockDeviceError("EBUSY", `${what}: it is open`);
    // A name that comes back after a loss of power is of no harm: no manifest has it.
    this.#refusing(what, () => fs.rmSync(path, { force: true }));
  }

  open(device: string, sectorCount: number): Promise<SyncBlockDevice> {
    return attempt(() => this.openSync(device, sectorCount));
  }

  shut(device: string): Promise<void> {
    return attempt(() => this.shutSync(device));
  }

  remove(device: string): Promise<void> {
    return attempt(() => this.removeSync(device));
  }

  list(): Promise<string[]> {
    return attempt(() =>
      this.#refusing(`Cannot list "${this.name}"`, () => fs.readdirSync(this.name))
        .filter((file) => file.endsWith(SUFFIX))
        .map((file) => file.slice(0, -SUFFIX.length))
    );
  }

  close(): Promise<void> {
    return attempt(() => {
      this.#isClosed = true;
      for (const device of [...this.#open.keys()]) this.shutSync(device);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #pathOf(device: string): string {
    if (/^[a-z0-9-]{1,64}$/.test(device)) return join(this.name, device + SUFFIX);
    throw new BlockDeviceError(
      "EINVAL",
      `Cannot keep a device "${device}" in "${this.name}": want lower-case letters, digits and "-"`,
    );
  }

  /** Makes an empty file durable in its directory, if there is none. */
  #make(path: string): void {
    try {
      fs.closeSync(fs.openSync(path, "wx"));
    } catch (error) {
      if (systemCodeOf(error) === "EEXIST" || fs.existsSync(path)) return;
      throw error;
    }
    nodeFileIo.syncName(path);
  }

  #refusing<Result>(what: string, work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw refusalOf(error, what, { device: this.name });
    }
  }
}

/**
 * Opens a storage in a directory, which is made if need be.
 *
 * @param path The directory.
 * @returns The storage. Close it when its disks are closed.
 * @throws {BlockDeviceError} `EPERM`, `ENOENT`, `ENOSPC` when it cannot be made.
 *
 * @example A disk that outlives its process
 * ```ts
 * import { Disk } from "cowdisk";
 * import { openDirectoryStorage } from "cowdisk/directory";
 * import { deepEqual } from "node:assert/strict";
 * import { mkdtempSync, rmSync } from "node:fs";
 *
 * const directory = mkdtempSync("cowdisk-example-");
 * try {
 *   await using storage = openDirectoryStorage(directory);
 *   const disk = await Disk.open("windows", { origin: 2 ** 21, storage });
 *   await disk.snapshot("installed");
 *   await disk.close();
 *
 *   await using again = await Disk.open("windows", { origin: 2 ** 21, storage });
 *   deepEqual(again.snapshots, [{ name: "installed", parent: null }]);
 * } finally {
 *   rmSync(directory, { recursive: true });
 * }
 * ```
 */
export function openDirectoryStorage(path: string): SyncDiskStorage {
  return new DirectoryStorage(path);
}

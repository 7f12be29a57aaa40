/**
 * A storage in memory: for disks that are gone with the page, and for tests.
 *
 * What a disk leaves behind stays until the storage itself is closed; so a disk can be closed and
 * opened again on the same storage. One storage is for one disk at a time.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { SyncBlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { attempt } from "../../block/promises.ts";
import { createMemoryDevice, type MemoryDevice } from "../../devices/mod.ts";
import type { SyncDiskStorage } from "./storage.ts";

class MemoryDiskStorage implements SyncDiskStorage {
  readonly name = "memory";
  readonly #devices = new Map<string, MemoryDevice>();
  readonly #open = new Set<string>();
  #isClosed = false;

  openSync(device: string, sectorCount: number): SyncBlockDevice {
    if (this.#isClosed) {
      throw new BlockDeviceError("ESHUTDOWN", `Cannot open "${device}": its storage is closed`);
    }
    if (this.#open.has(device)) {
      throw new BlockDeviceError("EBUSY", `Cannot open "${device}": it is open elsewhere`);
    }
    let memory = this.#devices.get(device);
    if (memory === undefined) {
      memory = createMemoryDevice({ name: device, sectorCount });
      this.#devices.set(device, memory);
    }
    this.#open.add(device);
    return memory;
  }

  shutSync(device: string): void {
    this.#open.delete(device);
  }

  removeSync(device: string): void {
    if (this.#open.has(device)) {
      throw new BlockDeviceError("EBUSY", `Cannot remove "${device}": it is open`);
    }
    this.#devices.get(device)?.closeSync();
    this.#devices.delete(device);
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
    return Promise.resolve([...this.#devices.keys()]);
  }

  close(): Promise<void> {
    return attempt(() => {
      this.#isClosed = true;
      this.#open.clear();
      for (const device of [...this.#devices.keys()]) this.removeSync(device);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Makes a storage in memory.
 *
 * @returns The storage, with nothing in it. Close it to give its memory back.
 *
 * @example A disk that is closed and opened again
 * ```ts
 * import { createMemoryStorage, Disk } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * await using storage = createMemoryStorage();
 * const first = await Disk.open("scratch", { origin: 2048, storage });
 * await first.device.write(new Uint8Array(512).fill(7), 2047);
 * await first.close();
 *
 * await using second = await Disk.open("scratch", { origin: 2048, storage });
 * const sector = new Uint8Array(512);
 * await second.device.read(sector, 2047);
 * equal(sector[0], 7);
 * ```
 */
export function createMemoryStorage(): SyncDiskStorage {
  return new MemoryDiskStorage();
}

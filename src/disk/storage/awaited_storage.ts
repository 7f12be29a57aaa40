/**
 * A storage whose devices are waited for: which of them are open, and the order of what is done to one.
 *
 * What differs between the browser's homes for devices is a {@linkcode DeviceHome}. The rules that they
 * have in common are here:
 *
 * | asked for | is done |
 * |---|---|
 * | `open` | found; made when it is not there; found when somebody else was quicker to make it |
 * | `openToRead` | found, and opened only to be read |
 * | `open` of what is open, or about to be | `EBUSY` |
 * | `shut` | the device is closed, and can be opened again after |
 * | `close` | all that is open is shut, also what was being opened; the first failure is told |
 *
 * **Failure**: a device that cannot be flushed when it is shut is closed all the same, and what was not
 * flushed is gone; a disk flushes before it shuts.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError, type ErrorCode } from "../../block/errors.ts";
import type { ReaderDesk } from "../readers/reader_desk.ts";
import type { DiskStorage, StorageEstimateBytes } from "./storage.ts";

/** Where devices live, each under a name of its own. */
export interface DeviceHome {
  /** A name for people. */
  readonly name: string;
  /** Where readers and the writer meet. */
  readonly readers?: ReaderDesk | undefined;
  /** Opens a device that is there; `ENOENT` when it is not. */
  find(device: string): Promise<BlockDevice>;
  /** As {@linkcode find}, only to read it. */
  findToRead(device: string): Promise<BlockDevice>;
  /** Makes a device and opens it; `EEXIST` when it is there. */
  make(device: string, sectorCount: number): Promise<BlockDevice>;
  /** Removes a device, if it is there. */
  remove(device: string): Promise<void>;
  /** All names there are, also those that are no device's. */
  list(): Promise<string[]>;
}

/** The device that others are kept out by: whoever has it has the disk. */
export const MANIFEST_DEVICE = "manifest";

const DEVICE = /^[a-z0-9-]{1,64}$/;

function hasCode(error: unknown, ...codes: ErrorCode[]): boolean {
  return error instanceof BlockDeviceError && codes.includes(error.code);
}

/** See the file's head. */
export class AwaitedStorage implements DiskStorage {
  readonly #home: DeviceHome;
  /** What is open, and what is being opened, shut or removed. */
  readonly #open = new Map<string, Promise<BlockDevice>>();
  #isClosed = false;

  /**
   * A storage, of which nothing is open.
   *
   * @param home Where its devices live.
   */
  constructor(home: DeviceHome) {
    this.#home = home;
  }

  get name(): string {
    return this.#home.name;
  }

  get readers(): ReaderDesk | undefined {
    return this.#home.readers;
  }

  open(device: string, sectorCount: number): Promise<BlockDevice> {
    return this.#begin(device, () => this.#findOrMake(device, sectorCount));
  }

  openToRead(device: string): Promise<BlockDevice> {
    return this.#begin(device, () => this.#home.findToRead(device));
  }

  async #begin(device: string, open: () => Promise<BlockDevice>): Promise<BlockDevice> {
    this.#take(device, "open");
    const opening = open();
    this.#open.set(device, opening);
    try {
      return await opening;
    } catch (error) {
      this.#open.delete(device);
      throw error;
    }
  }

  async shut(device: string): Promise<void> {
    const opening = this.#open.get(device);
    if (opening === undefined) return;
    try {
      const opened = await opening.catch(() => null); // Whoever opened it was told.
      await opened?.close();
    } finally {
      if (this.#open.get(device) === opening) this.#open.delete(device);
    }
  }

  async remove(device: string): Promise<void> {
    this.#take(device, "remove");
    await this.#home.remove(device);
  }

  async list(): Promise<string[]> {
    const names = await this.#home.list();
    return names.filter((name) => DEVICE.test(name));
  }

  /** What the browser says of all that is kept for this origin. */
  async estimate(): Promise<StorageEstimateBytes> {
    const storage = (globalThis.navigator as Navigator | undefined)?.storage;
    const { usage = null, quota = null } = await storage?.estimate?.() ?? {};
    return { usageBytes: usage, quotaBytes: quota };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const endings = await Promise.allSettled([...this.#open.keys()].map((each) => this.shut(each)));
    for (const ending of endings) if (ending.status === "rejected") throw ending.reason;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Refuses what cannot be done to a device now. */
  #take(device: string, verb: string): void {
    const what = `Cannot ${verb} "${device}" in "${this.name}"`;
    if (!DEVICE.test(device)) {
      throw new BlockDeviceError("EINVAL", `${what}: want lower-case letters, digits and "-"`);
    }
    if (this.#isClosed) throw new BlockDeviceError("ESHUTDOWN", `${what}: the storage is closed`);
    if (this.#open.has(device)) throw new BlockDeviceError("EBUSY", `${what}: it is open`);
  }

  async #findOrMake(device: string, sectorCount: number): Promise<BlockDevice> {
    try {
      return await this.#home.find(device);
    } catch (error) {
      // What is there and is no device may be one whose making was cut off: `make` knows.
      if (!hasCode(error, "ENOENT", "EINVAL")) throw error;
    }
    try {
      return await this.#home.make(device, sectorCount);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    return await this.#home.find(device);
  }
}

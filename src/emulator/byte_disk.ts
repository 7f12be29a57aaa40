/**
 * The byte disk: a device read and written at any byte, in the shape that emulators such as Infinite
 * Mac give their disks.
 *
 * What is not a request of whole blocks is made one, as `block/byte_access.ts` says. Past the end a
 * request is cut: what is returned says how many bytes were moved.
 *
 * A write of a part of a block is a read and a write: two byte disks on one device may lose each
 * other's bytes within one block, as two machines on one disk would. Nothing is read as zeroes.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { planReadBytes, planWriteBytes } from "../block/byte_access.ts";
import type { SyncBlockDevice } from "../block/device.ts";
import { runSync } from "../block/plan.ts";
import { SECTOR_BYTES } from "../block/units.ts";

/** A disk of bytes. */
export interface ByteDisk {
  /** A name by which an emulator opens it. */
  readonly name: string;
  /** The size, in bytes. */
  readonly size: number;
  /**
   * Reads bytes.
   *
   * @param buffer Where they are put, from its beginning.
   * @param offset The first byte on the disk.
   * @param length How many.
   * @returns How many were read: fewer than `length` only at the end of the disk.
   */
  read(buffer: Uint8Array, offset: number, length: number): number;
  /**
   * Writes bytes.
   *
   * @param buffer What is written, from its beginning.
   * @param offset The first byte on the disk.
   * @param length How many.
   * @returns How many were written: fewer than `length` only at the end of the disk.
   */
  write(buffer: Uint8Array, offset: number, length: number): number;
}

class DeviceBytes implements ByteDisk {
  readonly name: string;
  readonly #device: SyncBlockDevice;

  constructor(device: SyncBlockDevice, name: string) {
    this.name = name;
    this.#device = device;
  }

  get size(): number {
    return this.#device.sectorCount * SECTOR_BYTES;
  }

  read(buffer: Uint8Array, offset: number, length: number): number {
    const bytes = this.#within(buffer, offset, length);
    if (bytes.length > 0) runSync(planReadBytes(this.#device, bytes, offset));
    return bytes.length;
  }

  write(buffer: Uint8Array, offset: number, length: number): number {
    const bytes = this.#within(buffer, offset, length);
    if (bytes.length > 0) runSync(planWriteBytes(this.#device, bytes, offset));
    return bytes.length;
  }

  /** The part of a buffer for which there is a place on the disk. */
  #within(buffer: Uint8Array, offset: number, length: number): Uint8Array {
    this.#check(buffer, offset, length);
    return buffer.subarray(0, Math.max(0, Math.min(length, this.size - offset)));
  }

  #check(buffer: Uint8Array, offset: number, length: number): void {
    const isRequest = Number.isSafeInteger(offset) && Number.isSafeInteger(length) &&
      offset >= 0 && length >= 0 && length <= buffer.length;
    if (isRequest) return;
    throw new RangeError(
      `Cannot move ${length} bytes at byte ${offset} of "${this.name}" with a buffer of ` +
        `${buffer.length}: want whole numbers, and a buffer as long`,
    );
  }
}

/**
 * Sees a device as a disk of bytes.
 *
 * @param device Any synchronous device: in an emulator's worker, what `connectSyncDisk` returned.
 * @param name The name by which an emulator opens it. Left out: the device's.
 * @returns The disk. Closing and flushing stay the device's.
 *
 * @example Three bytes across the border of two sectors
 * ```ts
 * import { createMemoryDevice } from "cowdisk";
 * import { asByteDisk } from "cowdisk/sync-disk";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const disk = asByteDisk(createMemoryDevice({ sectorCount: 2 }), "Saved HD");
 * equal(disk.write(Uint8Array.of(1, 2, 3), 511, 3), 3);
 * const bytes = new Uint8Array(5);
 * equal(disk.read(bytes, 510, 5), 5);
 * deepEqual(bytes, Uint8Array.of(0, 1, 2, 3, 0));
 * equal(disk.read(bytes, 1022, 5), 2);
 * ```
 */
export function asByteDisk(device: SyncBlockDevice, name: string = device.name): ByteDisk {
  return new DeviceBytes(device, name);
}

/**
 * The byte disk: a device read and written at any byte, in the shape that emulators such as Infinite
 * Mac give their disks.
 *
 * | a request              | is                                                                     |
 * | ---------------------- | ---------------------------------------------------------------------- |
 * | of whole blocks        | passed on, in the caller's buffer                                      |
 * | of a part of a block   | a read of the block, and for a write the same block written back       |
 * | both                   | its first part, its blocks, its last part, in this order               |
 * | past the end           | cut there: what is returned says how many bytes were moved             |
 *
 * A block is the device's logical block. A write of a part is a read and a write: two byte disks on
 * one device may lose each other's bytes within one block, as two machines on one disk would. When a
 * request fails part of it may have been done; nothing is read as zeroes.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { SyncBlockDevice } from "../block/device.ts";
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

/** Moves whole blocks between a buffer and the device. */
type Move = (bytes: Uint8Array, sector: number) => void;

class DeviceBytes implements ByteDisk {
  readonly name: string;
  readonly #device: SyncBlockDevice;
  readonly #block: Uint8Array<ArrayBuffer>;
  readonly #readBlocks: Move;
  readonly #writeBlocks: Move;

  constructor(device: SyncBlockDevice, name: string) {
    this.name = name;
    this.#device = device;
    this.#block = new Uint8Array(device.limits.logicalSectors * SECTOR_BYTES);
    this.#readBlocks = (bytes, sector) => device.readSync(bytes, sector);
    this.#writeBlocks = (bytes, sector) => device.writeSync(bytes, sector);
  }

  get size(): number {
    return this.#device.sectorCount * SECTOR_BYTES;
  }

  read(buffer: Uint8Array, offset: number, length: number): number {
    return this.#each(buffer, offset, length, this.#readBlocks, this.#readPart);
  }

  write(buffer: Uint8Array, offset: number, length: number): number {
    return this.#each(buffer, offset, length, this.#writeBlocks, this.#writePart);
  }

  readonly #readPart = (bytes: Uint8Array, sector: number, from: number) => {
    this.#device.readSync(this.#block, sector);
    bytes.set(this.#block.subarray(from, from + bytes.length));
  };

  readonly #writePart = (bytes: Uint8Array, sector: number, from: number) => {
    this.#device.readSync(this.#block, sector);
    this.#block.set(bytes, from);
    this.#device.writeSync(this.#block, sector);
  };

  #each(
    buffer: Uint8Array,
    offset: number,
    length: number,
    moveBlocks: Move,
    movePart: (bytes: Uint8Array, sector: number, from: number) => void,
  ): number {
    this.#check(buffer, offset, length);
    const byteCount = Math.max(0, Math.min(length, this.size - offset));
    const blockBytes = this.#block.length;
    for (let done = 0; done < byteCount;) {
      const at = offset + done;
      const from = at % blockBytes;
      const left = byteCount - done;
      const isPart = from > 0 || left < blockBytes;
      const count = isPart ? Math.min(left, blockBytes - from) : left - left % blockBytes;
      const bytes = buffer.subarray(done, done + count);
      const sector = (at - from) / SECTOR_BYTES;
      if (isPart) movePart(bytes, sector, from);
      else moveBlocks(bytes, sector);
      done += count;
    }
    return byteCount;
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

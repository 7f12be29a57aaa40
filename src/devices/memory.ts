/**
 * The memory device: a disk in shared kernel memory.
 *
 * It is sparse (`sparse_memory.ts`): unwritten sectors read as zeroes and cost nothing, zeroes and
 * discards give memory back in frames of 64 KiB.
 *
 * Invariant: beyond the device's end everything is a hole or zero, so growth shows nothing old.
 *
 * Fails: a write for which no memory is left fails with `ENOMEM` and changes nothing. What is held
 * stays until `close`: a device that is dropped without it keeps its frames from the others of its
 * pool. Nothing outlives the page or the process, and flush has nothing to do.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { checked, type SyncImplementation } from "../block/checked.ts";
import type { DeviceSupports, KernelMemoryDevice } from "../block/device.ts";
import { divCeil, SECTOR_BYTES, SECTORS_MAX } from "../block/units.ts";
import type { Arena } from "../kernel/arena.ts";
import { FRAME_SECTORS, FramePool, sharedFramePool } from "./frame_pool.ts";
import { checkGrowth, type GrowableDevice, isDeviceSize } from "./growable.ts";
import { SparseMemory } from "./sparse_memory.ts";

/** What {@linkcode createMemoryDevice} is told. */
export interface MemoryDeviceOptions {
  /** The size, in sectors: 0 to {@linkcode SECTORS_MAX}. Costs nothing until written. */
  readonly sectorCount: number;
  /**
   * A name for messages.
   *
   * @default {"memory"}
   */
  readonly name?: string;
  /** Where frames come from. Left out: the pool that all such devices share. */
  readonly pool?: FramePool;
  /** Instead of a pool: the one arena where frames come from. */
  readonly arena?: Arena;
  /** Bytes of the first sectors, copied. No more than the device holds. */
  readonly content?: Uint8Array;
  /** Whether writes are refused with `EROFS`. */
  readonly readOnly?: boolean;
}

/** Holds sectors in memory. */
export interface MemoryDevice extends KernelMemoryDevice, GrowableDevice {
  /** Bytes of memory held, in whole frames of 64 KiB. */
  readonly usedBytes: number;
}

class MemoryStorage implements SyncImplementation {
  readonly name: string;
  readonly limits = { logicalSectors: 1, preferredSectors: FRAME_SECTORS };
  readonly supports: Omit<DeviceSupports, "sync">;
  sectorCount: number;
  readonly #memory: SparseMemory;
  #isClosed = false;

  constructor(options: MemoryDeviceOptions) {
    this.name = options.name ?? "memory";
    this.sectorCount = options.sectorCount;
    const write = !(options.readOnly ?? false);
    this.supports = { write, discard: write, discardZeroes: write, permanence: false };
    const { arena, pool = arena === undefined ? sharedFramePool() : FramePool.over(arena) } =
      options;
    this.#memory = new SparseMemory(this.name, pool);
  }

  get usedBytes(): number {
    return this.#memory.usedBytes;
  }

  readSync(target: Uint8Array, sector: number): void {
    this.#memory.read(target, sector);
  }

  writeSync(source: Uint8Array, sector: number): void {
    this.#memory.write(source, sector);
  }

  writeZeroesSync(sector: number, sectorCount: number): void {
    const endSector = sector + sectorCount;
    // The device may end inside its last frame: zeroes up to there are zeroes of all of it.
    const isToTheEnd = endSector === this.sectorCount && sectorCount > 0;
    this.#memory.zero(
      sector,
      isToTheEnd ? divCeil(endSector, FRAME_SECTORS) * FRAME_SECTORS : endSector,
    );
  }

  discardSync(sector: number, sectorCount: number): void {
    this.writeZeroesSync(sector, sectorCount);
  }

  copySectorsSync(
    sector: number,
    target: SyncImplementation,
    targetSector: number,
    sectorCount: number,
  ): boolean {
    if (!(target instanceof MemoryStorage)) return false;
    this.#memory.copyTo(sector, target.#memory, targetSector, sectorCount);
    return true;
  }

  flushSync(): void {}

  closeSync(): void {
    this.#isClosed = true;
    this.#memory.clear();
  }

  grow(sectorCount: number): void {
    checkGrowth(this, this.#isClosed, sectorCount);
    this.sectorCount = sectorCount;
  }
}

/**
 * Makes a device that holds its sectors in memory.
 *
 * It is sparse: unwritten sectors read as zeroes and cost nothing, and what is discarded is given
 * back in frames of 64 KiB. All memory devices share one pool of kernel memory unless told
 * otherwise, so that chunks are copied between them without leaving the kernel.
 *
 * @param options Its size, and where its memory comes from.
 * @returns The device, all zeroes (behind `content`, if given). Close it to give its memory back.
 * @throws {RangeError} When `sectorCount` is no size, or `content` does not fit.
 * @throws {BlockDeviceError} `ENOMEM` when there is no memory for `content`.
 *
 * @example A sparse disk of a tebibyte
 * ```ts
 * import { createMemoryDevice } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * const disk = createMemoryDevice({ sectorCount: 2 ** 31 });
 * disk.writeSync(new Uint8Array(512).fill(7), 2 ** 31 - 1);
 * equal(disk.usedBytes, 65536);
 * disk.discardSync(0, 2 ** 31);
 * equal(disk.usedBytes, 0);
 * disk.closeSync();
 * ```
 */
export function createMemoryDevice(options: MemoryDeviceOptions): MemoryDevice {
  const { sectorCount, content } = options;
  if (!isDeviceSize(sectorCount)) {
    throw new RangeError(
      `Cannot make a device of ${sectorCount} sectors: want a whole number from 0 to ${SECTORS_MAX}`,
    );
  }
  const storage = new MemoryStorage(options);
  if (content !== undefined) {
    if (content.length % SECTOR_BYTES !== 0 || content.length > sectorCount * SECTOR_BYTES) {
      throw new RangeError(
        `Cannot fill a device of ${sectorCount} sectors with ${content.length} bytes: ` +
          `want whole sectors, no more than it has`,
      );
    }
    storage.writeSync(content, 0);
  }
  return Object.defineProperties(checked(storage), {
    grow: { value: (sectors: number) => storage.grow(sectors) },
    usedBytes: { get: () => storage.usedBytes },
  }) as MemoryDevice;
}

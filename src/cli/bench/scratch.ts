/**
 * A stack to be measured: a disk, a snapshot of it, and a bare device like the disk, in memory or in
 * files of a new folder. What is there already is never opened, so nothing can be lost.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { SyncBlockDevice } from "../../block/device.ts";
import { sectorsToBytes } from "../../block/units.ts";
import { openFileDevice } from "../../devices/file.ts";
import { createMemoryDevice } from "../../devices/memory.ts";
import type { MappedDevice } from "../../mapper/mapped_device.ts";
import { openOrigin, openSnapshotSync } from "../../mapper/stack.ts";
import { fittingSectors } from "../cow_image.ts";

/** What is made. */
export interface ScratchOptions {
  /** Sectors of the disk. */
  readonly sectorCount: number;
  /** Sectors in a chunk. */
  readonly chunkSectors: number;
  /** A folder in which files are made; left out: memory. */
  readonly directory?: string;
}

/** Data is written in pieces of this many sectors. */
const FILL_SECTORS = 2048;

/** Bytes none of which is zero: a block of zeroes could be kept for less. */
export function benchBytes(sectorCount: number): Uint8Array {
  return new Uint8Array(sectorsToBytes(sectorCount)).map((_, index) => (index * 31 & 0xff) | 1);
}

function fill(device: SyncBlockDevice): void {
  const piece = benchBytes(Math.min(FILL_SECTORS, device.sectorCount));
  const pieceSectors = Math.min(FILL_SECTORS, device.sectorCount);
  for (let sector = 0; sector < device.sectorCount; sector += pieceSectors) {
    const sectorCount = Math.min(pieceSectors, device.sectorCount - sector);
    device.writeSync(piece.subarray(0, sectorsToBytes(sectorCount)), sector);
  }
  device.flushSync();
}

/** The stack. */
export class Scratch implements Disposable {
  /** Like the disk, and nothing above it. */
  readonly bare: SyncBlockDevice;
  /** The plain disk. */
  readonly disk: SyncBlockDevice;
  /** The disk, with its snapshots in mind. */
  readonly origin: MappedDevice;
  /** The snapshot's COW device. */
  readonly cow: SyncBlockDevice;
  /** Sectors in a chunk of the snapshot. */
  readonly chunkSectors: number;
  readonly #parts = new DisposableStack();
  #snapshot: MappedDevice | null = null;
  #isCopied = false;

  /** Makes it, full of data. */
  constructor({ sectorCount, chunkSectors, directory }: ScratchOptions) {
    this.chunkSectors = chunkSectors;
    using parts = new DisposableStack();
    const folder = directory === undefined
      ? null
      : mkdtempSync(join(directory, "cowdisk-scratch-"));
    if (folder !== null) parts.defer(() => rmSync(folder, { recursive: true, force: true }));
    const make = (name: string, count: number) => {
      const device: SyncBlockDevice = folder === null
        ? createMemoryDevice({ sectorCount: count, name })
        : openFileDevice(join(folder, name), { create: { sectorCount: count } });
      return parts.adopt(device, (each) => each.closeSync());
    };
    this.bare = make("bare.img", sectorCount);
    this.disk = make("disk.img", sectorCount);
    this.cow = make("snap.cow", fittingSectors(sectorCount, chunkSectors));
    for (const device of [this.bare, this.disk, this.cow]) fill(device);
    this.origin = parts.adopt(openOrigin(this.disk), (device) => device.closeSync());
    this.#parts = parts.move();
  }

  /**
   * Begins the snapshot anew.
   *
   * @param copiedChunks So many chunks, from the first on, are copied.
   * @returns It.
   */
  begin(copiedChunks = 0): MappedDevice {
    this.end();
    const { origin, cow, chunkSectors } = this;
    cow.writeZeroesSync(0, chunkSectors);
    if (copiedChunks > 0) {
      // As one batch, without waiting for the disk after each.
      const snapshot = openSnapshotSync({ origin, cow, chunkSectors, durability: "flush" });
      const chunk = benchBytes(chunkSectors);
      for (let index = 0; index < copiedChunks; index++) {
        snapshot.writeSync(chunk, index * chunkSectors);
      }
      snapshot.flushSync();
      snapshot.closeSync();
    }
    return this.#snapshot = openSnapshotSync({ origin, cow, chunkSectors });
  }

  /**
   * The snapshot with all whole chunks copied. Only the first call of several takes time.
   *
   * @returns It.
   */
  copied(): MappedDevice {
    const chunkCount = Math.floor(this.disk.sectorCount / this.chunkSectors);
    if (this.#snapshot === null || !this.#isCopied) this.begin(chunkCount);
    this.#isCopied = true;
    return this.#snapshot!;
  }

  /** Ends the snapshot, so that its COW device can be used otherwise. */
  end(): void {
    this.#snapshot?.closeSync();
    this.#snapshot = null;
    this.#isCopied = false;
  }

  [Symbol.dispose](): void {
    this.end();
    this.#parts.dispose();
  }
}

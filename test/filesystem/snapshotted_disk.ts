/**
 * A disk in files: an origin, and one snapshot of it for every chunk size under test.
 *
 *     origin.img ── origin ──┬── snapshot, chunks of  8 sectors ── cow-8.img
 *                            └── snapshot, chunks of 64 sectors ── cow-64.img
 *
 * How it lives is a parameter: by which face it is used, and whether everything is closed and opened
 * again between any two things that are done to it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { rmSync, writeFileSync } from "node:fs";
import { SECTOR_BYTES } from "../../src/block/units.ts";
import { type FileDevice, openFileDevice } from "../../src/devices/file.ts";
import type { MappedDevice } from "../../src/mapper/mapped_device.ts";
import {
  openMerge,
  openMergeSync,
  openOrigin,
  openSnapshot,
  openSnapshotSync,
} from "../../src/mapper/stack.ts";
import { createFolder } from "./e2fsprogs.ts";
import { DISK_BYTES, type Generation, writesBetween } from "./generations.ts";

/** Sectors in a chunk of each snapshot. */
export const CHUNK_SIZES = [8, 64] as const;

/** A snapshot is known by its chunk size. */
export type View = "origin" | (typeof CHUNK_SIZES)[number];

/** How the disk lives. */
export interface Life {
  readonly name: string;
  /** Whether it is used by the synchronous face. */
  readonly isSync: boolean;
  /** Whether all is closed and opened again before each thing that is done. */
  readonly reopens: boolean;
}

/** Requests under way at once by the asynchronous face. */
const REQUESTS_AT_ONCE = 16;

/** Sectors of a read when a view is read whole: no power of two, so it begins anywhere in a chunk. */
const READ_SECTORS = 999;

interface Snapshot {
  readonly cow: FileDevice;
  readonly device: MappedDevice;
}

/** The disk. */
export class SnapshottedDisk {
  readonly #life: Life;
  readonly #folder = createFolder();
  readonly #snapshots = new Map<View, Snapshot>();
  #chunkSizes: readonly (typeof CHUNK_SIZES)[number][] = CHUNK_SIZES;
  #disk: FileDevice | undefined;
  #origin: MappedDevice | undefined;

  private constructor(life: Life) {
    this.#life = life;
  }

  /** A disk that holds a file system, and has just been snapshotted. */
  static async create(life: Life, content: Generation): Promise<SnapshottedDisk> {
    const disk = new SnapshottedDisk(life);
    writeFileSync(disk.#path("origin"), content.bytes);
    for (const chunkSectors of CHUNK_SIZES) {
      // Room for every chunk and its metadata.
      const sectorCount = DISK_BYTES / SECTOR_BYTES * 1.25;
      openFileDevice(disk.#path(chunkSectors), { create: { sectorCount } }).closeSync();
    }
    await disk.#open();
    return disk;
  }

  /** Writes the blocks in which two generations differ to a view that holds the one. */
  async rewrite(view: View, from: Generation, to: Generation): Promise<void> {
    await this.#begin();
    const device = this.#device(view);
    const writes = writesBetween(from, to);
    if (this.#life.isSync) {
      for (const { sector, bytes } of writes) device.writeSync(bytes, sector);
      return device.flushSync();
    }
    while (writes.length > 0) {
      const together = writes.splice(0, REQUESTS_AT_ONCE);
      await Promise.all(together.map(({ sector, bytes }) => device.write(bytes, sector)));
    }
    await device.flush();
  }

  /** Writes to the plain device below, behind the snapshots' backs. */
  async rewriteBelow(from: Generation, to: Generation): Promise<void> {
    await this.#begin();
    for (const { sector, bytes } of writesBetween(from, to)) this.#disk?.writeSync(bytes, sector);
  }

  /** Folds a snapshot back into the origin; the view is gone then. */
  async merge(chunkSectors: (typeof CHUNK_SIZES)[number]): Promise<void> {
    await this.#begin();
    const snapshot = this.#snapshots.get(chunkSectors);
    if (snapshot === undefined) throw new Error(`No snapshot with chunks of ${chunkSectors}`);
    await snapshot.device.close();
    this.#snapshots.delete(chunkSectors);
    this.#chunkSizes = this.#chunkSizes.filter((size) => size !== chunkSectors);
    const options = { origin: this.#device("origin"), cow: snapshot.cow };
    if (this.#life.isSync) {
      this.#endMerge(openMergeSync(options));
    } else {
      const { device, merged } = await openMerge(options);
      await merged;
      this.#endMerge(device);
    }
    await snapshot.cow.close();
  }

  /** Reads a view whole, into a file. */
  async export(view: View): Promise<{ path: string; bytes: Buffer }> {
    await this.#begin();
    const device = this.#device(view);
    const bytes = Buffer.alloc(DISK_BYTES);
    for (let at = 0; at < DISK_BYTES; at += READ_SECTORS * SECTOR_BYTES) {
      const target = bytes.subarray(at, at + READ_SECTORS * SECTOR_BYTES);
      if (this.#life.isSync) device.readSync(target, at / SECTOR_BYTES);
      else await device.read(target, at / SECTOR_BYTES);
    }
    const path = `${this.#folder}/export.img`;
    writeFileSync(path, bytes);
    return { path, bytes };
  }

  /** Closes all and removes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    rmSync(this.#folder, { recursive: true });
  }

  #path(view: View): string {
    return `${this.#folder}/${view === "origin" ? view : `cow-${view}`}.img`;
  }

  #device(view: View): MappedDevice {
    const device = view === "origin" ? this.#origin : this.#snapshots.get(view)?.device;
    if (device === undefined) throw new Error(`No view ${view}`);
    return device;
  }

  /** A merge that ended well has left no exception: only the header and an empty area. */
  #endMerge(device: MappedDevice): void {
    const status = device.activeTargets?.[0]?.status() ?? "";
    const [allocated, metadata] = [/^\d+/.exec(status)?.[0], / (\d+)$/.exec(status)?.[1]];
    if (allocated === undefined || allocated !== metadata) {
      throw new Error(`The merge has ended with the status "${status}"`);
    }
    device.closeSync();
  }

  async #begin(): Promise<void> {
    if (!this.#life.reopens) return;
    await this.#close();
    await this.#open();
  }

  async #open(): Promise<void> {
    this.#disk = openFileDevice(this.#path("origin"));
    this.#origin = openOrigin(this.#disk);
    for (const chunkSectors of this.#chunkSizes) {
      const cow = openFileDevice(this.#path(chunkSectors));
      const options = { origin: this.#origin, cow, chunkSectors };
      const device = this.#life.isSync ? openSnapshotSync(options) : await openSnapshot(options);
      this.#snapshots.set(chunkSectors, { cow, device });
    }
  }

  async #close(): Promise<void> {
    for (const { cow, device } of this.#snapshots.values()) {
      await device.close();
      await cow.close();
    }
    this.#snapshots.clear();
    await this.#origin?.close();
    await this.#disk?.close();
  }
}

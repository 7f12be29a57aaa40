/**
 * The IndexedDB storage: sectors in packed records, behind a cache that is written back by flush.
 *
 * | key | value |
 * |---|---|
 * | `"disk"` | the {@linkcode DiskRecord}: format, size, sectors of a record |
 * | a number n | the bytes of the n-th record. Left out: zeroes |
 *
 * Everything that changed since the last flush goes into one transaction, so what a crash leaves is
 * the device as it was at some flush, never anything between. A flush also happens when the cache
 * has no room for a write; that write waits for it.
 *
 * Invariants: one flush is under way at a time, and who comes during it shares the next. What a
 * failed flush could not store is still in the cache, for the next one.
 *
 * Fails: `ENOSPC` over the quota, from the flush, or from the write that needed one; `ENODEV` when
 * the database is gone; `EIO` for a record that is not of the form it must have.
 *
 * @module
 */

import { getMany, promisifyRequest } from "idb-keyval";
import type { AsyncImplementation } from "../../block/checked.ts";
import type { DeviceSupports } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { divCeil, isPowerOfTwo, SECTOR_BYTES } from "../../block/units.ts";
import { checkGrowth, isDeviceSize } from "../growable.ts";
import type { WebLock } from "../web_lock.ts";
import { type IdbConnection, idbRefusal } from "./idb_connection.ts";
import { type Frame, RecordCache, type Sealed } from "./record_cache.ts";
import { RecordMemory } from "./record_memory.ts";

/** The key of what describes the disk. */
export const DISK_KEY = "disk";

/** Sectors of the largest record. */
export const RECORD_SECTORS_MAX = 2048;

/** So many records are read by one transaction. */
const BATCH_RECORDS = 64;

/** A flush comes at the latest when so many ranges wait to be removed. */
const REMOVED_RANGES_MAX = 4096;

/** What a database says of the disk in it. */
export interface DiskRecord {
  /** Tells ours from others. */
  readonly format: "cowdisk";
  /** The size, in sectors. */
  readonly sectorCount: number;
  /** The sectors of a record. */
  readonly recordSectors: number;
}

/** Whether a number of sectors can be a record's. */
export function isRecordSize(recordSectors: number): boolean {
  return isPowerOfTwo(recordSectors) && recordSectors <= RECORD_SECTORS_MAX;
}

/** Reads what a database says of its disk. */
export async function readDiskRecord(
  connection: IdbConnection,
  name: string,
): Promise<DiskRecord> {
  const what = `Cannot open "${name}"`;
  let found: Partial<DiskRecord> | undefined;
  try {
    [found] = await getMany<Partial<DiskRecord>>([DISK_KEY], connection.use);
  } catch (error) {
    throw idbRefusal(error, what, name);
  }
  const { format, sectorCount = NaN, recordSectors = NaN } = found ?? {};
  if (format === "cowdisk" && isDeviceSize(sectorCount) && isRecordSize(recordSectors)) {
    return { format, sectorCount, recordSectors };
  }
  throw new BlockDeviceError(
    "EINVAL",
    `${what}: found ${JSON.stringify(found)} under "${DISK_KEY}", want the description of a disk`,
    { device: name },
  );
}

/** What a storage is made of. */
export interface IdbStorageParts {
  readonly name: string;
  readonly connection: Pick<IdbConnection, "use" | "close">;
  readonly disk: DiskRecord;
  /** Left out: read-only, or not locked. */
  readonly lock: WebLock | undefined;
  readonly write: boolean;
  readonly cacheBytes: number;
}

/** Sectors in a database. */
export class IdbStorage implements AsyncImplementation {
  readonly name: string;
  readonly limits: { readonly logicalSectors: number; readonly preferredSectors: number };
  readonly supports: Omit<DeviceSupports, "sync">;
  sectorCount: number;
  readonly #connection: IdbStorageParts["connection"];
  readonly #lock: WebLock | undefined;
  readonly #recordSectors: number;
  readonly #framesMax: number;
  readonly #cache: RecordCache;
  #storedSectorCount: number;
  #flushUnderWay: Promise<void> | undefined;
  #nextFlush: Promise<void> | undefined;
  #isClosed = false;

  /** A storage over an open connection. */
  constructor({ name, connection, disk, lock, write, cacheBytes }: IdbStorageParts) {
    this.name = name;
    this.limits = { logicalSectors: 1, preferredSectors: disk.recordSectors };
    this.supports = { write, discard: write, discardZeroes: write, permanence: true };
    this.sectorCount = this.#storedSectorCount = disk.sectorCount;
    this.#connection = connection;
    this.#lock = lock;
    this.#recordSectors = disk.recordSectors;
    this.#framesMax = Math.max(1, Math.floor(cacheBytes / (disk.recordSectors * SECTOR_BYTES)));
    this.#cache = new RecordCache(disk.recordSectors, new RecordMemory(name, disk.recordSectors));
  }

  /** Whether the database has everything. */
  get isFlushed(): boolean {
    return !this.#cache.isDirty && this.sectorCount === this.#storedSectorCount;
  }

  async read(target: Uint8Array, sector: number): Promise<void> {
    // What another tab writes is seen by the next request, and a request sees one moment of it.
    if (!this.supports.write) this.#cache.clear();
    const sectorCount = target.length / SECTOR_BYTES;
    const batchSectors = this.supports.write ? BATCH_RECORDS * this.#recordSectors : sectorCount;
    for (let done = 0; done < sectorCount;) {
      const start = sector + done;
      const end = Math.min(
        sector + sectorCount,
        Math.floor(start / batchSectors + 1) * batchSectors,
      );
      const part = target.subarray(done * SECTOR_BYTES, (end - sector) * SECTOR_BYTES);
      await this.#readBatch(part, start, end);
      done = end - sector;
    }
  }

  async write(source: Uint8Array, sector: number, fua: boolean): Promise<void> {
    const recordCount = this.#recordsIn(sector, source.length / SECTOR_BYTES);
    if (this.#isFullFor(recordCount)) {
      source = source.slice(); // The caller's bytes are taken at the call.
      await this.#makeRoomFor(recordCount);
    }
    this.#cache.write(source, sector);
    this.#cache.shrinkTo(this.#framesMax);
    if (fua) await this.flush();
  }

  async writeZeroes(sector: number, sectorCount: number, fua: boolean): Promise<void> {
    if (this.#isFullFor(2)) await this.#makeRoomFor(2);
    this.#cache.zero(sector, sectorCount);
    this.#cache.shrinkTo(this.#framesMax);
    if (fua) await this.flush();
  }

  async discard(sector: number, sectorCount: number): Promise<void> {
    await this.writeZeroes(sector, sectorCount, false);
  }

  flush(): Promise<void> {
    if (this.#nextFlush !== undefined) return this.#nextFlush;
    if (this.#flushUnderWay === undefined) return this.#startFlush();
    return this.#nextFlush = this.#flushUnderWay.then(
      () => this.#startFlush(),
      () => this.#startFlush(),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      if (this.supports.write) await this.flush();
    } finally {
      this.#cache.clear();
      await this.#connection.close();
      await this.#lock?.release();
    }
  }

  /** Makes it larger; durable with the next flush. */
  grow(sectorCount: number): void {
    checkGrowth(this, this.#isClosed, sectorCount);
    this.sectorCount = sectorCount;
  }

  #recordsIn(sector: number, sectorCount: number): number {
    const unit = this.#recordSectors;
    return sectorCount === 0 ? 0 : divCeil(sector + sectorCount, unit) - Math.floor(sector / unit);
  }

  #isFullFor(recordCount: number): boolean {
    const { dirtyCount, removedCount } = this.#cache;
    // A request that is larger than the cache is let in when nothing else is dirty.
    return removedCount >= REMOVED_RANGES_MAX ||
      (dirtyCount > 0 && dirtyCount + recordCount > this.#framesMax);
  }

  async #makeRoomFor(recordCount: number): Promise<void> {
    while (this.#isFullFor(recordCount)) await this.flush();
  }

  async #readBatch(target: Uint8Array, sector: number, endSector: number): Promise<void> {
    const unit = this.#recordSectors;
    const first = Math.floor(sector / unit);
    const frames: Frame[] = [];
    for (let index = first; index * unit < endSector; index++) {
      const frame = this.#cache.frameOf(index);
      frame.hold();
      frames.push(frame);
    }
    try {
      await this.#makeKnown(frames, first, sector, endSector);
      frames.forEach((frame, at) => {
        const start = Math.max(sector, (first + at) * unit);
        const end = Math.min(endSector, (first + at + 1) * unit);
        const part = target.subarray(
          (start - sector) * SECTOR_BYTES,
          (end - sector) * SECTOR_BYTES,
        );
        frame.read(part, start - (first + at) * unit);
      });
    } finally {
      for (const frame of frames) frame.release();
    }
  }

  /** Waits until all that is asked of the frames of records that follow each other is known. */
  async #makeKnown(
    frames: readonly Frame[],
    first: number,
    sector: number,
    endSector: number,
  ): Promise<void> {
    const unit = this.#recordSectors;
    const missing = new Map<number, Frame>();
    const waits: Promise<void>[] = [];
    for (const [at, frame] of frames.entries()) {
      const index = first + at;
      const from = Math.max(0, sector - index * unit);
      if (frame.knows(from, Math.min(unit, endSector - index * unit))) continue;
      if (frame.loading === undefined) missing.set(index, frame);
      else waits.push(frame.loading);
    }
    this.#cache.shrinkTo(this.#framesMax);
    if (missing.size > 0) waits.push(this.#load(missing));
    if (waits.length > 0) await Promise.all(waits);
  }

  /** Reads records, all by one transaction, into frames that others may wait for too. */
  #load(frames: ReadonlyMap<number, Frame>): Promise<void> {
    const indexes = [...frames.keys()];
    const loading = getMany(indexes, this.#connection.use).then(
      (stored) => {
        stored.forEach((record, at) => {
          frames.get(indexes[at]!)!.complete(this.#checked(record, indexes[at]!));
        });
      },
      (error) => {
        const what = `Cannot read records ${indexes[0]} to ${indexes.at(-1)} of "${this.name}"`;
        throw idbRefusal(error, what, this.name);
      },
    ).finally(() => {
      for (const frame of frames.values()) frame.loading = undefined;
    });
    for (const frame of frames.values()) frame.loading = loading;
    return loading;
  }

  /** A record as it was found, if it has the form it must have. */
  #checked(record: unknown, index: number): Uint8Array<ArrayBuffer> | undefined {
    if (record === undefined) return undefined;
    const wantedBytes = this.#recordSectors * SECTOR_BYTES;
    if (record instanceof Uint8Array && record.length === wantedBytes) {
      return record as Uint8Array<ArrayBuffer>;
    }
    const found = record instanceof Uint8Array ? `${record.length} bytes` : `a ${typeof record}`;
    throw new BlockDeviceError(
      "EIO",
      `Cannot use record ${index} of "${this.name}": found ${found}, want ${wantedBytes} bytes`,
      { device: this.name },
    );
  }

  #startFlush(): Promise<void> {
    this.#nextFlush = undefined;
    const flush = this.#flush().finally(() => {
      if (this.#flushUnderWay === flush) this.#flushUnderWay = undefined;
    });
    return this.#flushUnderWay = flush;
  }

  async #flush(): Promise<void> {
    const { sectorCount } = this;
    const sealed = this.#cache.seal();
    const isGrown = sectorCount !== this.#storedSectorCount;
    if (sealed === undefined && !isGrown) return;
    try {
      await this.#connection.use("readwrite", async (store) => {
        if (isGrown) {
          const recordSectors = this.#recordSectors;
          store.put({ format: "cowdisk", sectorCount, recordSectors }, DISK_KEY);
        }
        if (sealed !== undefined) await this.#store(sealed, store);
      });
    } catch (error) {
      if (sealed !== undefined) this.#cache.settle(false);
      const what = `Cannot flush "${this.name}", what was written is kept for the next flush`;
      throw idbRefusal(error, what, this.name);
    }
    this.#storedSectorCount = sectorCount;
    if (sealed === undefined) return;
    this.#cache.settle(true);
    this.#cache.shrinkTo(this.#framesMax);
  }

  async #store({ removed, frames }: Sealed, store: IDBObjectStore): Promise<void> {
    for (const { first, end } of removed) store.delete(IDBKeyRange.bound(first, end - 1));
    const partial: Promise<void>[] = [];
    for (const [index, frame] of frames) {
      if (frame.isWhole) {
        this.#put(index, frame, store);
        continue;
      }
      const stored = promisifyRequest<unknown>(store.get(index));
      partial.push(stored.then((record) => {
        frame.complete(this.#checked(record, index));
        this.#put(index, frame, store);
      }));
    }
    await Promise.all(partial);
  }

  #put(index: number, frame: Frame, store: IDBObjectStore): void {
    const bytes = frame.toStored();
    if (bytes === undefined) store.delete(index);
    else store.put(bytes, index);
  }
}

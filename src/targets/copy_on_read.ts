/**
 * Copy-on-read: what was read from a slow origin is kept on the COW device, so that the next read of
 * it, also after a restart, does not go to the origin.
 *
 * It answers for chunks without a complete exception:
 *
 * | a chunk is | then |
 * |---|---|
 * | absent | fetched: read from the origin, given to the reader, kept |
 * | absent, and another read fetches it | that one is waited for; then the target is asked again |
 * | pending | it is waited for; then the target is asked again |
 * | absent, and there is no room for it | read from the origin and not kept |
 *
 * **Order of a fetch.** Whole chunks are read from the origin before anything is allocated, with the
 * reader behind the table's fence: an overwrite of the origin waits for it. Then, without a step in
 * between, the chunks are looked up again. Those that are absent still are excepted with what was
 * read; who was faster with the others has kept the same bytes, or newer ones of the view's own.
 *
 * **Invariants**
 * - A read never waits for a flush: its exceptions settle with whatever settles next. Losing one in a
 *   power cut costs another fetch.
 * - Reads fill the COW device up to their share of it and no further, so they never make it full.
 * - A synchronous read never waits: where it would have to, it goes to the origin and is not kept, or
 *   fails with `EAGAIN` when the origin has only the asynchronous face.
 *
 * **Failure**: when the origin fails the reader is told and nothing has changed; who waited for that
 * fetch tries by itself. When the COW device fails the reader has its bytes, and the table is invalid
 * as after any exception that failed.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type BlockDevice, isSyncDevice } from "../block/device.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { Gate } from "../block/gate.ts";
import { type Plan, readStep, waitStep, writeStep } from "../block/plan.ts";
import { chunkOf, sectorsToBytes } from "../block/units.ts";
import type { ExceptionRun, ExceptionTable, Fill } from "../exception/mod.ts";
import type { Mapping } from "./target.ts";

/** The most sectors that are fetched in one go: 2 MiB. Larger chunks are not kept. */
export const FETCH_SECTORS_MAX = 4096;

/** A read of the origin under way, and what is done with it; both ends included. */
interface Fetch {
  readonly first: number;
  readonly last: number;
  /** Opens when it has ended. */
  readonly done: Gate;
  hasFailed: boolean;
}

/** What a reader asked for. */
interface Wanted {
  readonly sector: number;
  readonly sectorCount: number;
  readonly target: Uint8Array;
}

/**
 * Refuses a synchronous read that has to go to an origin with only the asynchronous face.
 *
 * @param request The read.
 * @param origin The origin.
 * @throws {BlockDeviceError} `EAGAIN`.
 */
export function requireFace({ isSync }: Mapping, origin: BlockDevice): void {
  if (!isSync || isSyncDevice(origin)) return;
  const message = `A synchronous read would have to wait for "${origin.name}"`;
  throw new BlockDeviceError("EAGAIN", message, { device: origin.name });
}

/** Keeps what one target reads. */
export class CopyOnRead {
  readonly #percentMax: number;
  readonly #fetches = new Set<Fetch>();
  /** The size of the COW device, in sectors, when it had no room left; 0 before that. */
  #fullSectors = 0;

  /**
   * Nothing is kept yet.
   *
   * @param percentMax The share of the COW device, in percent, up to which reads are kept.
   * @throws {BlockDeviceError} `EINVAL` when it is not from 0 to 100.
   */
  constructor(percentMax: number) {
    if (!(percentMax >= 0 && percentMax <= 100)) {
      throw new BlockDeviceError(
        "EINVAL",
        `Cannot keep what is read on ${percentMax} percent of a COW device: want 0 to 100`,
      );
    }
    this.#percentMax = percentMax;
  }

  /**
   * Plans a read of chunks without a complete exception.
   *
   * @param request The read; it begins with these chunks.
   * @param table Which chunks are excepted.
   * @param sectorCount How many sectors, from the request's first on, lie in such chunks.
   * @returns The plan, which tells how many sectors it has read; 0: ask the target again. `null` when
   * they are to be read from the origin and nothing is to be kept.
   * @throws {BlockDeviceError} As {@linkcode requireFace}.
   */
  planRead(request: Mapping, table: ExceptionTable, sectorCount: number): Plan<number> | null {
    const { sector, target, isSync } = request;
    const { chunkSectors, source } = table;
    requireFace(request, source);
    if (isSync && (table.isBusy || this.#fetches.size > 0)) return null;
    if (chunkSectors > FETCH_SECTORS_MAX || sector + sectorCount > source.sectorCount) return null;
    const chunksMax = Math.min(table.breakChunksMax, this.#roomChunks(table));
    if (target === null || chunksMax < 1) return null;
    const first = chunkOf(sector, chunkSectors);
    const last = Math.min(chunkOf(sector + sectorCount - 1, chunkSectors), first + chunksMax - 1);
    return this.#read(table, { sector, sectorCount, target }, first, last);
  }

  /** How many chunks reads may still add. */
  #roomChunks(table: ExceptionTable): number {
    if (!table.isGuarding || table.hasOverflowed || !table.destination.supports.write) return 0;
    const { allocatedSectors, totalSectors } = table.usage;
    if (totalSectors <= this.#fullSectors) return 0;
    const shareSectors = (totalSectors * this.#percentMax) / 100;
    return Math.floor((shareSectors - allocatedSectors) / table.chunkSectors);
  }

  /** Fetches chunks, or waits for whoever does. */
  *#read(table: ExceptionTable, wanted: Wanted, first: number, last: number): Plan<number> {
    const pending = table.findPending(first, first);
    if (pending !== null) {
      yield waitStep(pending.done, `the copy of chunk ${first}`);
      return 0;
    }
    const other = this.#findFetch(first, last);
    let end = last;
    if (other !== null && other.first > first) end = other.first - 1;
    else if (other !== null) {
      yield waitStep(other.done, `another read of chunk ${first}`);
      if (!other.hasFailed) return 0;
    }
    const count = absentCount(table, first, end);
    return count === 0 ? 0 : yield* this.#fetch(table, wanted, first, count);
  }

  #findFetch(first: number, last: number): Fetch | null {
    let found: Fetch | null = null;
    for (const each of this.#fetches) {
      if (each.first > last || each.last < first) continue;
      if (found === null || each.first < found.first) found = each;
    }
    return found;
  }

  *#fetch(table: ExceptionTable, wanted: Wanted, first: number, count: number): Plan<number> {
    const fetch: Fetch = { first, last: first + count - 1, done: new Gate(), hasFailed: true };
    this.#fetches.add(fetch);
    try {
      const bytes = yield* readChunks(table, first, count);
      const offsetBytes = sectorsToBytes(wanted.sector - first * table.chunkSectors);
      const wantedBytes = sectorsToBytes(wanted.sectorCount);
      const found = bytes.subarray(offsetBytes, offsetBytes + wantedBytes);
      wanted.target.set(found);
      fetch.hasFailed = false;
      yield* this.#keep(table, fetch, bytes);
      return found.length / sectorsToBytes(1);
    } finally {
      this.#fetches.delete(fetch);
      fetch.done.open();
    }
  }

  /** Makes exceptions for what was read, as far as none are there and there is room. */
  *#keep(table: ExceptionTable, { first, last }: Fetch, bytes: Uint8Array): Plan {
    for (let chunk = first; chunk <= last;) {
      const room = this.#roomChunks(table);
      if (room < 1) return;
      const absent = absentCount(table, chunk, last);
      if (absent === 0) {
        chunk++;
        continue;
      }
      const count = table.breakableChunks(chunk, chunk + Math.min(absent, room) - 1);
      if (count === 0) {
        yield* table.unblocked(chunk);
        continue;
      }
      const made = yield* breakWith(table, chunk, count, (run) => write(table, run, first, bytes));
      if (made === null) return;
      if (made < count) {
        this.#fullSectors = table.usage.totalSectors;
        return;
      }
      chunk += made;
    }
  }
}

/** Makes exceptions. That a device fails is the table's business, not the reader's: `null` then. */
function* breakWith(
  table: ExceptionTable,
  first: number,
  count: number,
  fill: Fill,
): Plan<number | null> {
  try {
    return yield* table.break(first, count, "later", fill);
  } catch (error) {
    if (error instanceof BlockDeviceError) return null;
    throw error;
  }
}

/** How many chunks, from the first on, have no exception, complete or pending. */
function absentCount(table: ExceptionTable, first: number, last: number): number {
  if (table.find(first, last - first + 1) >= 0) return 0;
  const end = Math.min(last + 1, first + table.runLength);
  const pending = table.findPending(first, end - 1);
  return Math.max(0, (pending?.oldChunk ?? end) - first);
}

/** Reads whole chunks of the source; the last one ends where the source does. */
function* readChunks(table: ExceptionTable, first: number, count: number): Plan<Uint8Array> {
  const { source, destination, chunkSectors, readers } = table;
  const unit = Math.max(source.limits.logicalSectors, destination.limits.logicalSectors);
  const sector = first * chunkSectors;
  const sourceEnd = Math.floor(source.sectorCount / unit) * unit;
  const end = Math.min(sector + count * chunkSectors, sourceEnd);
  const bytes = new Uint8Array(sectorsToBytes(end - sector));
  const stay = readers.enter(first, first + count - 1);
  try {
    yield readStep(source, bytes, sector);
  } finally {
    readers.leave(stay);
  }
  return bytes;
}

/** Writes what was read from a chunk on to where a run of exceptions will be. */
function* write(
  { destination, chunkSectors }: ExceptionTable,
  { oldChunk, newChunk, count }: ExceptionRun,
  firstRead: number,
  bytes: Uint8Array,
): Plan {
  const chunkBytes = sectorsToBytes(chunkSectors);
  const start = (oldChunk - firstRead) * chunkBytes;
  const part = bytes.subarray(start, start + count * chunkBytes);
  yield writeStep(destination, part, newChunk * chunkSectors);
}

/**
 * `snapshot`: a writable view of an origin as it was, plus what was written to the view since.
 *
 *     0 8192 snapshot 254:0 254:16 P 8
 *
 * It holds its exception table and its place in the origin's list, and decides:
 *
 * | request | exception complete | pending | absent |
 * |---|---|---|---|
 * | read | the COW device | the origin, kept track of | the origin, kept track of |
 * | read, with copy-on-read | the COW device | waits, asks again | read from the origin and kept |
 * | write | the COW device | waits, asks again | makes exceptions; whole chunks are not read first |
 * | discard | whole chunk: zeroed; part of one: passed to the COW device | as absent | ends, nothing changes |
 *
 * A snapshot that is invalid answers everything with `EIO`; one that has overflowed (store `PO`, COW
 * device full) still reads.
 *
 * This module is browser compatible.
 *
 * @see dm-snap.c, `snapshot_map()`
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../block/device.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { discardStep, flushStep, performInKernel, type Plan, type Step } from "../block/plan.ts";
import { writeStep, zeroStep } from "../block/plan.ts";
import { chunkOf, sectorsToBytes } from "../block/units.ts";
import type { ExceptionRun, ExceptionTable } from "../exception/mod.ts";
import { CopyOnRead } from "./copy_on_read.ts";
import type { Origin } from "./origin.ts";
import { SnapshotMember, type SnapshotOptions } from "./snapshot_member.ts";
import type { Mapping, RequestKind, Target } from "./target.ts";

/** The share of the COW device that reads may fill unless said: writes need the rest. */
const COPY_ON_READ_PERCENT_MAX = 50;

/** The data of a write: bytes, or zeroes. */
interface WriteData {
  readonly sector: number;
  readonly sectorCount: number;
  readonly source: Uint8Array | null;
}

/** A snapshot, for those who look behind its view. */
export interface SnapshotView extends Target {
  /** Its exceptions; `null` after they were handed over. */
  readonly exceptions: ExceptionTable | null;
}

class SnapshotTarget implements SnapshotView {
  readonly type = "snapshot";
  readonly #member: SnapshotMember;
  readonly #copyOnRead: CopyOnRead | null;
  #onEvent: () => void = () => {};

  constructor(member: SnapshotMember, copyOnRead: CopyOnRead | null) {
    this.#member = member;
    this.#copyOnRead = copyOnRead;
    member.onEvent = () => this.#onEvent();
  }

  get exceptions(): ExceptionTable | null {
    return this.#member.table;
  }

  get sectorCount(): number {
    return this.#member.sectorCount;
  }

  get supports(): DeviceSupports {
    return this.#member.supports;
  }

  get limits(): DeviceLimits {
    return this.#member.limits;
  }

  get devices(): readonly BlockDevice[] {
    return this.#member.devices;
  }

  set onEvent(listener: () => void) {
    this.#onEvent = listener;
  }

  map(request: Mapping): void {
    const { sector, sectorCount, kind } = request;
    const table = this.#usableTable(kind);
    const { chunkSectors } = table;
    const chunk = chunkOf(sector, chunkSectors);
    const last = chunkOf(sector + sectorCount - 1, chunkSectors);
    const newChunk = table.find(chunk, last - chunk + 1);
    const runEnd = (chunk + table.runLength) * chunkSectors;
    const count = Math.min(sectorCount, runEnd - sector);
    if (kind === "discard") return this.#mapDiscard(request, table, newChunk, count);
    if (newChunk >= 0) {
      if (request.fua && !table.isSettled(chunk, chunkOf(sector + count - 1, chunkSectors))) {
        return request.submit(settleThenRetry(table));
      }
      return request.remap(this.#member.cow, (newChunk - chunk) * chunkSectors + sector, count);
    }
    if (kind === "read") {
      const read = this.#copyOnRead?.planRead(request, table, count) ?? null;
      if (read !== null) return request.submit(read);
      request.remap(this.#member.origin.device, sector, count);
      request.track(table.readers, chunk, chunkOf(sector + count - 1, chunkSectors));
      return;
    }
    const write = { sector, sectorCount: count, source: request.source };
    request.submit(this.#writeAbsent(table, write, request.fua));
  }

  *planFlush(): Plan {
    const { table, cow } = this.#member;
    if (table === null) yield flushStep(cow);
    else yield* table.settle();
  }

  isBusy(): boolean {
    return this.#member.table?.isBusy ?? false;
  }

  status(): string {
    return this.#member.status();
  }

  table(): string {
    return this.#member.words();
  }

  preresume(): void {
    this.#member.preresume();
  }

  resume(): Plan {
    return this.#member.resume();
  }

  postsuspend(): void {
    this.#member.postsuspend();
  }

  destroy(): Plan {
    return this.#member.destroy();
  }

  #usableTable(kind: RequestKind): ExceptionTable {
    const { table, cow } = this.#member;
    if (table === null) {
      throw new BlockDeviceError(
        "EIO",
        `Cannot ${kind} through the snapshot on "${cow.name}": its exceptions were handed over`,
      );
    }
    if (!table.isValid) table.requireValid(kind);
    if (table.hasOverflowed && kind !== "read") throw this.#isFull();
    return table;
  }

  #isFull(): BlockDeviceError {
    const { cow } = this.#member;
    return new BlockDeviceError(
      "EIO",
      `Cannot write to the snapshot: its COW device "${cow.name}" is full`,
      { device: cow.name },
    );
  }

  /** A write to chunks without an exception. Ends with 0 whenever something had to be waited for. */
  *#writeAbsent(table: ExceptionTable, write: WriteData, fua: boolean): Plan<number> {
    const { chunkSectors } = table;
    const first = chunkOf(write.sector, chunkSectors);
    const last = chunkOf(write.sector + write.sectorCount - 1, chunkSectors);
    const count = table.breakableChunks(first, last);
    if (count === 0) {
      yield* table.unblocked(first);
      return 0;
    }
    const settling = fua ? "now" : "policy";
    const made = yield* table.break(first, count, settling, (run) => this.#fill(table, run, write));
    if (made === 0) {
      if (table.storeType === "PO") table.overflow();
      else yield* table.invalidate("Unable to allocate exception");
      throw this.#isFull();
    }
    return Math.min(write.sectorCount, (first + made) * chunkSectors - write.sector);
  }

  /** Old data where the write covers a chunk in part, then the write's. */
  #fill(table: ExceptionTable, run: ExceptionRun, write: WriteData): Plan | null {
    const { chunkSectors, source: origin } = table;
    const { oldChunk, newChunk, count } = run;
    const runStart = oldChunk * chunkSectors;
    // What lies behind the origin's end is nobody's: a write up to the end covers its last chunk.
    const runEnd = Math.min(runStart + count * chunkSectors, origin.sectorCount);
    const start = Math.max(write.sector, runStart);
    const end = Math.min(write.sector + write.sectorCount, runEnd);
    const isHeadPart = start > runStart;
    const isTailPart = end < runEnd;
    let head: Plan | null = null;
    let tail: Plan | null = null;
    if (isHeadPart || (isTailPart && count === 1)) {
      head = table.copyOut({ oldChunk, newChunk, count: 1 });
    }
    if (isTailPart && count > 1) {
      const last = count - 1;
      tail = table.copyOut({ oldChunk: oldChunk + last, newChunk: newChunk + last, count: 1 });
    }
    const cowSector = newChunk * chunkSectors + start - runStart;
    const step = this.#stepOf(write, start, end, cowSector);
    if (head === null && tail === null && performInKernel(step)) return null;
    return fillInOrder(head, tail, step);
  }

  /** The part of a write that lies in a run. */
  #stepOf({ sector, source }: WriteData, start: number, end: number, cowSector: number): Step {
    const { cow } = this.#member;
    if (source === null) return zeroStep(cow, cowSector, end - start);
    const from = sectorsToBytes(start - sector);
    return writeStep(cow, source.subarray(from, from + sectorsToBytes(end - start)), cowSector);
  }

  #mapDiscard(request: Mapping, table: ExceptionTable, newChunk: number, runSectors: number): void {
    if (newChunk < 0 && !this.#member.passesDiscards) return request.end(runSectors);
    const { chunkSectors } = table;
    const { sector } = request;
    const offset = sector % chunkSectors;
    const wholeSectors = offset === 0 ? runSectors - (runSectors % chunkSectors) : 0;
    const count = newChunk < 0
      ? runSectors
      : wholeSectors || Math.min(runSectors, chunkSectors - offset);
    const cowSector = newChunk < 0 ? -1 : newChunk * chunkSectors + offset;
    request.submit(this.#discard(sector, cowSector, count, wholeSectors > 0));
  }

  *#discard(sector: number, cowSector: number, count: number, isWhole: boolean): Plan<number> {
    const { cow, origin, passesDiscards } = this.#member;
    if (cowSector >= 0 && isWhole) yield zeroStep(cow, cowSector, count);
    else if (cowSector >= 0 && cow.supports.discard) yield discardStep(cow, cowSector, count);
    if (passesDiscards && origin.device.supports.discard) {
      // The kernel discards under the other snapshots of the origin; theirs is kept here.
      const ranges = [{ sector, sectorCount: count }];
      yield* origin.overwrite(ranges, this.#member, discardDown(origin, sector, count));
    }
    return count;
  }
}

function* fillInOrder(head: Plan | null, tail: Plan | null, step: Step): Plan {
  if (head !== null) yield* head;
  if (tail !== null) yield* tail;
  yield step;
}

function* discardDown({ device }: Origin, sector: number, sectorCount: number): Plan {
  yield discardStep(device, sector, sectorCount);
}

function* settleThenRetry(table: ExceptionTable): Plan<number> {
  yield* table.settle();
  return 0;
}

/**
 * Plans a snapshot: checks what it is made of and reads its exceptions.
 *
 * @param options What it is made of.
 * @returns The target.
 * @throws {TargetError} When it cannot be made; nothing was changed.
 */
export function* planSnapshot(options: SnapshotOptions): Plan<SnapshotView> {
  const copyOnRead = options.copyOnRead === true
    ? new CopyOnRead(options.copyOnReadPercentMax ?? COPY_ON_READ_PERCENT_MAX)
    : null;
  return new SnapshotTarget(yield* SnapshotMember.construct(options), copyOnRead);
}

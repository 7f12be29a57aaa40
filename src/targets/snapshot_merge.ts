/**
 * `snapshot-merge`: an origin into which a snapshot is being folded back, while it is in use.
 *
 *     0 8192 snapshot-merge 254:0 254:16 P 8
 *
 * Reads show the snapshot from the first moment. Exceptions are merged from the newest to the oldest,
 * so that at any time the store holds a valid snapshot of what is left: one step is
 *
 * 1. the newest run of exceptions that is consecutive on both sides, and those before it, until there
 *    are 2 MiB;
 * 2. every other snapshot of the origin gets its copy of what is about to be overwritten;
 * 3. writers on these chunks of the COW device are waited for, new ones wait;
 * 4. the runs are copied to the origin;
 * 5. the origin is flushed (if asked for, what was copied first beside the copying of the rest);
 * 6. the runs are taken out of the store, durably; then out of the table, and waiters go on.
 *
 * | request | exception left | absent |
 * |---|---|---|
 * | read | the COW device | the origin |
 * | write | the COW device; in the runs of step 3 to 6 it waits | the origin, guarding other snapshots |
 * | discard | ends, nothing changes | ends, nothing changes |
 *
 * **Failure**: the merge stops, status `Merge failed`; requests go on being served as above. Resuming
 * the device again, or loading the table again, goes on with it. An invalid store is not merged: all
 * requests go to the origin.
 *
 * This module is browser compatible.
 *
 * @see dm-snap.c, `snapshot_merge_next_chunks()`, `snapshot_merge_map()`
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../block/device.ts";
import { Signal } from "../block/gate.ts";
import { flushStep, type Plan, waitStep } from "../block/plan.ts";
import { chunkOf, divCeil, type SectorRange } from "../block/units.ts";
import { ChunkFence, type ExceptionRun, type ExceptionTable } from "../exception/mod.ts";
import { Copier } from "../copier/mod.ts";
import { copyDurably } from "./durable_copies.ts";
import { SnapshotMember, type SnapshotOptions } from "./snapshot_member.ts";
import type { SnapshotView } from "./snapshot.ts";
import type { Mapping } from "./target.ts";
import { TargetError } from "./target_error.ts";

/** A step of so many sectors takes no further run, unless said. */
const STEP_SECTORS = 4096;

class SnapshotMergeTarget implements SnapshotView {
  readonly type = "snapshot-merge";
  readonly supports: DeviceSupports;
  readonly #member: SnapshotMember;
  readonly #copier: Copier;
  readonly #stepSectors: number;
  readonly #flushSectors: number;
  readonly #writers = new ChunkFence();
  readonly #changed = new Signal();
  /** The runs of the step under way, while writers wait for it. */
  #merging: readonly ExceptionRun[] = [];
  #failure: { readonly cause: unknown } | null = null;
  #isStopping = false;
  #isRunning = false;
  #onEvent: () => void = () => {};

  constructor(member: SnapshotMember, options: SnapshotOptions) {
    const { copier, mergeStepSectors, mergeFlushSectors } = options;
    this.#member = member;
    member.isMerging = true;
    this.#copier = copier ?? new Copier();
    this.#stepSectors = mergeStepSectors ?? STEP_SECTORS;
    this.#flushSectors = mergeFlushSectors ?? Infinity;
    const write = member.supports.write && member.origin.device.supports.write;
    this.supports = Object.freeze({ ...member.supports, write });
    member.onEvent = () => this.#onEvent();
  }

  get sectorCount(): number {
    return this.#member.sectorCount;
  }

  get limits(): DeviceLimits {
    return this.#member.limits;
  }

  get devices(): readonly BlockDevice[] {
    return this.#member.devices;
  }

  get exceptions(): ExceptionTable | null {
    return this.#member.table;
  }

  set onEvent(listener: () => void) {
    this.#onEvent = listener;
  }

  get failure(): unknown {
    return this.#failure?.cause;
  }

  map(request: Mapping): void {
    if (request.kind === "discard") return request.end(request.sectorCount);
    const { table, cow } = this.#member;
    if (table === null || !table.isValid) return this.#mapToOrigin(request);
    const { chunkSectors } = table;
    const chunk = chunkOf(request.sector, chunkSectors);
    const wanted = chunkOf(request.sector + request.sectorCount - 1, chunkSectors) - chunk + 1;
    const newChunk = table.find(chunk, wanted);
    const runEnd = (chunk + table.runLength) * chunkSectors;
    request.sectorCount = Math.min(request.sectorCount, runEnd - request.sector);
    if (newChunk < 0) return this.#mapToOrigin(request);
    const cowSector = (newChunk - chunk) * chunkSectors + request.sector;
    if (request.kind === "read") return request.remap(cow, cowSector, request.sectorCount);
    const last = chunkOf(request.sector + request.sectorCount - 1, chunkSectors);
    const run = this.#mergingBetween(chunk, last);
    if (run !== null) {
      if (run.oldChunk <= chunk) return request.submit(this.#waitThenRetry());
      request.sectorCount = run.oldChunk * chunkSectors - request.sector;
    }
    const end = chunkOf(request.sector + request.sectorCount - 1, chunkSectors);
    if (request.fua && !table.isSettled(chunk, end)) return request.submit(settleThenRetry(table));
    request.remap(cow, cowSector, request.sectorCount);
    request.track(this.#writers, chunk, end);
  }

  *planFlush(): Plan {
    const { origin, cow, table } = this.#member;
    yield flushStep(origin.device);
    if (table === null || !table.isValid) yield flushStep(cow);
    else yield* table.settleMerge();
  }

  isBusy(): boolean {
    return this.#merging.length > 0 || !this.#writers.isEmpty || this.#member.origin.isBusy;
  }

  status(): string {
    const status = this.#member.status();
    return this.#failure !== null && status !== "Invalid" ? "Merge failed" : status;
  }

  table(): string {
    return this.#member.words();
  }

  *presuspend(): Plan {
    this.#isStopping = true;
    try {
      while (this.#isRunning) yield waitStep(this.#changed.next, "the merge to pause");
    } catch (error) {
      this.#isStopping = false; // A synchronous caller cannot wait: nothing has changed.
      throw error;
    }
  }

  postsuspend(): void {
    this.#member.postsuspend();
  }

  preresume(): void {
    this.#requireOnlyMerge();
    this.#member.preresume();
  }

  *resume(): Plan {
    yield* this.#member.resume();
    if (this.#member.table !== null) yield* this.#member.table.freeze();
    this.#isStopping = false;
    this.#failure = null;
  }

  *background(): Plan {
    const { table } = this.#member;
    if (table === null || this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (!this.#isStopping && table.isValid) {
        const runs = yield* table.prepareMerge(divCeil(this.#stepSectors, table.chunkSectors));
        if (runs.length === 0) {
          this.#member.raise({ kind: "merged" });
          return;
        }
        yield* this.#mergeRuns(table, runs);
      }
    } catch (cause) {
      this.#failure = { cause };
      this.#member.raise({ kind: "merge failed", cause });
    } finally {
      this.#isRunning = false;
      this.#changed.raise();
    }
  }

  destroy(): Plan {
    return this.#member.destroy();
  }

  /** Of two merges into one origin the second would show, and keep, what the first one writes. */
  #requireOnlyMerge(): void {
    const { origin, cow } = this.#member;
    const other = origin.members.find((member) =>
      member.isMerging && member.cow !== cow && (member.table?.exceptionCount ?? 0) > 0
    );
    if (other === undefined) return;
    this.#member.refuse(
      "A snapshot is already merging.",
      `"${other.cow.name}" is being merged into its origin`,
    );
  }

  #mapToOrigin(request: Mapping): void {
    const { origin } = this.#member;
    if (request.kind === "read") {
      request.remap(origin.device, request.sector, request.sectorCount);
    } else {
      origin.mapWrite(request);
    }
  }

  *#waitThenRetry(): Plan<number> {
    yield waitStep(this.#changed.next, "the merge of these chunks");
    return 0;
  }

  /** Of the runs that are being merged the one with the lowest chunk between two. */
  #mergingBetween(first: number, last: number): ExceptionRun | null {
    let lowest: ExceptionRun | null = null;
    for (const run of this.#merging) {
      if (run.oldChunk > last || first >= run.oldChunk + run.count) continue;
      if (lowest === null || run.oldChunk < lowest.oldChunk) lowest = run;
    }
    return lowest;
  }

  *#mergeRuns(table: ExceptionTable, runs: readonly ExceptionRun[]): Plan {
    const { origin } = this.#member;
    const ranges = runs.map((run) => this.#rangeOf(run, table.chunkSectors));
    yield* origin.overwrite(ranges, this.#member, this.#foldBack(table, runs, ranges));
  }

  /** Which sectors of the origin a run is. */
  #rangeOf({ oldChunk, count }: ExceptionRun, chunkSectors: number): SectorRange {
    const { origin, sectorCount: viewEnd } = this.#member;
    const sector = oldChunk * chunkSectors;
    const runEnd = sector + count * chunkSectors;
    // The last chunk of the view may reach beyond its end: what lies there is the origin's own.
    const end = runEnd - viewEnd < chunkSectors ? viewEnd : origin.device.sectorCount;
    return { sector, sectorCount: Math.min(runEnd, end) - sector };
  }

  *#foldBack(
    table: ExceptionTable,
    runs: readonly ExceptionRun[],
    ranges: readonly SectorRange[],
  ): Plan {
    const { device } = this.#member.origin;
    this.#merging = runs;
    try {
      if (!this.#writers.isEmpty) {
        for (const { oldChunk, count } of runs) {
          yield* this.#writers.drain(oldChunk, oldChunk + count - 1);
        }
      }
      const copies = ranges.map(({ sector: targetSector, sectorCount }, index) => {
        const sector = runs[index]!.newChunk * table.chunkSectors;
        return { source: this.#member.cow, sector, targetSector, sectorCount };
      });
      yield* copyDurably(this.#copier, device, copies, this.#flushSectors);
      yield* table.commitMerge(runs);
    } finally {
      this.#merging = [];
      this.#changed.raise();
    }
  }
}

function* settleThenRetry(table: ExceptionTable): Plan<number> {
  yield* table.settleMerge();
  return 0;
}

/**
 * Plans a merge: checks what it is made of and reads its exceptions, or waits for them to be handed
 * over by the active snapshot on the same COW device.
 *
 * @param options What it is made of.
 * @returns The target.
 * @throws {TargetError} When it cannot be made; nothing was changed.
 * @throws {RangeError} When `mergeFlushSectors` is no number of sectors.
 */
export function* planSnapshotMerge(options: SnapshotOptions): Plan<SnapshotView> {
  if (options.store === "N") {
    throw new TargetError(
      "EINVAL",
      "Snapshot exception store does not support snapshot-merge.",
      "Cannot merge a snapshot with a transient store (N): it has nothing that outlives it",
    );
  }
  const { mergeFlushSectors = 1 } = options;
  if (!Number.isSafeInteger(mergeFlushSectors) || mergeFlushSectors < 1) {
    throw new RangeError(
      `Cannot flush a merge after ${mergeFlushSectors} sectors: want a whole number from 1 on`,
    );
  }
  const member = yield* SnapshotMember.construct(options);
  return new SnapshotMergeTarget(member, options);
}

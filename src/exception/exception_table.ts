/**
 * The exception table: the heart, and the layer that the 2003 proposal asked for.
 *
 * It says which chunks of a *source* device have been replaced by chunks of a *destination* device,
 * makes new such exceptions, and answers when a chunk of the source may be overwritten. Snapshots,
 * merging and bad-block relocation are thin users of it; none of them sees its insides.
 *
 * **State**, stated here and nowhere else: source, destination, chunk size, store, whether it is valid.
 *
 * | a chunk is | meaning | next |
 * |---|---|---|
 * | absent | the source holds its data | break |
 * | pending | allocated; its data is on its way or waits to be committed | complete, or the table is invalid |
 * | complete | the destination holds its data | merged: absent again |
 * | settled | complete, and durable | |
 *
 * **Invariants**
 * - Exceptions are committed in the order of allocation, whatever order their data arrives in. One
 *   commit at a time; it takes every run that is ready, so commits group themselves under load.
 * - A chunk of the source is overwritten only when its exception is settled and no read of the source
 *   through this table is under way on it (`source_guard.ts`).
 * - Exceptions made for an origin write settle at once. Those of a write to the view do with durability
 *   `each`, and with `flush` at the next flush or FUA. Those that only keep what was read settle with
 *   whatever settles next. So complete implies settled nowhere, and who needs it asks.
 *
 * **Failure**: a copy or a commit that fails, or a full destination that nobody else may refuse,
 * makes the table invalid: durably in its store first, then reads and writes through it fail with
 * `EIO`. It never makes an origin write fail.
 *
 * Longer than most files: the verbs are many, and each is a few lines under its contract.
 *
 * This module is browser compatible.
 *
 * @see the Snapshot Proposal (2003), `struct exception_table`; dm-snap.c, `pending_complete()`
 * @module
 */

import { type BlockDevice, isBusyDevice } from "../block/device.ts";
import { assert, BlockDeviceError } from "../block/errors.ts";
import { flushStep, type Plan, waitStep } from "../block/plan.ts";
import { Copier, tryCopyInKernel } from "../copier/mod.ts";
import { ExceptionIndex } from "../kernel/mod.ts";
import { ChunkFence } from "./chunk_fence.ts";
import { CommitQueue } from "./commit_queue.ts";
import { loadRuns } from "./load_runs.ts";
import type { ExceptionRun, ExceptionStore, StoreUsage } from "./store/exception_store.ts";
import type { PendingException } from "./pending_exceptions.ts";
import type { Durability, ExceptionTableOptions, Fill, Settling } from "./table_options.ts";
import { type TableEvent, UsageWatch } from "./usage_watch.ts";

/** Which chunks of a source have been replaced by which of a destination. */
export class ExceptionTable {
  /** The device whose chunks are excepted. */
  readonly source: BlockDevice;
  /** The device that holds the replacements. */
  readonly destination: BlockDevice;
  /** Sectors in a chunk. */
  readonly chunkSectors: number;
  /** Chunks that exceptions are made for in one go, at most. */
  readonly breakChunksMax: number;
  /** Asynchronous reads of the source through this table. */
  readonly readers: ChunkFence = new ChunkFence();
  /** Told of every event; set by whoever owns the table. */
  onEvent: (event: TableEvent) => void = () => {};
  readonly #store: ExceptionStore;
  readonly #durability: Durability;
  readonly #copier: Copier;
  readonly #pendingChunksMax: number;
  readonly #log: (line: string) => void;
  readonly #complete: ExceptionIndex;
  readonly #queue: CommitQueue;
  readonly #copyOut: Fill = (run) => this.copyOut(run);
  /** Complete exceptions that are being made again, elsewhere. */
  readonly #replaced = new Set<number>();
  readonly #watch: UsageWatch;
  #hasOverflowed = false;
  #isFrozen = false;

  private constructor(
    options: ExceptionTableOptions,
    complete: ExceptionIndex,
    isValid: boolean,
  ) {
    this.#complete = complete;
    this.source = options.source;
    this.destination = options.destination;
    this.chunkSectors = options.store.chunkSectors;
    this.#store = options.store;
    this.#durability = options.durability ?? "each";
    this.#copier = options.copier ?? new Copier();
    this.#pendingChunksMax = options.pendingChunksMax ?? 2048;
    this.breakChunksMax = Math.max(1, Math.min(4096 / this.chunkSectors, this.#pendingChunksMax));
    this.#log = options.log ?? (() => {});
    this.#watch = new UsageWatch(options.watermarksPercent ?? [50, 80, 95]);
    this.#queue = new CommitQueue(options.store, isValid, {
      onComplete: ({ oldChunk, newChunk, count }) => {
        if (this.#replaced.delete(oldChunk)) this.#complete.remove(oldChunk, 1);
        const isNew = this.#complete.insert(oldChunk, newChunk, count);
        assert(isNew, "a chunk is excepted once");
      },
      onInvalidating: (reason) => this.#log(`snapshots: Invalidating snapshot: ${reason}.`),
      onInvalid: (reason) => this.onEvent({ kind: "invalid", reason }),
    }, options.onFailure === "refuse");
  }

  /**
   * Opens a table: reads what its store remembers.
   *
   * @param options What it is made from.
   * @returns The table, and whether the store was fresh.
   * @throws {BlockDeviceError} When the store cannot be read or does not make sense.
   */
  static *open(
    options: ExceptionTableOptions,
  ): Plan<{ table: ExceptionTable; isFresh: boolean }> {
    const complete = new ExceptionIndex();
    try {
      const state = yield* loadRuns(complete, options);
      const table = new ExceptionTable(options, complete, state !== "invalid");
      if (state === "invalid") table.#log("snapshots: Snapshot is marked invalid.");
      else table.#watch.see(options.store.usage());
      return { table, isFresh: state === "fresh" };
    } catch (error) {
      complete.destroy();
      options.store.destroy();
      throw error;
    }
  }

  // What it is.

  /** dm's letters of the store. */
  get storeType(): ExceptionStore["type"] {
    return this.#store.type;
  }

  /** Whether the exceptions can be used. */
  get isValid(): boolean {
    return this.#queue.isValid;
  }

  /** Whether a write was refused because the destination is full (store `PO`). */
  get hasOverflowed(): boolean {
    return this.#hasOverflowed;
  }

  /** How full the destination is. */
  get usage(): StoreUsage {
    return this.#store.usage();
  }

  /** How many chunks are excepted. */
  get exceptionCount(): number {
    return this.#complete.exceptionCount;
  }

  /** Whether the store can merge. */
  get canMerge(): boolean {
    return this.#store.prepareMerge !== undefined;
  }

  /**
   * Whether a synchronous write would have to wait: exceptions are being made, merged or settled, or
   * a device below is busy. Reads of the source do not count.
   */
  get isBusy(): boolean {
    return this.#queue.isBusy || this.#queue.pending.chunkCount > 0 ||
      isBusyDevice(this.source) || isBusyDevice(this.destination);
  }

  // Looking up.

  /** Set by {@linkcode find}: for how many chunks, from the one looked up on, the answer holds. */
  get runLength(): number {
    return this.#complete.runLength;
  }

  /**
   * Looks for a complete exception.
   *
   * @param oldChunk The chunk of the source.
   * @param chunksWanted For how many chunks, from this one on, an answer is of use.
   * @returns The chunk of the destination, or -1. {@linkcode runLength} says how many chunks from
   * this one on share the answer: consecutive on both sides, or all absent.
   */
  find(oldChunk: number, chunksWanted: number): number {
    return this.#complete.find(oldChunk, chunksWanted);
  }

  /**
   * Looks for a pending exception.
   *
   * @param first The first chunk to look at.
   * @param last The last one.
   * @returns The run with the lowest chunk, or `null`.
   */
  findPending(first: number, last: number): PendingException | null {
    return this.#queue.pending.chunkCount === 0 ? null : this.#queue.pending.find(first, last);
  }

  /**
   * All complete exceptions.
   *
   * @returns Runs, in the order of allocation.
   */
  runs(): ExceptionRun[] {
    return [...this.#complete.runs()].sort((a, b) => a.newChunk - b.newChunk);
  }

  // Making exceptions.

  /**
   * How many exceptions may be made now.
   *
   * @param first The first chunk; it and the following ones are absent or pending.
   * @param last The last one.
   * @returns How many chunks from the first on {@linkcode break} may be asked for. 0: something stands
   * in the way, which {@linkcode unblocked} waits for.
   */
  breakableChunks(first: number, last: number): number {
    if (this.#isThrottled) return 0;
    const pending = this.findPending(first, last);
    const end = pending === null ? last + 1 : pending.oldChunk;
    return Math.max(0, Math.min(end - first, this.breakChunksMax));
  }

  /**
   * Waits for what stands in the way: a chunk that is pending already, or too many that are. Holds
   * nothing while it waits. Look again afterwards.
   *
   * @param chunk The first chunk.
   */
  *unblocked(chunk: number): Plan {
    const pending = this.findPending(chunk, chunk);
    if (pending === null) {
      while (this.#isThrottled) yield waitStep(this.#queue.nextChange, "copies under way");
    } else {
      yield waitStep(pending.done, `the copy of chunk ${pending.oldChunk}`);
    }
  }

  get #isThrottled(): boolean {
    return this.#queue.pending.chunkCount >= this.#pendingChunksMax;
  }

  /**
   * Makes exceptions: allocates, fills, commits.
   *
   * @param first The first chunk; it and the following ones are absent.
   * @param count How many, at most {@linkcode breakChunksMax}.
   * @param settling When they become durable.
   * @param fill Writes the data of a run. Default: it is copied from the source.
   * @returns How many were made, from the first on. 0: the destination is full, nothing was done.
   * @throws {BlockDeviceError} `EIO` when the data or the metadata could not be written; the table is
   * then invalid, unless it refuses instead or the store has retired the new chunks for it.
   */
  break(
    first: number,
    count: number,
    settling: Settling,
    fill: Fill = this.#copyOut,
  ): Plan<number> {
    const isNow = settling === "now" || (settling === "policy" && this.#durability === "each");
    return this.#make(first, count, isNow, fill);
  }

  /**
   * Makes an exception again, because what the destination holds for it can no longer be written. The
   * earlier one stays in use until the new one is settled.
   *
   * @param chunk The chunk; it is complete.
   * @param fill Writes its data.
   * @returns How many were made: 1, or 0 when the destination is full.
   * @throws {BlockDeviceError} As {@linkcode break}.
   */
  *replace(chunk: number, fill: Fill): Plan<number> {
    assert(this.find(chunk, 1) >= 0, "only a complete exception is replaced");
    this.#replaced.add(chunk);
    try {
      return yield* this.#make(chunk, 1, true, fill);
    } finally {
      this.#replaced.delete(chunk);
    }
  }

  *#make(first: number, count: number, isNow: boolean, fill: Fill): Plan<number> {
    const runs = this.#allocate(first, count, isNow);
    for (const run of runs) {
      try {
        const filling = fill(run);
        if (filling !== null) yield* filling;
      } catch (error) {
        run.failure = error;
      }
      run.isFilled = true;
    }
    const last = runs.at(-1);
    if (last === undefined) return 0;
    yield* this.#queue.commitThrough(last);
    for (const run of runs) {
      if (run.failure !== null) throw this.isValid ? run.failure : this.#failed(run.failure);
    }
    return last.lastOldChunk - first + 1;
  }

  #allocate(first: number, count: number, isNow: boolean): PendingException[] {
    this.requireValid("write");
    assert(!this.#isFrozen, "a frozen table makes no exceptions");
    const runs = this.#queue.allocate(first, count, isNow);
    for (const event of this.#watch.see(this.#store.usage())) this.onEvent(event);
    return runs;
  }

  /**
   * Makes complete exceptions durable, and data before them. What a flush of a snapshot does.
   */
  *settle(): Plan {
    if (!this.#queue.isValid || this.#store.unsettledCount === 0) {
      yield flushStep(this.destination);
      return;
    }
    yield* this.#queue.settle();
    this.requireValid("flush");
  }

  /**
   * Whether the exceptions of these chunks would survive a loss of power now.
   *
   * @param first The first chunk.
   * @param last The last one.
   */
  isSettled(first: number, last: number): boolean {
    return !this.#queue.unsettled.overlaps(first, last);
  }

  // Ending.

  /**
   * Makes the table unusable, for ever if its store is persistent. Idempotent.
   *
   * @param reason Why, in dm's words.
   */
  invalidate(reason: string): Plan {
    return this.#queue.invalidate(reason);
  }

  /** Refuses further writes because the destination is full; reads go on. Store `PO`. */
  overflow(): void {
    if (this.#hasOverflowed) return;
    this.#hasOverflowed = true;
    this.#log("snapshots: Snapshot overflowed: Unable to allocate exception.");
    this.onEvent({ kind: "overflow" });
  }

  /**
   * Refuses when the table is invalid.
   *
   * @param verb The request, for the message.
   * @throws {BlockDeviceError} `EIO`.
   */
  requireValid(verb: string): void {
    if (this.#queue.isValid) return;
    throw new BlockDeviceError(
      "EIO",
      `Cannot ${verb} through the exceptions on "${this.destination.name}": they are invalid`,
      { device: this.destination.name },
    );
  }

  /** Waits until an invalidation that is under way has reached the store. */
  *invalidated(): Plan {
    while (this.#queue.isInvalidating) yield waitStep(this.#queue.nextChange, "an invalidation");
  }

  /** Whether an invalidation is under way and has not reached the store. */
  get isInvalidating(): boolean {
    return this.#queue.isInvalidating;
  }

  /** Whether the source is guarded: the exceptions can be used, and more of them can be made. */
  get isGuarding(): boolean {
    return this.#queue.isValid && !this.#isFrozen;
  }

  /**
   * Makes no exceptions from now on, because the table is to be merged or to end, and waits for
   * those that are being made.
   */
  *freeze(): Plan {
    this.#isFrozen = true;
    while (this.#queue.isBusy || this.#queue.pending.chunkCount > 0) {
      yield waitStep(this.#queue.nextChange, "exceptions being made");
    }
  }

  /** Makes exceptions again. */
  thaw(): void {
    this.#isFrozen = false;
  }

  // Merging: the newest exceptions go first. What fails here leaves the exceptions in use.

  /**
   * The newest exceptions that can be merged in one go.
   *
   * @param countMax No further run is taken once there are so many.
   * @returns Runs, the newest first; none when no exception is left.
   */
  prepareMerge(countMax: number): Plan<ExceptionRun[]> {
    assert(this.#store.prepareMerge !== undefined, "only a store that can merge is merged");
    return this.#queue.exclusively(this.#store.prepareMerge(countMax));
  }

  /**
   * Forgets the newest exceptions; the source holds their data now, durably.
   *
   * @param runs What {@linkcode prepareMerge} returned.
   */
  *commitMerge(runs: readonly ExceptionRun[]): Plan {
    assert(this.#store.commitMerge !== undefined, "only a store that can merge is merged");
    const count = runs.reduce((sum, run) => sum + run.count, 0);
    try {
      yield* this.#queue.exclusively(this.#store.commitMerge(count));
    } catch (error) {
      for (const run of [...runs].reverse()) this.#queue.unsettled.add(run); // It may have them no more.
      throw error;
    }
    this.#forget(runs);
  }

  /** A loop of its own: the engine is slow with those in generators. */
  #forget(runs: readonly ExceptionRun[]): void {
    for (const { oldChunk, count } of runs) this.#complete.remove(oldChunk, count);
  }

  /** As {@linkcode settle}, but a failure leaves the exceptions in use. */
  settleMerge(): Plan {
    return this.#queue.exclusively(this.#store.commitExceptions([], true));
  }

  /**
   * dm's status of the table.
   *
   * @returns `Invalid`, `Overflow`, or `allocated/total metadata` in sectors.
   */
  status(): string {
    if (!this.#queue.isValid) return "Invalid";
    if (this.#hasOverflowed) return "Overflow";
    const { allocatedSectors, totalSectors, metadataSectors } = this.#store.usage();
    return `${allocatedSectors}/${totalSectors} ${metadataSectors}`;
  }

  /**
   * Verifies what can be verified without I/O.
   *
   * @throws {Error} When an invariant is broken.
   */
  check(): void {
    this.#complete.check();
    this.#queue.check();
  }

  /** Ends use of the table. Does no I/O; the devices stay open. */
  destroy(): void {
    this.#complete.destroy();
    this.#store.destroy();
  }

  /**
   * Copies chunks of the source to where their exceptions will be. For a {@linkcode Fill}.
   *
   * @param run Which chunks; the last one may be cut short by the source's end, in whole blocks of
   * the destination.
   * @returns The plan, or `null` when it is done: both devices lie in kernel memory.
   */
  copyOut({ oldChunk, newChunk, count }: ExceptionRun): Plan | null {
    const { source, destination, chunkSectors } = this;
    const sector = oldChunk * chunkSectors;
    const targetSector = newChunk * chunkSectors;
    const block = destination.limits.logicalSectors;
    const sourceEnd = Math.floor(source.sectorCount / block) * block;
    const sectorCount = Math.min(count * chunkSectors, sourceEnd - sector);
    if (tryCopyInKernel(source, sector, destination, targetSector, sectorCount)) return null;
    const targets = [{ device: destination, sector: targetSector }];
    return this.#copier.copy({ source, sector, sectorCount, targets });
  }

  #failed(cause: unknown): BlockDeviceError {
    return new BlockDeviceError(
      "EIO",
      `Cannot make an exception on "${this.destination.name}": its exceptions are invalid now`,
      { device: this.destination.name, cause },
    );
  }
}

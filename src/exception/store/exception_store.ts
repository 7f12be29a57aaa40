/**
 * The contract of an exception store: what remembers exceptions, and where on the destination device
 * the next one may go. An {@linkcode ExceptionTable} talks to its store through these verbs alone.
 *
 * | 2003 proposal | here |
 * |---|---|
 * | `read_metadata` | {@linkcode ExceptionStore.readMetadata} |
 * | `prepare_exception` | {@linkcode ExceptionStore.prepareException} |
 * | `commit_exception` | {@linkcode ExceptionStore.commitExceptions}, a batch at a time |
 * | `invalidate` | {@linkcode ExceptionStore.invalidate} |
 * | `fraction_full` | {@linkcode ExceptionStore.usage} |
 * | `destroy` | {@linkcode ExceptionStore.destroy} |
 * | — | {@linkcode ExceptionStore.retireException}, for destinations with bad chunks |
 * | — (2009) | {@linkcode ExceptionStore.prepareMerge}, {@linkcode ExceptionStore.commitMerge} |
 *
 * The order of calls is the table's promise, so a store needs no locks: `readMetadata` once and
 * before anything else; `commitExceptions`, `invalidate` and the merge verbs never while another of
 * them is under way; exceptions are committed in the order in which they were prepared, all of them
 * or the store is invalidated.
 *
 * Stores: persistent `P` and `PO` (Linux's format), transient `N`, relocated blocks (EVMS's format).
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError, codeOf } from "../../block/errors.ts";
import type { Plan } from "../../block/plan.ts";

/** dm's letters: persistent, persistent with overflow instead of invalidation, transient. */
export type StoreType = "P" | "PO" | "N";

/** Old chunks that new chunks stand for: `count` of them, both sides consecutive. */
export interface ExceptionRun {
  /** The first chunk of the source. */
  readonly oldChunk: number;
  /** The first chunk of the destination. */
  readonly newChunk: number;
  /** How many. */
  readonly count: number;
}

/** How full the destination is, in sectors: the numbers of dm's status line. */
export interface StoreUsage {
  /** From the start of the device to the next free chunk. */
  readonly allocatedSectors: number;
  /** The size of the device. */
  readonly totalSectors: number;
  /** How much of the allocated is metadata. */
  readonly metadataSectors: number;
}

/** A commit that failed midway. */
export class PartialCommit extends BlockDeviceError {
  /** How many exceptions, from the first on, were remembered, durably. */
  readonly committedCount: number;

  /**
   * Makes the error.
   *
   * @param committedCount How many exceptions were remembered.
   * @param cause What went wrong then.
   */
  constructor(committedCount: number, cause: unknown) {
    const message = cause instanceof Error ? cause.message : String(cause);
    super(codeOf(cause), message, { cause });
    this.name = "PartialCommit";
    this.committedCount = committedCount;
  }
}

/** Remembers exceptions. */
export interface ExceptionStore {
  /** dm's letters; `bbr` for the store of relocated blocks, whose type no table line names. */
  readonly type: StoreType | "bbr";
  /** Sectors in a chunk. For a persistent store known only after `readMetadata`. */
  readonly chunkSectors: number;
  /** Exceptions that were committed but are not yet durable. */
  readonly unsettledCount: number;
  /**
   * Reads what was remembered. No I/O to the destination may be done before this has ended.
   *
   * @param onRun Called for every run of exceptions, in the order of allocation.
   * @returns `fresh` for a store that was empty, `loaded`, or `invalid` when it was invalidated.
   * @throws {BlockDeviceError} `EIO` when it cannot be read, `ENXIO` when it is something else,
   * `EINVAL` when it does not make sense. Nothing was changed.
   */
  readMetadata(onRun: (run: ExceptionRun) => void): Plan<"fresh" | "loaded" | "invalid">;
  /**
   * Finds room for the next exception.
   *
   * @returns The new chunk, or -1 when the destination is full.
   */
  prepareException(): number;
  /**
   * Remembers exceptions whose data is written, in the order of allocation.
   *
   * @param runs The exceptions; none to make the earlier ones durable, and with them all data.
   * @param durable Whether they must be durable when this ends.
   * @throws {PartialCommit} When only some could be remembered. The others are given up.
   * @throws {BlockDeviceError} When none could be.
   */
  commitExceptions(runs: readonly ExceptionRun[], durable: boolean): Plan;
  /**
   * Notes, durably, that new chunks cannot be written, and never hands them out again. Left out: an
   * exception that cannot be filled makes the store invalid.
   *
   * @param run Prepared exceptions that will not be committed.
   */
  retireException?(run: ExceptionRun): Plan;
  /**
   * Gives prepared exceptions up; some of their new chunks may be lost until the store is read again. Left out:
   * an exception that cannot be filled makes the store invalid, or is retired.
   *
   * @param run Prepared exceptions that will not be committed.
   */
  abandonException?(run: ExceptionRun): void;
  /** Notes for ever that the exceptions are not to be used. */
  invalidate(): Plan;
  /** How full the destination is. */
  usage(): StoreUsage;
  /**
   * The newest exceptions, which can be forgotten in one go.
   *
   * @param countMax No further run is taken once there are so many. Default 1: one run.
   * @returns Runs, the newest first; none when no exception is left.
   */
  prepareMerge?(countMax?: number): Plan<ExceptionRun[]>;
  /**
   * Forgets the newest exceptions, durably. When that fails they are remembered, but unsettled.
   *
   * @param count How many: all of the first runs that {@linkcode prepareMerge} returned.
   */
  commitMerge?(count: number): Plan;
  /** Ends use of the store. Does no I/O. */
  destroy(): void;
}

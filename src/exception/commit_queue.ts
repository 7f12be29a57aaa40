/**
 * The commit queue: from "allocated" to "remembered", in order, one commit at a time.
 *
 * It is the only caller of its store. Whoever has filled a run either becomes the committer, and then
 * takes every run that is ready at the front of the queue, or waits for the committer. So a lone
 * write is committed at once, and under load commits group themselves.
 *
 * **Validity** is stated here, once for the whole exception table. When data or metadata cannot be
 * written the queue turns invalid: first in memory, so that nobody trusts it from then on, then in
 * the store; an origin write that waits goes on only after both.
 *
 * **Failure**: every run that was not committed before fails with `EIO` and its cause. A store that
 * can retire new chunks is told of those that could not be filled, and stays valid. A *forgiving*
 * queue stays valid whatever fails: what was not committed fails, and nothing else.
 *
 * This module is browser compatible.
 *
 * @see dm-snap.c, `copy_callback()` and `pending_complete()`
 * @module
 */

import { assert, BlockDeviceError, codeOf } from "../block/errors.ts";
import { type Gate, Signal } from "../block/gate.ts";
import { type Plan, waitStep } from "../block/plan.ts";
import { type ExceptionRun, type ExceptionStore, PartialCommit } from "./store/exception_store.ts";
import { PendingException, PendingExceptions } from "./pending_exceptions.ts";
import { UnsettledRuns } from "./unsettled_runs.ts";

/** What happens outside the queue. */
export interface CommitQueueEvents {
  /** A run is complete: it must be found from now on. */
  onComplete(run: ExceptionRun): void;
  /** The queue is becoming invalid, for dm's reason; the store is not told yet. */
  onInvalidating(reason: string): void;
  /** The queue has become invalid, and its store knows. */
  onInvalid(reason: string): void;
}

/** How many exceptions a commit that failed has remembered. */
function committedCountOf(failure: unknown): number {
  return failure instanceof PartialCommit ? failure.committedCount : 0;
}

/** Commits exceptions to a store, in the order of allocation. */
export class CommitQueue {
  /** What is allocated and not yet committed. */
  readonly pending: PendingExceptions = new PendingExceptions();
  /** What is committed and not yet durable. */
  readonly unsettled: UnsettledRuns = new UnsettledRuns();
  readonly #store: ExceptionStore;
  readonly #events: CommitQueueEvents;
  readonly #isForgiving: boolean;
  readonly #changed = new Signal();
  #isBusy = false;
  #isValid: boolean;
  /** Whether the store was told that the exceptions are invalid. */
  #isDropped: boolean;

  /**
   * A queue in front of a store.
   *
   * @param store The store, already read.
   * @param isValid Whether its exceptions can be used.
   * @param events Who is told.
   * @param isForgiving Whether what fails is refused, and the exceptions stay valid.
   */
  constructor(
    store: ExceptionStore,
    isValid: boolean,
    events: CommitQueueEvents,
    isForgiving = false,
  ) {
    this.#store = store;
    this.#isForgiving = isForgiving;
    this.#isValid = isValid;
    this.#isDropped = !isValid;
    this.#events = events;
  }

  /** Whether the exceptions can be used. */
  get isValid(): boolean {
    return this.#isValid;
  }

  /** Whether the exceptions are invalid, and the store has not been told yet. */
  get isInvalidating(): boolean {
    return !this.#isValid && !this.#isDropped;
  }

  /** Whether the store is being written or read. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Opens at the next change of anything in here. */
  get nextChange(): Gate {
    return this.#changed.next;
  }

  /**
   * Allocates chunks of the destination and makes them pending.
   *
   * @param first The first old chunk.
   * @param count How many.
   * @param durable Whether they must be durable when they are committed.
   * @returns Runs for as many as there was room for, from the first on.
   */
  allocate(first: number, count: number, durable: boolean): PendingException[] {
    const made: PendingException[] = [];
    let start = 0;
    let newChunk = -1;
    const close = (index: number) => {
      if (index === start) return;
      const run = {
        oldChunk: first + start,
        newChunk: newChunk - (index - start),
        count: index - start,
      };
      const pending = new PendingException(run, durable);
      made.push(pending);
      this.pending.push(pending);
      start = index;
    };
    // `newChunk` is where the run would go on.
    let index = 0;
    for (; index < count; index++) {
      const allocated = this.#store.prepareException();
      if (allocated < 0) break;
      if (allocated !== newChunk) close(index);
      newChunk = allocated + 1;
    }
    close(index);
    return made;
  }

  /**
   * Commits everything up to a run, or waits for whoever does.
   *
   * @param last The run; it is filled, and so are those allocated with it.
   */
  *commitThrough(last: PendingException): Plan {
    while (!last.done.isOpen) {
      if (this.#isBusy) {
        yield waitStep(this.#changed.next, "a commit under way");
      } else if (this.pending.head?.isFilled) {
        this.#isBusy = true;
        try {
          yield* this.#commitReady();
        } finally {
          this.#release();
        }
      } else {
        yield waitStep(this.#changed.next, "the copy of an earlier chunk");
      }
    }
  }

  /**
   * Makes durable what is committed. Failing, it makes the queue invalid and does not throw; a forgiving
   * one stays valid and does.
   *
   * @throws {BlockDeviceError} `EAGAIN` when a device below would have to wait; nothing was changed.
   */
  *settle(): Plan {
    yield* this.exclusively(this.#settleStore());
  }

  /**
   * Makes the queue invalid, and durably so if its store can. Idempotent.
   *
   * @param reason Why, in dm's words.
   */
  *invalidate(reason: string): Plan {
    if (!this.#isValid) return;
    this.#isValid = false;
    yield* this.exclusively(this.#drop(reason));
  }

  /**
   * Performs a plan while nobody else uses the store.
   *
   * @param plan A plan of the store's.
   * @returns Its result.
   */
  *exclusively<Result>(plan: Plan<Result>): Plan<Result> {
    while (this.#isBusy) yield waitStep(this.#changed.next, "a commit under way");
    this.#isBusy = true;
    try {
      return yield* plan;
    } finally {
      this.#release();
    }
  }

  /**
   * Verifies what can be verified without I/O.
   *
   * @throws {Error} When an invariant is broken.
   */
  check(): void {
    if (this.#isBusy || this.pending.chunkCount > 0 || !this.#isValid) return;
    assert(
      this.unsettled.chunkCount >= this.#store.unsettledCount,
      "every exception that is not durable is known not to be",
    );
  }

  #release(): void {
    this.#isBusy = false;
    this.unsettled.keepNewest(this.#store.unsettledCount);
    this.#changed.raise();
  }

  *#commitReady(): Plan {
    const ready = this.#isValid ? this.pending.committable() : [];
    if (ready.length === 0) return yield* this.#failHead();
    let failure: unknown = null;
    try {
      yield* this.#store.commitExceptions(ready, ready.some((run) => run.durable));
      // Whatever is settled would be forgotten at once.
      if (this.#store.unsettledCount > 0) {
        for (const run of ready) this.unsettled.add(run);
      }
    } catch (error) {
      failure = error;
      if (!this.#isForgiving) yield* this.#giveUp();
    }
    const left = failure === null ? Infinity : this.#isValid ? committedCountOf(failure) : 0;
    if (this.#completeFirst(left, ready, failure) || this.#isDropped) return;
    // The store knows exceptions that nobody here can find. A later load will find them.
    if (this.#isForgiving) this.#isDropped = true;
    else yield* this.#drop("Unable to allocate exception");
  }

  /** Ends runs: so many exceptions are complete, the others have failed. Tells whether all are known. */
  #completeFirst(count: number, ready: readonly PendingException[], failure: unknown): boolean {
    let left = count;
    let isKnown = true;
    for (const run of ready) {
      const isWhole = left >= run.count;
      if (!isWhole) run.failure = failure;
      const { oldChunk, newChunk } = run;
      const part = isWhole ? run : { oldChunk, newChunk, count: left };
      if (part.count > 0) isKnown = this.#couldComplete(run, part) && isKnown;
      left -= part.count;
      this.pending.shift();
    }
    return isKnown;
  }

  /** Tells of a run that the store remembers. Without memory for that the queue is of no use. */
  #couldComplete(run: PendingException, part: ExceptionRun): boolean {
    try {
      this.#events.onComplete(part);
      return true;
    } catch (error) {
      run.failure = error;
      return this.#isValid = false;
    }
  }

  *#failHead(): Plan {
    const head = this.pending.head;
    assert(head !== undefined && head.isFilled, "the head of the queue was filled");
    head.failure ??= new BlockDeviceError("EIO", "Cannot commit: the exceptions are invalid");
    if (this.#isValid && !this.#couldAbandon(head) && !(yield* this.#couldRetire(head))) {
      yield* this.#giveUp();
    }
    this.pending.shift();
  }

  #couldAbandon(run: PendingException): boolean {
    if (!this.#isForgiving || this.#store.abandonException === undefined) return false;
    this.#store.abandonException(run);
    return true;
  }

  /** Whether the store takes it that these chunks could not be written. */
  *#couldRetire(run: PendingException): Plan<boolean> {
    // Only what is about the medium is about these chunks.
    if (this.#store.retireException === undefined || codeOf(run.failure) !== "EIO") return false;
    try {
      yield* this.#store.retireException(run);
      return true;
    } catch {
      return false;
    }
  }

  *#settleStore(): Plan {
    try {
      yield* this.#store.commitExceptions([], true);
    } catch (error) {
      if (codeOf(error) === "EAGAIN") throw error;
      if (!this.#isForgiving) yield* this.#giveUp();
      else if (this.#isValid) throw error;
    }
  }

  /** The store could not be written. */
  *#giveUp(): Plan {
    this.#isValid = false;
    yield* this.#drop("Error reading/writing");
  }

  *#drop(reason: string): Plan {
    if (this.#isDropped) return;
    this.#events.onInvalidating(reason);
    try {
      yield* this.#store.invalidate();
    } catch { /* The store has said so. On a device that fails nothing else can be done. */ }
    this.#isDropped = true;
    this.#events.onInvalid(reason);
  }
}

/**
 * Pending exceptions: allocated, being filled, not yet committed.
 *
 * They stand in a queue in the order of allocation, because that is the order in which they are
 * committed, whatever order their data arrives in. Otherwise a crash would leave holes in the
 * allocation that nothing ever gives back. An entry of the queue is a run: a request that breaks many
 * chunks at once waits, fails and commits as one.
 *
 * | state of a run | filled | failure | done |
 * |---|---|---|---|
 * | data on its way | no | – | closed |
 * | waiting for its turn to be committed | yes | – | closed |
 * | failed | yes | the error | closed, then open |
 * | complete | yes | – | open |
 *
 * The queue is as long as the requests in flight, which the copier and the table's threshold bound,
 * so it is scanned.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { Gate } from "../block/gate.ts";
import type { ExceptionRun } from "./store/exception_store.ts";

/** A run of exceptions under way. */
export class PendingException implements ExceptionRun {
  readonly oldChunk: number;
  readonly newChunk: number;
  readonly count: number;
  /** Whether the exceptions must be durable when they are committed. */
  readonly durable: boolean;
  /** Opens when the run is complete or has failed. */
  readonly done: Gate = new Gate();
  /** Whether the data has been written, or has failed to be. */
  isFilled = false;
  /** What went wrong. */
  failure: unknown = null;

  /**
   * A run whose data is on its way.
   *
   * @param run Which chunks.
   * @param durable Whether it must be durable when it is committed.
   */
  constructor(run: ExceptionRun, durable: boolean) {
    this.oldChunk = run.oldChunk;
    this.newChunk = run.newChunk;
    this.count = run.count;
    this.durable = durable;
  }

  /** The last old chunk. */
  get lastOldChunk(): number {
    return this.oldChunk + this.count - 1;
  }
}

/** The queue of pending exceptions. */
export class PendingExceptions {
  readonly #queue: PendingException[] = [];
  #chunkCount = 0;

  /** How many chunks are pending. */
  get chunkCount(): number {
    return this.#chunkCount;
  }

  /** The run that is to be committed next. */
  get head(): PendingException | undefined {
    return this.#queue[0];
  }

  /**
   * Adds the run that was allocated last.
   *
   * @param pending The run.
   */
  push(pending: PendingException): void {
    this.#queue.push(pending);
    this.#chunkCount += pending.count;
  }

  /** Takes the head out and lets its waiters go on. */
  shift(): void {
    const head = this.#queue.shift();
    if (head === undefined) return;
    this.#chunkCount -= head.count;
    head.done.open();
  }

  /**
   * The runs at the front that are filled without failure: what can be committed together.
   *
   * @returns They, in the order of allocation; still in the queue.
   */
  committable(): PendingException[] {
    const ready: PendingException[] = [];
    for (const each of this.#queue) {
      if (!each.isFilled || each.failure !== null) break;
      ready.push(each);
    }
    return ready;
  }

  /**
   * Looks for a pending chunk.
   *
   * @param first The first old chunk to look at.
   * @param last The last one.
   * @returns The run with the lowest chunk in that range, or `null`.
   */
  find(first: number, last: number): PendingException | null {
    let found: PendingException | null = null;
    for (const each of this.#queue) {
      if (each.oldChunk > last || each.lastOldChunk < first) continue;
      if (found === null || each.oldChunk < found.oldChunk) found = each;
    }
    return found;
  }
}

/**
 * Which complete exceptions are not durable yet: of writes with durability `flush`, and of reads.
 *
 * The store settles in the order of commit, so what is unsettled is always the newest; the list keeps
 * at least those and may keep a few more, which costs a needless flush and nothing else.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { ExceptionRun } from "./store/exception_store.ts";

/** The newest exceptions, as far as they are not durable. */
export class UnsettledRuns {
  #runs: ExceptionRun[] = [];
  #chunkCount = 0;

  /** How many chunks are in the list. */
  get chunkCount(): number {
    return this.#chunkCount;
  }

  /**
   * Adds what was committed last.
   *
   * @param run The exceptions.
   */
  add(run: ExceptionRun): void {
    this.#runs.push(run);
    this.#chunkCount += run.count;
  }

  /**
   * Forgets all but the newest.
   *
   * @param count How many must stay, at least.
   */
  keepNewest(count: number): void {
    let settled = 0;
    for (const run of this.#runs) {
      if (this.#chunkCount - run.count < count) break;
      this.#chunkCount -= run.count;
      settled++;
    }
    if (settled > 0) this.#runs = this.#runs.slice(settled);
  }

  /**
   * Whether some of these chunks are in the list.
   *
   * @param first The first old chunk.
   * @param last The last one.
   */
  overlaps(first: number, last: number): boolean {
    for (const run of this.#runs) {
      if (run.oldChunk <= last && first < run.oldChunk + run.count) return true;
    }
    return false;
  }
}

/**
 * Takeover: a layer becomes independent of the one it lies on.
 *
 * Every chunk that the lower layer holds and the upper one does not is copied up, through the upper
 * one's own exception table: so requests to the upper layer go on meanwhile, and wait for a chunk that
 * is under way as they always do. A chunk that was taken over is an exception like any other: a
 * takeover that was interrupted begins again and finds less to do.
 *
 * It is done in pieces, so that other work can come between. Afterwards the upper layer shows the same
 * on whatever the lower one lies on.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { assert, BlockDeviceError } from "../../block/errors.ts";
import type { Plan } from "../../block/plan.ts";
import type { ExceptionTable } from "../../exception/mod.ts";
import { type ChunkRun, HeldChunks } from "./held_chunks.ts";

/** The most sectors that are copied in one piece: 4 MiB. */
const PIECE_SECTORS = 8192;
/** The most runs that are looked at in one piece. */
const PIECE_RUNS = 4096;

/** How far a takeover, or anything else that moves chunks, has come. */
export interface MoveProgress {
  /** Chunks that were looked at. */
  readonly doneCount: number;
  /** Chunks to be looked at in all. */
  readonly totalCount: number;
}

/** What an upper layer takes over from a lower one. */
export class Takeover {
  #runs: readonly ChunkRun[] = [];
  #totalCount = 0;
  #runIndex = 0;
  /** Chunks of the run that were looked at. */
  #runDoneCount = 0;
  #doneCount = 0;

  /**
   * A takeover, at its beginning.
   *
   * @param lower The exceptions of the layer below.
   */
  constructor(lower: ExceptionTable) {
    this.#begin(lower);
  }

  /** How far it has come. */
  get progress(): MoveProgress {
    return { doneCount: this.#doneCount, totalCount: this.#totalCount };
  }

  /** Whether nothing is left. */
  get isDone(): boolean {
    return this.#runIndex === this.#runs.length;
  }

  /**
   * Does the next piece.
   *
   * @param upper The exceptions of the layer above, whose source shows what the lower layer holds.
   * @param lower The exceptions of the layer below. If it has more of them now than before, because it
   * is taking chunks over itself, everything is looked at again.
   */
  *advance(upper: ExceptionTable, lower: ExceptionTable): Plan {
    assert(upper.chunkSectors === lower.chunkSectors, "layers of a disk have one chunk size");
    if (lower.exceptionCount !== this.#totalCount) this.#begin(lower);
    let leftChunks = Math.max(1, PIECE_SECTORS / upper.chunkSectors);
    for (let seen = 0; leftChunks > 0 && seen < PIECE_RUNS && !this.isDone; seen++) {
      const { first, count } = this.#runs[this.#runIndex] as ChunkRun;
      const chunk = first + this.#runDoneCount;
      const countMax = Math.min(count - this.#runDoneCount, Math.ceil(leftChunks));
      const isThere = upper.find(chunk, count - this.#runDoneCount) >= 0;
      const sameCount = upper.runLength;
      const done = isThere
        ? Math.min(sameCount, count - this.#runDoneCount)
        : yield* copyUp(upper, chunk, Math.min(sameCount, countMax));
      if (!isThere) leftChunks -= done;
      this.#note(count, done);
    }
  }

  #begin(lower: ExceptionTable): void {
    const held = HeldChunks.of([lower]);
    this.#runs = held.runs;
    this.#totalCount = held.count;
    this.#runIndex = 0;
    this.#runDoneCount = 0;
    this.#doneCount = 0;
  }

  #note(runCount: number, done: number): void {
    this.#doneCount += done;
    this.#runDoneCount += done;
    if (this.#runDoneCount < runCount) return;
    this.#runIndex++;
    this.#runDoneCount = 0;
  }
}

/** Makes exceptions of chunks that are absent; tells of how many. 0: something was waited for. */
function* copyUp(upper: ExceptionTable, first: number, countMax: number): Plan<number> {
  const count = upper.breakableChunks(first, first + countMax - 1);
  if (count === 0) {
    yield* upper.unblocked(first);
    return 0;
  }
  const made = yield* upper.break(first, count, "later");
  if (made > 0) return made;
  throw new BlockDeviceError(
    "ENOSPC",
    `Cannot take chunks over: "${upper.destination.name}" is full`,
  );
}

/**
 * The exception index: which new chunk holds what an old chunk held, for millions of chunks.
 *
 * A typed face of `assembly/exception_index.ts`. The exceptions lie in kernel memory, so they cost
 * the garbage collector nothing. Exceptions that continue each other, old and new chunk both one
 * further, are kept as one *run*: within a window of 16 chunks, or, where whole windows continue each
 * other, within a group of 256. So a snapshot written in order is cheap:
 *
 *     isolated exceptions    10.7 to 12.6 bytes each
 *     written in order       0.05 bytes each
 *
 * (plus what rounding up to pages of 64 KiB adds). A look-up is one call and allocates nothing.
 *
 * Invariants: an old chunk is in the index once; what failed has changed nothing; an index that was
 * cleared, or that lost its last exception, holds no page.
 *
 * Fails: arguments that are no chunk numbers with a `RangeError`; a full arena with `ENOMEM`; a
 * destroyed index with a `TypeError`.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { BlockDeviceError } from "../block/errors.ts";
import { Arena, kernelOf, workspaceOf } from "./arena.ts";
import { type KernelExports, PAGE_BYTES, STAGING_BYTES, STAGING_OFFSET } from "./module.ts";

/** Chunk numbers, old and new, are below this: 1 PiB in chunks of 4 KiB. */
export const CHUNKS_MAX = 2 ** 38;

/** More chunks than this are never asked for at once. */
const CHUNKS_WANTED_MAX = 256;

/** As in `assembly/exception_change.ts`. */
const EXISTS = -1;
const NO_MEMORY = -2;

/** As in `assembly/index_check.ts`, from 1 on. */
const BROKEN_LAWS = [
  "its memory is not as large as it says",
  "an empty slot is not empty",
  "a run crosses the end of its window or group",
  "two runs overlap or are out of order",
  "a run is not where its key and its neighbours put it",
  "two runs continue each other and are not one",
  "it holds more or fewer runs than it says",
  "it holds more or fewer exceptions than it says",
  "it is fuller than it may be",
  "a short run fills its window",
  "a window is in a long run and has a short one",
];

/** In the staging: a cursor of 8 bytes, then records of three f64. */
const RUN_NUMBERS = 3;
const RUNS_MAX = Math.floor((STAGING_BYTES / 8 - 1) / RUN_NUMBERS);

/** A run of exceptions: old chunk `oldChunk + i` is new chunk `newChunk + i`, for i below `count`. */
export interface ChunkRun {
  /** The first old chunk. */
  readonly oldChunk: number;
  /** The new chunk it is. */
  readonly newChunk: number;
  /** How many chunks, at least 1. */
  readonly count: number;
}

let sharedArena: Arena | undefined;

/**
 * A map from old chunks to new chunks, compact and quick.
 *
 * @example Two neighbours are one run
 * ```ts
 * import { ExceptionIndex } from "cowdisk/kernel";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const index = new ExceptionIndex();
 * index.insert(100, 2);
 * index.insert(101, 3);
 * equal(index.find(100), 2);
 * equal(index.runLength, 2);
 * equal(index.find(7), -1);
 * equal(index.insert(101, 9), false);
 * deepEqual([...index.runs()], [{ oldChunk: 100, newChunk: 2, count: 2 }]);
 * index.destroy();
 * ```
 *
 * @see dm-snap.c, `struct dm_exception_table`, `dm_insert_exception`
 */
export class ExceptionIndex {
  /**
   * How many chunks, from the one that was looked up last, share its answer: consecutive new
   * chunks after a hit, no exceptions after a miss. At least 1. See {@linkcode ExceptionIndex.find}.
   */
  runLength = 0;
  readonly #arena: Arena;
  readonly #kernel: KernelExports;
  /** The address of the index's header; 0 once destroyed. */
  #header: number;

  /**
   * Makes an empty index. It holds no page until the first exception.
   *
   * @param arena Where the exceptions are to lie. Without one, in an arena of 1 GiB at most that all
   * such indexes share: some 85 million isolated exceptions.
   * @throws {BlockDeviceError} ENOMEM when the arena has 512 indexes already.
   */
  constructor(arena: Arena = sharedArena ??= Arena.create()) {
    this.#arena = arena;
    this.#kernel = kernelOf(arena);
    this.#header = this.#kernel.createIndex();
    if (this.#header === 0) {
      throw new BlockDeviceError("ENOMEM", "Cannot make an exception index: the arena has 512");
    }
  }

  /** Exceptions in the index. */
  get exceptionCount(): number {
    return this.#kernel.exceptionCount(this.#live());
  }

  /** Runs in the index: what costs memory. */
  get runCount(): number {
    return this.#kernel.runCount(this.#live());
  }

  /** Bytes of the arena that the index holds. */
  get usedBytes(): number {
    return this.#kernel.indexPages(this.#live()) * PAGE_BYTES;
  }

  /**
   * Looks a chunk up, and sets `runLength`.
   *
   * `runLength` never says too much. It is exact up to the end of the chunk's window of 16, or of its
   * run of whole windows; ask for more, and what follows is searched until that many are known.
   *
   * @param oldChunk The chunk, below {@linkcode CHUNKS_MAX}.
   * @param chunksWanted How many chunks of the same answer are of use, 256 at most: a request's
   * length in chunks.
   * @returns The new chunk, or -1 when there is no exception.
   * @throws {RangeError} `oldChunk` is not a chunk number.
   */
  find(oldChunk: number, chunksWanted = 1): number {
    if (!isChunk(oldChunk)) throw notAChunk("look up", oldChunk);
    const wanted = chunksWanted < CHUNKS_WANTED_MAX ? chunksWanted : CHUNKS_WANTED_MAX;
    const answer = this.#kernel.findRun(this.#live(), oldChunk, wanted);
    if (answer < 0) {
      this.runLength = -answer;
      return -1;
    }
    // The answer is newChunk * 512 + runLength.
    const newChunk = Math.floor(answer / 512);
    this.runLength = answer - newChunk * 512;
    return newChunk;
  }

  /**
   * Adds the exceptions `oldChunk + i` to `newChunk + i`, for i below `count`: all of them or none.
   *
   * @param oldChunk The first old chunk.
   * @param newChunk The first new chunk.
   * @param count How many, below 2^32.
   * @returns False when one of the old chunks has an exception already; nothing is changed then.
   * @throws {RangeError} A chunk is not below {@linkcode CHUNKS_MAX}, or the count is not positive.
   * @throws {BlockDeviceError} ENOMEM when the arena is full. Nothing is changed then.
   */
  insert(oldChunk: number, newChunk: number, count = 1): boolean {
    checkRange("insert", oldChunk, count);
    checkRange("insert", newChunk, count);
    if (count >= 2 ** 32) throw new RangeError(`Cannot insert ${count} exceptions at once`);
    const result = this.#kernel.insertRun(this.#live(), oldChunk, newChunk, count);
    if (result === NO_MEMORY) throw this.#full(`insert ${count}`);
    return result !== EXISTS;
  }

  /**
   * Removes what exceptions there are for a range of old chunks. A run may lose its head, its tail,
   * or its middle, and is then two.
   *
   * @param oldChunk The first old chunk.
   * @param count How many chunks the range has.
   * @returns How many exceptions were removed.
   * @throws {RangeError} The range does not end below {@linkcode CHUNKS_MAX}, or is empty.
   * @throws {BlockDeviceError} ENOMEM when a run must be split and the arena is full. Nothing is
   * changed then.
   */
  remove(oldChunk: number, count = 1): number {
    checkRange("remove", oldChunk, count);
    const removed = this.#kernel.removeRun(this.#live(), oldChunk, count);
    if (removed === NO_MEMORY) throw this.#full(`remove ${count}`);
    return removed;
  }

  /**
   * Lists all runs, no longer than a group of 256 chunks each, in no useful order.
   *
   * The index may be changed meanwhile. A run that is there all the time is listed once; what is
   * inserted, removed, joined or split may be listed as it was, as it is, both or not at all.
   *
   * @returns The runs.
   */
  *runs(): Generator<ChunkRun, void, undefined> {
    const target = workspaceOf(this.#arena) + STAGING_OFFSET;
    const numberMax = RUNS_MAX * RUN_NUMBERS + 1;
    const staging = new Float64Array(this.#arena.bytes.buffer, target, numberMax);
    let cursor = 0;
    let listed: number;
    do {
      listed = this.#kernel.listRuns(this.#live(), cursor, target, RUNS_MAX);
      // A copy: between two runs the caller may use the staging for something else.
      const numbers = staging.slice(0, listed * RUN_NUMBERS + 1);
      cursor = numbers[0] as number;
      for (let at = 1; at < numbers.length; at += RUN_NUMBERS) {
        const [oldChunk, newChunk, count] = numbers.subarray(at, at + RUN_NUMBERS);
        yield { oldChunk, newChunk, count } as ChunkRun;
      }
    } while (listed === RUNS_MAX);
  }

  /** Forgets every exception, and gives the memory back. */
  clear(): void {
    this.#kernel.clearIndex(this.#live());
  }

  /** Gives the memory back. The index cannot be used after this; to destroy it again does nothing. */
  destroy(): void {
    if (this.#header !== 0) this.#kernel.destroyIndex(this.#header);
    this.#header = 0;
  }

  /**
   * Reads every slot and verifies that the index keeps its laws: order, places, windows, runs joined
   * as far as can be, counts.
   *
   * @throws {Error} A law is broken. The message says which.
   */
  check(): void {
    const law = this.#kernel.checkIndex(this.#live());
    if (law !== 0) throw new Error(`The exception index is broken: ${BROKEN_LAWS[law - 1]}`);
  }

  #live(): number {
    if (this.#header === 0) throw new TypeError("Cannot use an exception index once destroyed");
    return this.#header;
  }

  #full(what: string): BlockDeviceError {
    return new BlockDeviceError(
      "ENOMEM",
      `Cannot ${what} exceptions: the arena uses ${this.#arena.usedBytes} of ` +
        `${this.#arena.limitBytes} bytes`,
    );
  }
}

function isChunk(chunk: number): boolean {
  return chunk >= 0 && chunk < CHUNKS_MAX && Math.floor(chunk) === chunk;
}

function notAChunk(verb: string, chunk: number): RangeError {
  return new RangeError(`Cannot ${verb} chunk ${chunk}: want a whole number below ${CHUNKS_MAX}`);
}

function checkRange(verb: string, chunk: number, count: number): void {
  if (!isChunk(chunk)) throw notAChunk(verb, chunk);
  if (!(Number.isSafeInteger(count) && count > 0 && chunk + count <= CHUNKS_MAX)) {
    throw new RangeError(
      `Cannot ${verb} ${count} chunks from chunk ${chunk}: want at least 1, below ${CHUNKS_MAX}`,
    );
  }
}

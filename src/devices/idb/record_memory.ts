/**
 * The record memory: kernel memory for the records of a cache.
 *
 * A record's bytes lie in a *place* of sparse memory, as large as a record. Places are numbered from
 * 0, given out again when they were given back, and only then is there a new one. So there are never
 * more of them than there were records at one time, and no more frames than those fill.
 *
 * Invariant: a place that is given out is zeroes, and belongs to its holder until it is given back. A
 * frame in which no place is in use is the pool's again.
 *
 * Fails: `ENOMEM` from what writes or copies; nothing is changed then.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { FRAME_SECTORS, type FramePool, sharedFramePool } from "../frame_pool.ts";
import { SparseMemory } from "../sparse_memory.ts";

/** Hands out places. */
export class RecordMemory {
  readonly #recordSectors: number;
  readonly #memory: SparseMemory;
  /** Places that were given back; the last is given out next. */
  readonly #free: number[] = [];
  /** Places in use, by the frame that they lie in, where a frame has several. */
  readonly #usedIn: number[] = [];
  #placeCount = 0;

  /**
   * Memory for records of one size.
   *
   * @param name Whose they are, for messages.
   * @param recordSectors The sectors of a record: a power of two.
   * @param pool Where frames come from. Left out: the pool that memory devices share.
   */
  constructor(name: string, recordSectors: number, pool: FramePool = sharedFramePool()) {
    this.#recordSectors = recordSectors;
    this.#memory = new SparseMemory(name, pool);
  }

  /** Bytes held, in whole frames. */
  get usedBytes(): number {
    return this.#memory.usedBytes;
  }

  /** Gives out a place. It costs nothing until it is written. */
  take(): number {
    const place = this.#free.pop() ?? this.#placeCount++;
    const frame = this.#frameOf(place);
    this.#usedIn[frame] = (this.#usedIn[frame] ?? 0) + 1;
    return place;
  }

  /** Takes a place back. */
  giveBack(place: number): void {
    const frame = this.#frameOf(place);
    const isLast = --this.#usedIn[frame]! === 0;
    if (isLast && this.#recordSectors < FRAME_SECTORS) {
      this.#memory.zero(frame * FRAME_SECTORS, (frame + 1) * FRAME_SECTORS);
    } else {
      this.zero(place, 0, this.#recordSectors);
    }
    this.#free.push(place);
  }

  /** Reads sectors of a place, from one on. */
  read(place: number, target: Uint8Array, from: number): void {
    this.#memory.read(target, place * this.#recordSectors + from);
  }

  /** Writes sectors of a place, from one on. */
  write(place: number, source: Uint8Array, from: number): void {
    this.#memory.write(source, place * this.#recordSectors + from);
  }

  /** Zeroes sectors of a place. */
  zero(place: number, from: number, to: number): void {
    const sector = place * this.#recordSectors;
    this.#memory.zero(sector + from, sector + to);
  }

  /** Copies all of a place to another one. */
  copy(place: number, target: number): void {
    const unit = this.#recordSectors;
    this.#memory.copyTo(place * unit, this.#memory, target * unit, unit);
  }

  /** The frame a place lies in, or the place itself where it is made of whole frames. */
  #frameOf(place: number): number {
    return Math.floor(place / Math.max(1, FRAME_SECTORS / this.#recordSectors));
  }
}

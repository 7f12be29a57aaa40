/**
 * The image of one area in memory, and which part of it is not on the device yet.
 *
 * An area is as large as a chunk, but only its used front is held: everything behind is zero here as
 * on the device. What changed is written in whole logical blocks, so a commit writes 512 bytes where
 * the kernel writes a chunk, and leaves the same bytes behind. An entry never straddles a sector, so
 * a torn write never tears an entry.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { divCeil } from "../../block/units.ts";
import { encodeEntry, ENTRY_BYTES, entryNewChunk, entryOldChunk } from "./disk_format.ts";

const INITIAL_BYTES = 4096;

/** The front of an area. */
export class AreaImage {
  readonly #areaBytes: number;
  readonly #blockBytes: number;
  #bytes: Uint8Array;
  #view: DataView;
  #dirtyFirst = Infinity;
  #dirtyLast = -1;
  /** The blocks that were asked for last: entries that are added one by one share a block. */
  #blocks: Uint8Array;

  /**
   * An image of zeroes.
   *
   * @param areaBytes The size of an area.
   * @param blockBytes The unit of writing.
   */
  constructor(areaBytes: number, blockBytes: number) {
    this.#areaBytes = areaBytes;
    this.#blockBytes = blockBytes;
    this.#bytes = new Uint8Array(Math.min(areaBytes, Math.max(INITIAL_BYTES, blockBytes)));
    this.#view = new DataView(this.#bytes.buffer);
    this.#blocks = this.#bytes;
  }

  /** Whether something is not on the device yet. */
  get isDirty(): boolean {
    return this.#dirtyLast >= 0;
  }

  /** Where the changed blocks begin, from the area's start. */
  get dirtyOffsetBytes(): number {
    return this.blockStart(this.#dirtyFirst);
  }

  /** The changed blocks. A view: it must be written before the image changes again. */
  get dirtyBytes(): Uint8Array {
    const end = divCeil((this.#dirtyLast + 1) * ENTRY_BYTES, this.#blockBytes) * this.#blockBytes;
    const start = this.dirtyOffsetBytes;
    const { byteOffset, length, buffer } = this.#blocks;
    if (byteOffset !== start || length !== end - start || buffer !== this.#bytes.buffer) {
      this.#blocks = this.#bytes.subarray(start, end);
    }
    return this.#blocks;
  }

  /** Old chunk of an entry. */
  oldChunk(index: number): number {
    return entryOldChunk(this.#view, index);
  }

  /** New chunk of an entry. */
  newChunk(index: number): number {
    return entryNewChunk(this.#view, index);
  }

  /** Where the block of an entry begins, from the area's start. */
  blockStart(index: number): number {
    return Math.floor((index * ENTRY_BYTES) / this.#blockBytes) * this.#blockBytes;
  }

  /** The block at an offset. A view: it must be written before the image changes again. */
  block(offsetBytes: number): Uint8Array {
    this.#grow(offsetBytes + this.#blockBytes);
    return this.#bytes.subarray(offsetBytes, offsetBytes + this.#blockBytes);
  }

  /** Takes a whole area as it is on the device. */
  loadAll(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#bytes.set(bytes);
    this.settle();
  }

  /** Sets an entry that is to be written; zeroes clear it. */
  set(index: number, oldChunk: number, newChunk: number): void {
    this.load(index, oldChunk, newChunk);
    this.#dirtyFirst = Math.min(this.#dirtyFirst, index);
    this.#dirtyLast = Math.max(this.#dirtyLast, index);
  }

  /** Clears entries, and tells what they were, for {@linkcode restore}. */
  clear(index: number, count: number): Uint8Array {
    const start = index * ENTRY_BYTES;
    const cleared = this.#bytes.slice(start, start + count * ENTRY_BYTES);
    for (let each = index; each < index + count; each++) this.set(each, 0, 0);
    return cleared;
  }

  /** Sets entries again that were cleared. They are to be written. */
  restore(index: number, cleared: Uint8Array): void {
    this.#bytes.set(cleared, index * ENTRY_BYTES);
    this.#dirtyFirst = Math.min(this.#dirtyFirst, index);
    this.#dirtyLast = Math.max(this.#dirtyLast, index + cleared.length / ENTRY_BYTES - 1);
  }

  /** Sets an entry that is on the device already. */
  load(index: number, oldChunk: number, newChunk: number): void {
    this.#grow((index + 1) * ENTRY_BYTES);
    encodeEntry(this.#view, index, oldChunk, newChunk);
  }

  /** Tells that what changed is on the device now. */
  settle(): void {
    this.#dirtyFirst = Infinity;
    this.#dirtyLast = -1;
  }

  /** Begins another area: all zeroes, nothing to write. */
  reset(): void {
    this.#bytes.fill(0);
    this.settle();
  }

  #grow(byteCount: number): void {
    if (byteCount <= this.#bytes.length) return;
    const grown = new Uint8Array(
      Math.min(this.#areaBytes, Math.max(this.#bytes.length * 2, byteCount)),
    );
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

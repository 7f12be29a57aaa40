/**
 * Who has which chunk: every entry claims an old chunk and a new chunk, and nobody else may.
 *
 * Claims are kept by the place of the entry in the list, so that a second claim can tell of the first.
 * Neighbours share a slot of the index, so the claims of a list that was written in order are small;
 * there are never more than the device has chunks, whatever it says.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { ExceptionIndex } from "../../kernel/mod.ts";
import type { AreaLayout } from "../store/disk_format.ts";

/** The claims of the entries so far. */
export class EntryClaims {
  /** Entries whose new chunk is below one in front of them. */
  disorderCount = 0;
  /** The place of the first of them, or -1. */
  disorderPlace = -1;
  readonly #layout: AreaLayout;
  readonly #oldChunks = new ExceptionIndex();
  readonly #newChunks = new ExceptionIndex();
  #nextFreeChunk: number;

  /**
   * No claims.
   *
   * @param layout Where areas lie.
   */
  constructor(layout: AreaLayout) {
    this.#layout = layout;
    this.#nextFreeChunk = layout.firstDataChunk;
  }

  /** Data chunks that are claimed. */
  get usedChunks(): number {
    return this.#newChunks.exceptionCount;
  }

  /** Data chunks in front of the highest claim that nobody claims. */
  get leakedChunks(): number {
    const { strideChunks, firstDataChunk } = this.#layout;
    const end = this.#nextFreeChunk;
    // In front of the end: the header, and an area for every begun stride.
    const areaCount = Math.floor((end - firstDataChunk) / strideChunks) + 1;
    return end - 1 - areaCount - this.usedChunks;
  }

  /**
   * Claims an old chunk that is not outside.
   *
   * @param oldChunk The chunk.
   * @param place The entry's place in the list.
   * @returns The place of the entry that has it already, or -1.
   */
  claimOld(oldChunk: number, place: number): number {
    const owner = this.#oldChunks.find(oldChunk);
    if (owner < 0) this.#oldChunks.insert(oldChunk, place);
    return owner;
  }

  /**
   * Claims a new chunk that holds data.
   *
   * @param newChunk The chunk.
   * @param place The entry's place in the list.
   * @returns The place of the entry that has it already, or -1.
   */
  claimNew(newChunk: number, place: number): number {
    const owner = this.#newChunks.find(newChunk);
    if (owner >= 0) return owner;
    this.#newChunks.insert(newChunk, place);
    if (newChunk < this.#nextFreeChunk) {
      if (this.disorderCount === 0) this.disorderPlace = place;
      this.disorderCount++;
    }
    this.#nextFreeChunk = Math.max(this.#nextFreeChunk, newChunk + 1);
    return -1;
  }

  /** Gives their memory back. */
  destroy(): void {
    this.#oldChunks.destroy();
    this.#newChunks.destroy();
  }
}

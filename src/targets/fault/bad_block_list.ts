/**
 * The bad blocks of a dust target: numbers in ascending order, each with the writes it still fails.
 *
 * Kept as two arrays side by side, so that the next bad block of a request is a binary search away.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** The most writes that a bad block can be told to fail. */
export const WRITE_FAILURES_MAX = 255;

/** Blocks that fail. */
export class BadBlockList {
  readonly #blocks: number[] = [];
  readonly #writeFailures: number[] = [];

  /** How many bad blocks there are. */
  get count(): number {
    return this.#blocks.length;
  }

  /** The bad blocks, in ascending order. */
  get blocks(): readonly number[] {
    return this.#blocks;
  }

  /** The index of the first bad block at or behind a block. */
  #indexFrom(block: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#blocks[middle] ?? 0) < block) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Whether a block is bad.
   *
   * @param block The block.
   * @returns Whether it is in the list.
   */
  has(block: number): boolean {
    return this.#blocks[this.#indexFrom(block)] === block;
  }

  /**
   * The first bad block at or behind a block.
   *
   * @param block The block.
   * @returns The bad block, or `Infinity`.
   */
  nextFrom(block: number): number {
    return this.#blocks[this.#indexFrom(block)] ?? Infinity;
  }

  /**
   * Makes a block bad.
   *
   * @param block The block.
   * @param writeFailures How many writes fail before one mends it.
   * @returns Whether it was not bad before. When it was, nothing changes.
   */
  add(block: number, writeFailures: number): boolean {
    const index = this.#indexFrom(block);
    if (this.#blocks[index] === block) return false;
    this.#blocks.splice(index, 0, block);
    this.#writeFailures.splice(index, 0, writeFailures);
    return true;
  }

  /**
   * Makes a block good.
   *
   * @param block The block.
   * @returns Whether it was bad.
   */
  remove(block: number): boolean {
    const index = this.#indexFrom(block);
    if (this.#blocks[index] !== block) return false;
    this.#blocks.splice(index, 1);
    this.#writeFailures.splice(index, 1);
    return true;
  }

  /** Makes all blocks good. */
  clear(): void {
    this.#blocks.length = 0;
    this.#writeFailures.length = 0;
  }

  /**
   * How many writes to a block are still going to fail.
   *
   * @param block The block.
   * @returns The count; 0 where the next write mends the block, or nothing is bad.
   */
  writeFailuresLeft(block: number): number {
    const index = this.#indexFrom(block);
    return this.#blocks[index] === block ? this.#writeFailures[index] ?? 0 : 0;
  }

  /**
   * Counts a write that failed.
   *
   * @param block A bad block that has writes left to fail.
   */
  countWriteFailure(block: number): void {
    this.#writeFailures[this.#indexFrom(block)] = this.writeFailuresLeft(block) - 1;
  }
}

/**
 * The frame directory: which frame of memory holds which stretch of a sparse device.
 *
 * A device may declare 2^53 bytes and pays for what it holds:
 *
 *     position < 2^20 (64 GiB) ──> table ──> frame's number, or 0
 *                                  one Uint32Array, as long as the last position asks for
 *     position from there on ── ÷ 4096 ──> Map ──> leaf ── mod 4096 ──> frame's number, or 0
 *                                                  Uint32Array, 16 KiB, covers 256 MiB
 *
 * In the table a look-up is one load, which misses the cache when a large disk is touched at random;
 * any step in front of it would be waited for as well. Beyond it the leaf of the last look-up is kept
 * at hand, so that neighbours pass the map by. Looking up allocates nothing.
 *
 * Invariants: `frameCount` is the number of positions that are not 0; the table covers every frame
 * below 2^20, and is no longer than twice what the highest of them has needed; a leaf is made by the
 * first frame in it. Table and leaves are dropped when all of their positions are cleared by one call.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { NO_FRAME } from "./frame_pool.ts";

/** Positions that the table can cover: 4 MiB for a disk with something near its 64th GiB. */
const TABLE_FRAMES_MAX = 2 ** 20;
const TABLE_FRAMES_MIN = 1024;
const NO_TABLE = new Uint32Array(0);
const LEAF_FRAMES = 4096;

/** Remembers frames by their position in a device. */
export class FrameDirectory {
  #table = NO_TABLE;
  #tableFrameCount = 0;
  readonly #leaves = new Map<number, Uint32Array>();
  #lastLeaf: Uint32Array | undefined;
  #lastLeafIndex = -1;
  #leafFrameCount = 0;

  /** How many positions have a frame. */
  get frameCount(): number {
    return this.#tableFrameCount + this.#leafFrameCount;
  }

  /**
   * Looks a frame up.
   *
   * @param position The stretch of the device: its first sector divided by a frame's sectors.
   * @returns The frame's number, or 0 for none.
   */
  get(position: number): number {
    if (position < this.#table.length) return this.#table[position] as number;
    return position < TABLE_FRAMES_MAX ? NO_FRAME : this.#getFromLeaf(position);
  }

  /**
   * Remembers a frame at a position that has none.
   *
   * @param position The stretch of the device.
   * @param frame The frame's number.
   * @throws {RangeError} When the engine gives no memory for it. Nothing is changed then.
   */
  set(position: number, frame: number): void {
    if (position >= TABLE_FRAMES_MAX) return this.#setInLeaf(position, frame);
    if (position >= this.#table.length) this.#growTable(position);
    this.#table[position] = frame;
    this.#tableFrameCount++;
  }

  /**
   * Forgets the frames of a range of positions. The time it takes grows with what is there, not with
   * the range: a disk of petabytes is cleared as fast as what was written to it.
   *
   * @param first The first position.
   * @param end The position behind the last.
   * @param release Called with each frame forgotten.
   */
  clear(first: number, end: number, release: (frame: number) => void): void {
    this.#clearTable(first, Math.min(end, this.#table.length), release);
    if (this.#leaves.size === 0) return;
    const firstLeaf = Math.floor(first / LEAF_FRAMES);
    const lastLeaf = Math.ceil(end / LEAF_FRAMES) - 1;
    if (lastLeaf - firstLeaf < this.#leaves.size) {
      for (let index = firstLeaf; index <= lastLeaf; index++) {
        this.#clearLeaf(index, first, end, release);
      }
    } else {
      for (const index of [...this.#leaves.keys()]) this.#clearLeaf(index, first, end, release);
    }
  }

  #growTable(position: number): void {
    const length = Math.max(TABLE_FRAMES_MIN, 2 ** Math.ceil(Math.log2(position + 1)));
    const table = new Uint32Array(length);
    table.set(this.#table);
    this.#table = table;
  }

  #clearTable(first: number, end: number, release: (frame: number) => void): void {
    this.#tableFrameCount -= clearStretch(this.#table, first, end, this.#tableFrameCount, release);
    if (first === 0 && end === this.#table.length) this.#table = NO_TABLE;
  }

  #getFromLeaf(position: number): number {
    const leafIndex = Math.floor(position / LEAF_FRAMES);
    const leaf = leafIndex === this.#lastLeafIndex ? this.#lastLeaf : this.#findLeaf(leafIndex);
    return leaf === undefined ? NO_FRAME : leaf[position - leafIndex * LEAF_FRAMES] as number;
  }

  #setInLeaf(position: number, frame: number): void {
    const leafIndex = Math.floor(position / LEAF_FRAMES);
    let leaf = this.#findLeaf(leafIndex);
    if (leaf === undefined) {
      leaf = new Uint32Array(LEAF_FRAMES);
      this.#leaves.set(leafIndex, leaf);
      this.#lastLeaf = leaf;
    }
    leaf[position - leafIndex * LEAF_FRAMES] = frame;
    this.#leafFrameCount++;
  }

  #findLeaf(leafIndex: number): Uint32Array | undefined {
    this.#lastLeafIndex = leafIndex;
    return this.#lastLeaf = this.#leaves.get(leafIndex);
  }

  #clearLeaf(leafIndex: number, first: number, end: number, release: (frame: number) => void) {
    const leaf = this.#leaves.get(leafIndex);
    if (leaf === undefined) return;
    const base = leafIndex * LEAF_FRAMES;
    const from = Math.max(first - base, 0);
    const to = Math.min(end - base, LEAF_FRAMES);
    this.#leafFrameCount -= clearStretch(leaf, from, to, this.#leafFrameCount, release);
    if (from > 0 || to < LEAF_FRAMES) return;
    this.#leaves.delete(leafIndex);
    if (leafIndex === this.#lastLeafIndex) this.#lastLeaf = undefined;
  }
}

/** Clears `from` to `to`, where at most so many frames are; returns how many there were. */
function clearStretch(
  frames: Uint32Array,
  from: number,
  to: number,
  countMax: number,
  release: (frame: number) => void,
): number {
  let count = 0;
  for (let index = from; index < to && count < countMax; index++) {
    const frame = frames[index] as number;
    if (frame === NO_FRAME) continue;
    frames[index] = NO_FRAME;
    count++;
    release(frame);
  }
  return count;
}

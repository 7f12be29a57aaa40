/**
 * The frame directory: which frame of memory holds which stretch of a sparse device.
 *
 * Two levels, so that a device may declare 2^53 bytes and pay for what it holds:
 *
 *     position ── ÷ 4096 ──> Map ──> leaf ── mod 4096 ──> frame's number, or 0
 *                                    Uint32Array, 16 KiB, covers 256 MiB
 *
 * The leaf of the last look-up is kept at hand, so neighbours, and every look-up in a device of up
 * to 256 MiB, pass the map by. Looking up allocates nothing.
 *
 * Invariants: `frameCount` is the number of positions that are not 0; a leaf is made by the first
 * frame in it, and dropped when all of its positions are cleared by one call.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { NO_FRAME } from "./frame_pool.ts";

const LEAF_FRAMES = 4096;

/** Remembers frames by their position in a device. */
export class FrameDirectory {
  readonly #leaves = new Map<number, Uint32Array>();
  #lastLeaf: Uint32Array | undefined;
  #lastLeafIndex = -1;
  #frameCount = 0;

  /** How many positions have a frame. */
  get frameCount(): number {
    return this.#frameCount;
  }

  /**
   * Looks a frame up.
   *
   * @param position The stretch of the device: its first sector divided by a frame's sectors.
   * @returns The frame's number, or 0 for none.
   */
  get(position: number): number {
    const leafIndex = Math.floor(position / LEAF_FRAMES);
    const leaf = leafIndex === this.#lastLeafIndex ? this.#lastLeaf : this.#findLeaf(leafIndex);
    return leaf === undefined ? NO_FRAME : leaf[position - leafIndex * LEAF_FRAMES] as number;
  }

  /**
   * Remembers a frame at a position that has none.
   *
   * @param position The stretch of the device.
   * @param frame The frame's number.
   */
  set(position: number, frame: number): void {
    const leafIndex = Math.floor(position / LEAF_FRAMES);
    let leaf = this.#findLeaf(leafIndex);
    if (leaf === undefined) {
      leaf = new Uint32Array(LEAF_FRAMES);
      this.#leaves.set(leafIndex, leaf);
      this.#lastLeaf = leaf;
    }
    leaf[position - leafIndex * LEAF_FRAMES] = frame;
    this.#frameCount++;
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
    for (let index = from; index < to; index++) {
      const frame = leaf[index] as number;
      if (frame === NO_FRAME) continue;
      leaf[index] = NO_FRAME;
      this.#frameCount--;
      release(frame);
    }
    if (from > 0 || to < LEAF_FRAMES) return;
    this.#leaves.delete(leafIndex);
    if (leafIndex === this.#lastLeafIndex) this.#lastLeaf = undefined;
  }
}

/**
 * `PartFence`: keeps apart those who write a part of a logical block, which is a read and a write, and all
 * others who write to that block, whatever their connection.
 *
 * A write touches *whole* blocks, and at its ends at most two of which it has only a *part*.
 *
 * | who comes | waits for | is then seen by others as |
 * |---|---|---|
 * | a write that is done at once | nobody: it is done later if {@linkcode PartFence.isFree} says no | nothing |
 * | any other | all who are on a part of one of its blocks | on its parts, and on its whole blocks |
 * | that has parts, besides | those who were on these blocks as whole ones | |
 *
 * **Invariants**
 * - Nobody writes to a block between the read and the write of one who is on a part of it.
 * - No two wait for each other: one waits only for those who came in before it, as they came in on all their
 *   blocks in one move.
 * - Where all writes are of whole blocks and done at once, the fence is empty and a look at it is all it costs.
 *
 * There is one for each device, not for each export: a device can be exported twice, and an export's name can
 * change under its clients. Devices that lie on the same sectors of a disk know nothing of each other, as in
 * Linux. Reads pass: a sector is read as it is before a write or after it.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { blocksTouched, blocksWithin, isWholeBlocks } from "../../block/byte_access.ts";
import type { BlockDevice } from "../../block/device.ts";
import { type Plan, runAsync } from "../../block/plan.ts";
import { bytesToSectors, type SectorRange } from "../../block/units.ts";
import { ChunkFence, type FenceStay } from "../../exception/mod.ts";

/** Where a write goes, in sectors, both ends included. */
interface Claim extends FenceStay {
  /** The blocks of which it has a part: none, one, or two. */
  readonly parts: readonly FenceStay[];
  /** Those that it has whole, if any. */
  readonly whole: FenceStay | null;
}

const NO_PARTS: readonly FenceStay[] = [];

function stayOf({ sector, sectorCount }: SectorRange): FenceStay {
  return { first: sector, last: sector + sectorCount - 1 };
}

function claimOf(device: BlockDevice, offsetBytes: number, byteCount: number): Claim {
  const { first, last } = stayOf(blocksTouched(device, offsetBytes, byteCount));
  if (isWholeBlocks(device, offsetBytes, byteCount)) {
    return { first, last, parts: NO_PARTS, whole: { first, last } };
  }
  const { logicalSectors } = device.limits;
  const within = blocksWithin(device, offsetBytes, byteCount);
  if (within.sectorCount === 0) return { first, last, parts: [{ first, last }], whole: null };
  const whole = stayOf(within);
  const parts: FenceStay[] = [];
  if (whole.first > first) parts.push({ first, last: first + logicalSectors - 1 });
  if (whole.last < last) parts.push({ first: last - logicalSectors + 1, last });
  return { first, last, parts, whole };
}

/** Who writes to a device, as far as others have to know. */
export class PartFence {
  /** Those who are on parts of blocks. */
  readonly #parts = new ChunkFence();
  /** Those who are on whole blocks, and take their time. */
  readonly #wholes = new ChunkFence();

  /**
   * Whether a write that is done at once meets nobody.
   *
   * @param device The device.
   * @param offsetBytes The first byte.
   * @param byteCount How many.
   * @returns Whether it may be done.
   */
  isFree(device: BlockDevice, offsetBytes: number, byteCount: number): boolean {
    if (this.#parts.isEmpty && isWholeBlocks(device, offsetBytes, byteCount)) return true;
    const { first, last, parts } = claimOf(device, offsetBytes, byteCount);
    return !this.#parts.isOccupied(first, last) &&
      !parts.some((part) => this.#wholes.isOccupied(part.first, part.last));
  }

  /**
   * Plans a write in its turn.
   *
   * @param device The device.
   * @param offsetBytes The first byte.
   * @param byteCount How many.
   * @param plan The write; it was not started, and is not when the wait fails.
   * @returns Its result.
   */
  *planInTurn<Result>(
    device: BlockDevice,
    offsetBytes: number,
    byteCount: number,
    plan: Plan<Result>,
  ): Plan<Result> {
    const { first, last, parts, whole } = claimOf(device, offsetBytes, byteCount);
    while (this.#parts.isOccupied(first, last)) yield* this.#parts.drain(first, last);
    const partStays = parts.map((part) => this.#parts.enter(part.first, part.last));
    const wholeStay = whole === null ? null : this.#wholes.enter(whole.first, whole.last);
    try {
      for (const part of parts) yield* this.#wholes.drain(part.first, part.last);
      return yield* plan;
    } finally {
      for (const stay of partStays) this.#parts.leave(stay);
      if (wholeStay !== null) this.#wholes.leave(wholeStay);
    }
  }

  /**
   * Performs a write by promises, in its turn: as {@linkcode planInTurn}, for less where there is nobody to
   * wait for.
   *
   * @param device The device.
   * @param offsetBytes The first byte.
   * @param byteCount How many.
   * @param plan The write; it was not started.
   * @returns Its result.
   */
  async runInTurn<Result>(
    device: BlockDevice,
    offsetBytes: number,
    byteCount: number,
    plan: Plan<Result>,
  ): Promise<Result> {
    if (!this.#parts.isEmpty || !isWholeBlocks(device, offsetBytes, byteCount)) {
      return await runAsync(this.planInTurn(device, offsetBytes, byteCount, plan));
    }
    const end = bytesToSectors(offsetBytes + byteCount);
    const stay = this.#wholes.enter(bytesToSectors(offsetBytes), end - 1);
    try {
      return await runAsync(plan);
    } finally {
      this.#wholes.leave(stay);
    }
  }
}

const fences = new WeakMap<BlockDevice, PartFence>();

/**
 * The fence of a device.
 *
 * @param device The device.
 * @returns The same one for all who ask.
 */
export function partFenceOf(device: BlockDevice): PartFence {
  let fence = fences.get(device);
  if (fence === undefined) fences.set(device, fence = new PartFence());
  return fence;
}

/**
 * Clearing what lies behind the end of the list in the last area, durably, so that entries of a torn
 * write or of an earlier life cannot come back once the list reaches them.
 *
 * The entries in front of the end are written again as they are, in the one block they share with it;
 * the end itself stays an end whichever sectors of the write a loss of power keeps.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { flushStep, type Plan, writeStep, zeroStep } from "../../block/plan.ts";
import { bytesToSectors } from "../../block/units.ts";

/** What is cleared. */
export interface AreaTail {
  /** The first sector of the area. */
  readonly areaSector: number;
  /** The size of an area. */
  readonly areaBytes: number;
  /** Where the block with the end begins, from the area's start; the area's size when it is full. */
  readonly offsetBytes: number;
  /** That block: the entries in front of the end, then zeroes. Asked for only if there is one. */
  readonly block: () => Uint8Array;
}

/**
 * Clears a tail.
 *
 * @param cow The COW device.
 * @param tail What is cleared.
 */
export function* planClearTail(cow: BlockDevice, tail: AreaTail): Plan {
  const { areaSector, areaBytes } = tail;
  let { offsetBytes } = tail;
  if (offsetBytes < areaBytes) {
    const block = tail.block();
    yield writeStep(cow, block, areaSector + bytesToSectors(offsetBytes));
    offsetBytes += block.length;
  }
  if (offsetBytes < areaBytes) {
    const sector = areaSector + bytesToSectors(offsetBytes);
    yield zeroStep(cow, sector, bytesToSectors(areaBytes - offsetBytes));
  }
  yield flushStep(cow);
}

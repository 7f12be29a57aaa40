/**
 * The short way: a copy inside kernel memory, where no byte crosses into JavaScript.
 *
 * No buffer, no plan, no step and no promise; the throttle does not count it, because it is no I/O.
 * Callers that copy one chunk after another try this first and make a plan only when it says no.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type BlockDevice, isKernelMemoryDevice } from "../block/device.ts";

/**
 * Copies sectors at once, if both devices lie in kernel memory.
 *
 * @param source The device read from.
 * @param sector The first sector there.
 * @param target The device written to.
 * @param targetSector The first sector there.
 * @param sectorCount How many.
 * @returns Whether it was done. When not, nothing was.
 *
 * @example One chunk
 * ```ts
 * import { createMemoryDevice, tryCopyInKernel } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * const origin = createMemoryDevice({ sectorCount: 64 });
 * const cow = createMemoryDevice({ sectorCount: 64 });
 * equal(tryCopyInKernel(origin, 0, cow, 16, 8), true);
 * ```
 */
export function tryCopyInKernel(
  source: BlockDevice,
  sector: number,
  target: BlockDevice,
  targetSector: number,
  sectorCount: number,
): boolean {
  return isKernelMemoryDevice(source) &&
    source.copySectorsSync(sector, target, targetSector, sectorCount);
}

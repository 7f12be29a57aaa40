/**
 * Reading what can be read: at once where nothing is wrong, block by block where something is.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { type Plan, readStep } from "../../block/plan.ts";
import { bytesToSectors, sectorsToBytes } from "../../block/units.ts";

/** Bytes of a buffer that could not be read, and are zeroes. */
export interface Gap {
  /** The first of them. */
  readonly startBytes: number;
  /** The first behind them. */
  readonly endBytes: number;
}

/** Whether a failure is the medium's: another block may be readable. */
function isAboutMedium(error: unknown): boolean {
  return error instanceof BlockDeviceError && error.code === "EIO";
}

/**
 * Reads what can be read.
 *
 * @param device The device.
 * @param target Filled; zeroes where nothing could be read.
 * @param sector The first sector.
 * @returns The gaps, in order; neighbours are one.
 * @throws {BlockDeviceError} What is not the medium's failure: `ESHUTDOWN`, `ENOTSUP`, `EAGAIN`, ….
 */
export function* planSalvage(
  device: BlockDevice,
  target: Uint8Array,
  sector: number,
): Plan<readonly Gap[]> {
  try {
    yield readStep(device, target, sector);
    return [];
  } catch (error) {
    if (!isAboutMedium(error)) throw error;
  }
  const gaps: { startBytes: number; endBytes: number }[] = [];
  const blockBytes = sectorsToBytes(device.limits.logicalSectors);
  for (let startBytes = 0; startBytes < target.length; startBytes += blockBytes) {
    const endBytes = startBytes + blockBytes;
    const block = target.subarray(startBytes, endBytes);
    try {
      yield readStep(device, block, sector + bytesToSectors(startBytes));
    } catch (error) {
      if (!isAboutMedium(error)) throw error;
      block.fill(0);
      const last = gaps.at(-1);
      if (last?.endBytes === startBytes) last.endBytes = endBytes;
      else gaps.push({ startBytes, endBytes });
    }
  }
  return gaps;
}

/**
 * Access at any byte to a device that takes whole logical blocks.
 *
 * | a request            | is                                                                        |
 * | -------------------- | ------------------------------------------------------------------------- |
 * | of whole blocks      | passed on, in the caller's buffer                                         |
 * | a read of anything   | a read of the blocks that it touches, and a copy of what was wanted       |
 * | a write of anything  | a read of the first and the last block where it touches a part of them,   |
 * |                      | and one write of all blocks that it touches                               |
 *
 * That a write is one write of the device is more than tidiness: whoever takes a snapshot in between has
 * all of it or nothing.
 *
 * A write of a part is a read and a write. Whoever runs such plans beside others that write to the same
 * blocks has to keep them apart; at once (`runSync`) nobody comes between.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "./device.ts";
import { type Plan, readStep, writeStep } from "./plan.ts";
import { bytesToSectors, divCeil, isAligned, type SectorRange, sectorsToBytes } from "./units.ts";

/**
 * Whether a request is one of whole logical blocks.
 *
 * @param device The device.
 * @param offsetBytes The first byte.
 * @param byteCount How many.
 * @returns Whether the device takes it as it is.
 */
export function isWholeBlocks(
  { limits }: BlockDevice,
  offsetBytes: number,
  byteCount: number,
): boolean {
  const blockBytes = sectorsToBytes(limits.logicalSectors);
  return isAligned(offsetBytes, blockBytes) && isAligned(byteCount, blockBytes);
}

function rangeOfBlocks(firstBlock: number, endBlock: number, blockSectors: number): SectorRange {
  const sectorCount = Math.max(0, endBlock - firstBlock) * blockSectors;
  return { sector: firstBlock * blockSectors, sectorCount };
}

/**
 * The logical blocks that a request touches: it, rounded outward.
 *
 * @param device The device.
 * @param offsetBytes The first byte.
 * @param byteCount How many.
 * @returns Their sectors.
 */
export function blocksTouched(
  { limits: { logicalSectors } }: BlockDevice,
  offsetBytes: number,
  byteCount: number,
): SectorRange {
  const blockBytes = sectorsToBytes(logicalSectors);
  const firstBlock = Math.floor(offsetBytes / blockBytes);
  return rangeOfBlocks(firstBlock, divCeil(offsetBytes + byteCount, blockBytes), logicalSectors);
}

/**
 * The logical blocks of which a request has every byte: it, rounded inward.
 *
 * @param device The device.
 * @param offsetBytes The first byte.
 * @param byteCount How many.
 * @returns Their sectors; there may be none.
 */
export function blocksWithin(
  { limits: { logicalSectors } }: BlockDevice,
  offsetBytes: number,
  byteCount: number,
): SectorRange {
  const blockBytes = sectorsToBytes(logicalSectors);
  const endBlock = Math.floor((offsetBytes + byteCount) / blockBytes);
  return rangeOfBlocks(divCeil(offsetBytes, blockBytes), endBlock, logicalSectors);
}

/**
 * Plans a read.
 *
 * @param device The device.
 * @param target Filled whole.
 * @param offsetBytes The first byte.
 */
export function* planReadBytes(device: BlockDevice, target: Uint8Array, offsetBytes: number): Plan {
  if (isWholeBlocks(device, offsetBytes, target.byteLength)) {
    yield readStep(device, target, bytesToSectors(offsetBytes));
    return;
  }
  const { sector, sectorCount } = blocksTouched(device, offsetBytes, target.byteLength);
  const bytes = new Uint8Array(sectorsToBytes(sectorCount));
  yield readStep(device, bytes, sector);
  const from = offsetBytes - sectorsToBytes(sector);
  target.set(bytes.subarray(from, from + target.byteLength));
}

/**
 * Plans a write.
 *
 * @param device The device.
 * @param source The bytes; not changed before the plan has ended.
 * @param offsetBytes The first byte.
 * @param isFua Whether it must be durable when the plan ends.
 */
export function* planWriteBytes(
  device: BlockDevice,
  source: Uint8Array,
  offsetBytes: number,
  isFua = false,
): Plan {
  const { byteLength } = source;
  if (isWholeBlocks(device, offsetBytes, byteLength)) {
    yield writeStep(device, source, bytesToSectors(offsetBytes), isFua);
    return;
  }
  const { sector, sectorCount } = blocksTouched(device, offsetBytes, byteLength);
  const { logicalSectors } = device.limits;
  const blockBytes = sectorsToBytes(logicalSectors);
  const bytes = new Uint8Array(sectorsToBytes(sectorCount));
  const from = offsetBytes - sectorsToBytes(sector);
  const isHeadPart = from > 0;
  if (isHeadPart) yield readStep(device, bytes.subarray(0, blockBytes), sector);
  const isTailPart = from + byteLength < bytes.byteLength;
  if (isTailPart && !(isHeadPart && sectorCount === logicalSectors)) {
    const last = bytes.subarray(bytes.byteLength - blockBytes);
    yield readStep(device, last, sector + sectorCount - logicalSectors);
  }
  bytes.set(source, from);
  yield writeStep(device, bytes, sector, isFua);
}

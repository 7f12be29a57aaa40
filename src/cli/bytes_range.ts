/**
 * A range of bytes of a device, which lies in whole sectors.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import {
  bytesToSectors,
  divCeil,
  formatSize,
  SECTOR_BYTES,
  sectorsToBytes,
} from "../block/units.ts";
import { CommandFailure } from "./failure.ts";

/** Bytes of a device. */
export interface BytesRange {
  /** The first byte. */
  readonly offsetBytes: number;
  /** How many. */
  readonly lengthBytes: number;
}

/**
 * A range as a command was told it, checked against what there is.
 *
 * @param device The device.
 * @param offsetBytes The first byte.
 * @param lengthBytes How many; left out: all to the device's end.
 * @throws {CommandFailure} When the device ends before it.
 */
export function rangeOf(
  device: BlockDevice,
  offsetBytes: number,
  lengthBytes?: number,
): BytesRange {
  const sizeBytes = sectorsToBytes(device.sectorCount);
  const length = lengthBytes ?? Math.max(0, sizeBytes - offsetBytes);
  if (offsetBytes <= sizeBytes && offsetBytes + length <= sizeBytes) {
    return { offsetBytes, lengthBytes: length };
  }
  throw new CommandFailure(
    `Cannot reach ${length} bytes from byte ${offsetBytes} on: "${device.name}" has ${sizeBytes} ` +
      `(${formatSize(sizeBytes)})`,
  );
}

/**
 * The sectors that a range lies in.
 *
 * @param range The range.
 */
export function sectorsAround({ offsetBytes, lengthBytes }: BytesRange): {
  readonly sector: number;
  readonly sectorCount: number;
} {
  const sector = bytesToSectors(offsetBytes);
  return { sector, sectorCount: divCeil(offsetBytes + lengthBytes, SECTOR_BYTES) - sector };
}

/**
 * The part of a piece of sectors that lies in a range.
 *
 * @param piece The sectors' bytes.
 * @param sector Their first.
 * @param range The range.
 * @returns A view of the piece.
 */
export function partOf(
  piece: Uint8Array,
  sector: number,
  { offsetBytes, lengthBytes }: BytesRange,
): Uint8Array {
  const startBytes = sectorsToBytes(sector);
  const from = Math.max(0, offsetBytes - startBytes);
  const to = Math.min(piece.length, offsetBytes + lengthBytes - startBytes);
  return piece.subarray(from, Math.max(from, to));
}

/** Writes bytes anywhere: sectors at the edges are read first, and written whole. */
export async function writeBytesAt(
  device: BlockDevice,
  bytes: Uint8Array,
  offsetBytes: number,
): Promise<void> {
  const { sector, sectorCount } = sectorsAround({ offsetBytes, lengthBytes: bytes.length });
  const skippedBytes = offsetBytes - sectorsToBytes(sector);
  if (skippedBytes === 0 && bytes.length % SECTOR_BYTES === 0) {
    return await device.write(bytes, sector);
  }
  const whole = new Uint8Array(sectorsToBytes(sectorCount));
  await device.read(whole.subarray(0, SECTOR_BYTES), sector);
  if (sectorCount > 1) {
    await device.read(whole.subarray(whole.length - SECTOR_BYTES), sector + sectorCount - 1);
  }
  whole.set(bytes, skippedBytes);
  await device.write(whole, sector);
}

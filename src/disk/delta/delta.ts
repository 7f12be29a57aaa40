/**
 * Deltas: what changed between two images, to be carried elsewhere and applied there.
 *
 * A delta is applied in two passes. The first reads all of it and compares every stretch with the image:
 * each must be as before the change or as after it. Only then the second pass writes. So a delta that is
 * damaged, or belongs on another image, changes nothing; and one whose application was interrupted is
 * applied again, and goes on.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { sectorsToBytes } from "../../block/units.ts";
import { cutZeroes } from "../image/image_pieces.ts";
import type { Extent } from "../layers/held_chunks.ts";
import { CHANGE_SECTORS_MAX, contentHash, DeltaCodec } from "./delta_format.ts";
import { type DeltaChange, readDelta } from "./delta_reader.ts";

/** Zeroes are left out in this unit. */
const ZERO_SECTORS = 8;

/**
 * Writes a delta.
 *
 * @param from What it is applied to later.
 * @param to What that becomes then; of the same size.
 * @param extents Where they differ, in order.
 * @returns The delta's bytes, piece by piece. Nothing is read ahead of whoever asks.
 * @throws {BlockDeviceError} `EINVAL` when the two are not of one size.
 *
 * @example There and back
 * ```ts
 * import { applyDelta, createMemoryDevice, writeDelta } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * const [old, now, elsewhere] = [0, 1, 2].map(() => createMemoryDevice({ sectorCount: 2048 }));
 * now!.writeSync(new Uint8Array(512).fill(7), 100);
 *
 * const pieces: Uint8Array[] = [];
 * for await (const piece of writeDelta(old!, now!, [{ sector: 96, sectorCount: 8 }])) {
 *   pieces.push(piece);
 * }
 * const delta = async function* () {
 *   yield* pieces;
 * };
 * equal((await applyDelta(elsewhere!, delta)).changedSectors, 8);
 * const sector = new Uint8Array(512);
 * elsewhere!.readSync(sector, 100);
 * equal(sector[0], 7);
 * ```
 */
export async function* writeDelta(
  from: BlockDevice,
  to: BlockDevice,
  extents: Iterable<Extent>,
): AsyncGenerator<Uint8Array> {
  requireSize(from, to.sectorCount);
  const codec = new DeltaCodec();
  yield codec.encodeHeader(to.sectorCount);
  for (const { sector: first, sectorCount: total } of extents) {
    for (let done = 0; done < total; done += CHANGE_SECTORS_MAX) {
      const sector = first + done;
      const sectorCount = Math.min(CHANGE_SECTORS_MAX, total - done);
      const before = new Uint8Array(sectorsToBytes(sectorCount));
      const after = new Uint8Array(before.length);
      await Promise.all([from.read(before, sector), to.read(after, sector)]);
      for (const stretch of cutZeroes(after, ZERO_SECTORS)) {
        const start = sectorsToBytes(stretch.sector);
        const end = start + sectorsToBytes(stretch.sectorCount);
        yield codec.encodeChange({
          sector: sector + stretch.sector,
          sectorCount: stretch.sectorCount,
          before: contentHash(before.subarray(start, end)),
          after: contentHash(after.subarray(start, end)),
          hasBytes: !stretch.isZero,
        });
        if (!stretch.isZero) yield after.subarray(start, end);
      }
    }
  }
  yield codec.encodeEnd();
}

/** What an application has done. */
export interface DeltaOutcome {
  /** Sectors that were written. */
  readonly changedSectors: number;
  /** Sectors that were as after the change already. */
  readonly sameSectors: number;
}

/**
 * Applies a delta, durably.
 *
 * @param device What it is applied to.
 * @param open Begins to read the delta; called twice.
 * @returns What was done.
 * @throws {BlockDeviceError} `EINVAL` when it is damaged or does not belong here; nothing was written
 * then.
 */
export async function applyDelta(
  device: BlockDevice,
  open: () => AsyncIterable<Uint8Array>,
): Promise<DeltaOutcome> {
  await eachChange(device, open, () => Promise.resolve());
  let changedSectors = 0;
  let sameSectors = 0;
  await eachChange(device, open, async ({ sector, sectorCount, bytes, hasBytes }, isDone) => {
    if (isDone) sameSectors += sectorCount;
    else {
      if (hasBytes) await device.write(bytes, sector);
      else await device.writeZeroes(sector, sectorCount);
      changedSectors += sectorCount;
    }
  });
  await device.flush();
  return { changedSectors, sameSectors };
}

/** Reads a delta whole, and compares every change with the device. */
async function eachChange(
  device: BlockDevice,
  open: () => AsyncIterable<Uint8Array>,
  visit: (change: DeltaChange, isDone: boolean) => Promise<void>,
): Promise<void> {
  const { sectorCount, changes } = await readDelta(open());
  requireSize(device, sectorCount);
  for await (const change of changes) {
    const there = new Uint8Array(change.bytes.length);
    await device.read(there, change.sector);
    const found = contentHash(there);
    if (found !== change.before && found !== change.after) {
      throw new BlockDeviceError(
        "EINVAL",
        `Cannot apply the delta to "${device.name}": it holds something else at sector ` +
          `${change.sector}, neither what was there before the change nor what is there after`,
      );
    }
    await visit(change, found === change.after);
  }
}

function requireSize(device: BlockDevice, sectorCount: number): void {
  if (device.sectorCount === sectorCount) return;
  throw new BlockDeviceError(
    "EINVAL",
    `Cannot use a delta for ${sectorCount} sectors with "${device.name}": it has ` +
      `${device.sectorCount}`,
  );
}

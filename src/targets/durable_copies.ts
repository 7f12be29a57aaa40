/**
 * Durable copies: many copies to one device, durable when they end.
 *
 * The device is flushed whenever a stretch was copied, beside the copying of the next one: a disk that
 * begins to write early does not idle until all of it is to be durable at once. Performed by promises,
 * that is; a synchronous caller waits for each flush, and better has one stretch.
 *
 *     copy 1 │ copy 2   │ copy 3   │
 *            │ flush 1  │ flush 2  │ flush
 *
 * The last flush begins when all is copied, and covers everything. A copy or a flush that fails ends the
 * plan when the other has ended; what was copied stays.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { allStep, flushStep, type Plan } from "../block/plan.ts";
import { type Copier, tryCopyInKernel } from "../copier/mod.ts";

/** A copy to the device. */
export interface DurableCopy {
  /** The device read from. */
  readonly source: BlockDevice;
  /** The first sector there. */
  readonly sector: number;
  /** The first sector on the device that is written. */
  readonly targetSector: number;
  /** How many. */
  readonly sectorCount: number;
}

function pieceOf(copy: DurableCopy, done: number, room: number): DurableCopy {
  const { source, sector, targetSector, sectorCount } = copy;
  return {
    source,
    sector: sector + done,
    targetSector: targetSector + done,
    sectorCount: Math.min(room, sectorCount - done),
  };
}

/** Cuts copies into stretches of one size, but for the last. */
function* stretchesOf(
  copies: Iterable<DurableCopy>,
  stretchSectors: number,
): Generator<DurableCopy[]> {
  let stretch: DurableCopy[] = [];
  let room = stretchSectors;
  for (const copy of copies) {
    for (let done = 0; done < copy.sectorCount;) {
      const piece = done === 0 && copy.sectorCount <= room ? copy : pieceOf(copy, done, room);
      stretch.push(piece);
      done += piece.sectorCount;
      room -= piece.sectorCount;
      if (room > 0) continue;
      yield stretch;
      stretch = [];
      room = stretchSectors;
    }
  }
  if (stretch.length > 0) yield stretch;
}

/** Copies as far as both devices lie in kernel memory; returns which one does not, or how many there are. */
function copyInKernel(device: BlockDevice, copies: readonly DurableCopy[], from: number): number {
  let index = from;
  for (; index < copies.length; index++) {
    const { source, sector, targetSector, sectorCount } = copies[index]!;
    if (!tryCopyInKernel(source, sector, device, targetSector, sectorCount)) break;
  }
  return index;
}

function* copyAll(copier: Copier, device: BlockDevice, copies: readonly DurableCopy[]): Plan {
  for (let index = 0;; index++) {
    index = copyInKernel(device, copies, index);
    if (index === copies.length) return;
    const { source, sector, targetSector, sectorCount } = copies[index]!;
    const targets = [{ device, sector: targetSector }];
    yield* copier.copy({ source, sector, sectorCount, targets });
  }
}

function* flush(device: BlockDevice): Plan {
  yield flushStep(device);
}

/**
 * Copies, one after another.
 *
 * @param copier Does it.
 * @param device The device that is written.
 * @param copies From where, to where.
 * @param stretchSectors How much is copied before it is flushed; `Infinity`: all of it.
 */
export function* copyDurably(
  copier: Copier,
  device: BlockDevice,
  copies: readonly DurableCopy[],
  stretchSectors: number,
): Plan {
  if (stretchSectors === Infinity) {
    yield* copyAll(copier, device, copies);
    yield flushStep(device);
    return;
  }
  let isFirst = true;
  for (const stretch of stretchesOf(copies, stretchSectors)) {
    const copying = copyAll(copier, device, stretch);
    if (isFirst) yield* copying;
    else yield allStep([flush(device), copying]);
    isFirst = false;
  }
  yield flushStep(device);
}

/**
 * What differs between two devices, looking only where they can.
 *
 * A chunk that no layer holds is the origin's on both sides. The others are read from both and
 * compared, chunk by chunk: so a diff costs what was changed, not what the disk is large.
 *
 * **Failure**: that of a read; nothing is told then.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { allStep, type Plan, readStep } from "../../block/plan.ts";
import { sectorsToBytes } from "../../block/units.ts";
import { differingStretches } from "../image/differing.ts";
import type { Extent, HeldChunks } from "./held_chunks.ts";

/** Chunks are compared in pieces of at most this size: 256 KiB. */
const PIECE_SECTORS = 512;

/** Adds a stretch to a list whose last one it may touch. */
function append(extents: Extent[], sector: number, sectorCount: number): void {
  const last = extents.at(-1);
  if (last === undefined || last.sector + last.sectorCount !== sector) {
    extents.push({ sector, sectorCount });
  } else {
    extents[extents.length - 1] = { ...last, sectorCount: last.sectorCount + sectorCount };
  }
}

function* read(device: BlockDevice, target: Uint8Array, sector: number): Plan {
  yield readStep(device, target, sector);
}

/**
 * Finds what differs.
 *
 * @param from One device.
 * @param to The other, of the same size.
 * @param chunks Where they may differ.
 * @param chunkSectors Sectors in a chunk.
 * @returns Whole chunks in which at least one byte differs, as extents by sector.
 */
export function* planDiff(
  from: BlockDevice,
  to: BlockDevice,
  chunks: HeldChunks,
  chunkSectors: number,
): Plan<Extent[]> {
  const chunksMax = Math.max(1, PIECE_SECTORS / chunkSectors);
  const one = new Uint8Array(sectorsToBytes(chunksMax * chunkSectors));
  const other = new Uint8Array(one.length);
  const extents: Extent[] = [];
  for (const { first, count } of chunks.pieces(chunksMax)) {
    const sector = first * chunkSectors;
    const sectorCount = Math.min(count * chunkSectors, to.sectorCount - sector);
    const bytes = sectorsToBytes(sectorCount);
    yield allStep([
      read(from, one.subarray(0, bytes), sector),
      read(to, other.subarray(0, bytes), sector),
    ]);
    const [left, right] = [one.subarray(0, bytes), other.subarray(0, bytes)];
    for (const stretch of differingStretches(left, right, chunkSectors)) {
      append(extents, sector + stretch.sector, stretch.sectorCount);
    }
  }
  return extents;
}

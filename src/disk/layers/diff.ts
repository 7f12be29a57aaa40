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

/** Compares two stretches of sectors at the same place of two buffers of their own. */
function areEqual(one: Uint8Array, other: Uint8Array, start: number, end: number): boolean {
  const words = (bytes: Uint8Array) =>
    new Int32Array(bytes.buffer, bytes.byteOffset + start, (end - start) / 4);
  const [left, right] = [words(one), words(other)];
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
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
    for (let done = 0; done < sectorCount; done += chunkSectors) {
      const size = Math.min(chunkSectors, sectorCount - done);
      const [start, end] = [sectorsToBytes(done), sectorsToBytes(done + size)];
      if (areEqual(one, other, start, end)) continue;
      append(extents, sector + done, size);
    }
  }
  return extents;
}

/**
 * Allocation: which layer of a stack holds what a view shows.
 *
 * Depth 1 is the view's own COW device, 2 the layer below it, and so on down to the plain device. A
 * snapshot answers from its exception table and hands what it does not hold down to its origin; an origin
 * is as deep as the device that it stands for; everything else is a plain device and holds all of itself.
 * Nothing is read.
 *
 * An exception that is not complete yet belongs to the layer below, which is where it is read from.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { chunkOf } from "../block/units.ts";
import type { ExceptionTable } from "../exception/mod.ts";
import { MappedDevice } from "./mapped_device.ts";

/** Sectors that one layer holds. */
export interface AllocationExtent {
  /** How many. */
  readonly sectorCount: number;
  /** Which layer: 1 is the uppermost. */
  readonly depth: number;
}

/** An answer has no more extents than this. */
const EXTENTS_MAX = 4096;

/** Extents in order, neighbours of one depth joined. */
class ExtentList {
  readonly extents: { sectorCount: number; depth: number }[] = [];

  get isFull(): boolean {
    return this.extents.length > EXTENTS_MAX;
  }

  add(sectorCount: number, depth: number): void {
    const last = this.extents.at(-1);
    if (last?.depth === depth) last.sectorCount += sectorCount;
    else this.extents.push({ sectorCount, depth });
  }
}

/** A device that is a snapshot or an origin and nothing else. */
function soleTarget(device: BlockDevice) {
  if (!(device instanceof MappedDevice)) return null;
  const [target, ...others] = device.activeTargets ?? [];
  return target !== undefined && others.length === 0 ? target : null;
}

function collectFrom(
  table: ExceptionTable,
  origin: BlockDevice,
  sector: number,
  end: number,
  depth: number,
  list: ExtentList,
): void {
  const { chunkSectors } = table;
  for (let at = sector; at < end && !list.isFull;) {
    const chunk = chunkOf(at, chunkSectors);
    const newChunk = table.find(chunk, chunkOf(end - 1, chunkSectors) - chunk + 1);
    const runEnd = Math.min(end, (chunk + table.runLength) * chunkSectors);
    if (newChunk >= 0) list.add(runEnd - at, depth);
    else collect(origin, at, runEnd, depth + 1, list);
    at = runEnd;
  }
}

function collect(
  device: BlockDevice,
  sector: number,
  end: number,
  depth: number,
  list: ExtentList,
): void {
  const target = soleTarget(device);
  const below = target?.devices[0];
  if (below !== undefined && target?.type === "snapshot-origin") {
    return collect(below, sector, end, depth, list);
  }
  const table = target?.type === "snapshot" ? target.exceptions ?? null : null;
  if (below === undefined || table === null) list.add(end - sector, depth);
  else collectFrom(table, below, sector, end, depth, list);
}

/**
 * Tells which layer holds what.
 *
 * @param device The view.
 * @param sector The first sector.
 * @param sectorCount How many, at least one, all of them on the device.
 * @returns Extents from `sector` on, neighbours of different depth. They end before what was asked for
 * when there would be more than 4096.
 *
 * @example What was written to a snapshot is its own
 * ```ts
 * import { allocationOf, createMemoryDevice, openSnapshot } from "cowdisk";
 * import { deepEqual } from "node:assert/strict";
 *
 * const origin = createMemoryDevice({ sectorCount: 64 });
 * const cow = createMemoryDevice({ sectorCount: 1024 });
 * await using snapshot = await openSnapshot({ origin, cow, chunkSectors: 8 });
 * await snapshot.write(new Uint8Array(512), 9);
 * deepEqual(allocationOf(snapshot, 0, 64), [
 *   { sectorCount: 8, depth: 2 },
 *   { sectorCount: 8, depth: 1 },
 *   { sectorCount: 48, depth: 2 },
 * ]);
 * ```
 */
export function allocationOf(
  device: BlockDevice,
  sector: number,
  sectorCount: number,
): AllocationExtent[] {
  const list = new ExtentList();
  collect(device, sector, sector + sectorCount, 1, list);
  // A layer below may have stopped in the middle, and the one above gone on: what follows is not known.
  return list.isFull ? list.extents.slice(0, EXTENTS_MAX) : list.extents;
}

/**
 * The exceptions on a COW device, read as opening it would read them, and nothing is changed.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import {
  AreaLayout,
  type BlockDevice,
  BlockDeviceError,
  type ExceptionRun,
  type Plan,
  runAsync,
  SECTOR_BYTES,
} from "../../../src/mod.ts";
import { AreaImage } from "../../../src/exception/store/area_image.ts";
import { readAreas } from "../../../src/exception/store/area_reader.ts";
import { readHeader } from "../../../src/exception/store/header_reader.ts";
import type { Devices } from "./devices.ts";
import { cowName, type SnapshotFacts, type World } from "./world.ts";

/** What a COW device holds. */
export interface StoredExceptions {
  /** What opening it comes to; `refused` when its numbers make no sense. */
  readonly state: "fresh" | "loaded" | "invalid" | "refused";
  readonly chunkSectors: number;
  readonly areaCount: number;
  /** In the order of allocation. */
  readonly runs: readonly ExceptionRun[];
}

function* planList(cow: BlockDevice, source: BlockDevice): Plan<StoredExceptions> {
  const runs: ExceptionRun[] = [];
  let chunkSectors = 0;
  try {
    const header = yield* readHeader({ cow, source, chunkSectors: 0, log: () => {} });
    chunkSectors = header.chunkSectors;
    const { state } = header;
    if (state !== "loaded") return { state, chunkSectors, areaCount: 0, runs };
    const layout = new AreaLayout(chunkSectors);
    const image = new AreaImage(layout.chunkBytes, SECTOR_BYTES);
    const end = yield* readAreas(cow, source, layout, (run) => runs.push(run), image);
    return { state, chunkSectors, areaCount: end.area + 1, runs };
  } catch (error) {
    if (!(error instanceof BlockDeviceError)) throw error;
    return { state: "refused", chunkSectors, areaCount: 0, runs };
  }
}

/**
 * Reads a snapshot's list.
 *
 * @param snapshot The snapshot.
 * @param devices Where its COW device is.
 */
export function readList(snapshot: SnapshotFacts, devices: Devices): Promise<StoredExceptions> {
  return runAsync(planList(devices.get(cowName(snapshot)).device, devices.disk.device));
}

/**
 * Reads all lists that are stored.
 *
 * @param world The snapshots.
 * @param devices Where their COW devices are.
 * @returns The exceptions, by snapshot.
 */
export async function readLists(
  { snapshots }: World,
  devices: Devices,
): Promise<Map<string, readonly ExceptionRun[]>> {
  const lists = new Map<string, readonly ExceptionRun[]>();
  for (const each of snapshots) {
    if (each.store !== "N") lists.set(each.name, (await readList(each, devices)).runs);
  }
  return lists;
}

/**
 * Where exceptions lead a chunk.
 *
 * @param runs The exceptions.
 * @param chunk The chunk.
 * @returns The chunk of the COW device, or -1.
 */
export function newChunkIn(runs: readonly ExceptionRun[], chunk: number): number {
  const run = runs.find(({ oldChunk, count }) => oldChunk <= chunk && chunk < oldChunk + count);
  return run === undefined ? -1 : run.newChunk + chunk - run.oldChunk;
}

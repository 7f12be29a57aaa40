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
  SECTOR_BYTES,
} from "../../../src/mod.ts";
import { AreaImage } from "../../../src/exception/store/area_image.ts";
import { readAreas } from "../../../src/exception/store/area_reader.ts";
import { readHeader } from "../../../src/exception/store/header_reader.ts";

/** What a COW device holds. */
export interface StoredExceptions {
  /** What opening it comes to; `refused` when its numbers make no sense. */
  readonly state: "fresh" | "loaded" | "invalid" | "refused";
  readonly chunkSectors: number;
  readonly areaCount: number;
  /** In the order of allocation. */
  readonly runs: readonly ExceptionRun[];
}

/**
 * Plans the reading.
 *
 * @param cow The COW device.
 * @param source The device whose chunks are excepted.
 */
export function* planStoredExceptions(
  cow: BlockDevice,
  source: BlockDevice,
): Plan<StoredExceptions> {
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

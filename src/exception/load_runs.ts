/**
 * Loading: from the runs that a store remembers to an index that can be trusted.
 *
 * A chunk that stands twice, as old or as new one, makes no sense: whichever of the two entries were
 * believed, the other one's data would be attributed to the wrong chunk.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { ExceptionIndex } from "../kernel/mod.ts";
import type { ExceptionRun } from "./store/exception_store.ts";

/**
 * Fills an index with what a store remembers.
 *
 * @param complete The index.
 * @param runs What was remembered, in the order of allocation.
 * @param destination The device it was read from, for the message.
 * @throws {BlockDeviceError} `EINVAL` when a chunk of either side stands twice.
 */
export function loadRuns(
  complete: ExceptionIndex,
  runs: readonly ExceptionRun[],
  destination: BlockDevice,
): void {
  // New chunks are claimed in an index of their own, where in-order allocation is one long run.
  const claims = new ExceptionIndex();
  try {
    for (const { oldChunk, newChunk, count } of runs) {
      const twice = !complete.insert(oldChunk, newChunk, count)
        ? `old chunk of ${oldChunk} to ${oldChunk + count - 1}`
        : !claims.insert(newChunk, newChunk, count)
        ? `new chunk of ${newChunk} to ${newChunk + count - 1}`
        : null;
      if (twice === null) continue;
      throw new BlockDeviceError(
        "EINVAL",
        `Cannot load exceptions from "${destination.name}": some ${twice} stands twice`,
        { device: destination.name },
      );
    }
  } finally {
    claims.destroy();
  }
}

/**
 * Loading: from the runs that a store remembers to an index that can be trusted.
 *
 * A chunk that stands twice, as old or as new one, makes no sense: whichever of the two entries were
 * believed, the other one's data would be attributed to the wrong chunk.
 *
 * A run goes into the index as it is read, and nobody else keeps it: ten million isolated exceptions
 * are 120 MB in the index, and would be five times as much in a list.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../block/errors.ts";
import type { Plan } from "../block/plan.ts";
import { ExceptionIndex } from "../kernel/mod.ts";
import type { ExceptionRun } from "./store/exception_store.ts";
import { type ExceptionTableOptions, requireFewChunks } from "./table_options.ts";

/**
 * Fills an index with what a store remembers.
 *
 * @param complete The index. When this fails it holds a part: its owner destroys it.
 * @param options The store, the source whose chunks are excepted, and the destination.
 * @returns What the store's `readMetadata` does.
 * @throws {BlockDeviceError} `EINVAL` when a chunk of either side stands twice, or the source has more
 * chunks than an index can hold; whatever the store's reading throws.
 */
export function* loadRuns(
  complete: ExceptionIndex,
  options: ExceptionTableOptions,
): Plan<"fresh" | "loaded" | "invalid"> {
  const { store, destination } = options;
  // New chunks are claimed in an index of their own, where in-order allocation is one long run.
  const claims = new ExceptionIndex();
  const add = ({ oldChunk, newChunk, count }: ExceptionRun) => {
    const twice = !complete.insert(oldChunk, newChunk, count)
      ? `old chunk of ${oldChunk} to ${oldChunk + count - 1}`
      : !claims.insert(newChunk, newChunk, count)
      ? `new chunk of ${newChunk} to ${newChunk + count - 1}`
      : null;
    if (twice === null) return;
    throw new BlockDeviceError(
      "EINVAL",
      `Cannot load exceptions from "${destination.name}": some ${twice} stands twice`,
      { device: destination.name },
    );
  };
  try {
    const state = yield* store.readMetadata(add);
    requireFewChunks(options);
    return state;
  } finally {
    claims.destroy();
  }
}

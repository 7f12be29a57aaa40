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
  const refuse = (side: string, first: number, count: number) =>
    new BlockDeviceError(
      "EINVAL",
      `Cannot load exceptions from "${destination.name}": some ${side} chunk of ${first} to ` +
        `${first + count - 1} stands twice`,
      { device: destination.name },
    );
  // New chunks are claimed in an index of their own, and in stretches, for most were allocated in order.
  const claims = new ExceptionIndex();
  let first = 0;
  let claimed = 0;
  const claim = () => {
    if (claimed > 0 && !claims.insert(first, first, claimed)) throw refuse("new", first, claimed);
  };
  const add = ({ oldChunk, newChunk, count }: ExceptionRun) => {
    if (!complete.insert(oldChunk, newChunk, count)) throw refuse("old", oldChunk, count);
    if (newChunk !== first + claimed) {
      claim();
      first = newChunk;
      claimed = 0;
    }
    claimed += count;
  };
  try {
    const state = yield* store.readMetadata(add);
    claim();
    requireFewChunks(options);
    return state;
  } finally {
    claims.destroy();
  }
}

/**
 * The snapshot stack on files, by the system's calls.
 *
 * @module
 */
import { copyOutInFiles } from "../contests/file_first_touches.ts";
import { mergeInFiles } from "../contests/file_merges.ts";
import { readAtRandom, writeAtRandom, writeInOrder } from "../contests/file_stacks.ts";
import { FEW, MANY, race, type Row } from "../harness/row.ts";

/** The rows. */
export function* fileRows(): Generator<Row> {
  for (const isCopied of [true, false]) yield race(readAtRandom(isCopied), MANY);
  yield race(copyOutInFiles(1), FEW);
  yield race(copyOutInFiles(256), FEW);
  yield race(writeAtRandom(), FEW, 10);
  for (const requestBytes of [65_536, 1_048_576]) {
    const speedMin = requestBytes === 1_048_576 ? 0.5 : undefined;
    for (const durability of ["each", "flush"] as const) {
      yield race(writeInOrder("snapshot", requestBytes, durability), FEW, speedMin);
    }
    yield race(writeInOrder("origin", requestBytes, "each"), FEW, speedMin);
  }
  yield race(mergeInFiles(65_536, false), FEW, 0.7);
  yield race(mergeInFiles(65_536, true), FEW);
  yield race(mergeInFiles(4096, false), FEW);
}

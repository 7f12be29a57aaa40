/**
 * The snapshot stack on files, by the system's calls.
 *
 * @module
 */
import { accessFiles } from "../contests/file_accesses.ts";
import { copyOutInFiles } from "../contests/file_first_touches.ts";
import { mergeInFiles } from "../contests/file_merges.ts";
import { writeAtRandom, writeInOrder } from "../contests/file_stacks.ts";
import { isSmoke } from "../harness/contest.ts";
import { FEW, race, type Row } from "../harness/row.ts";

const SNAPSHOT_COUNTS = isSmoke ? [1, 4] : [1, 4, 16, 64];

/** What any number of snapshots do to writes, and 16 requests in flight to everything. */
function* accesses(): Generator<Row> {
  const shapes = [
    ...SNAPSHOT_COUNTS.map((snapshots) => ({ snapshots, face: "sync" as const })),
    { snapshots: 1, face: "16 in flight" as const },
  ];
  for (const shape of shapes) {
    yield race(copyOutInFiles({ requestChunks: 1, ...shape }), FEW);
    yield race(accessFiles("overwrite 4 KiB of an origin", shape), FEW);
    if (shape.snapshots > 1) continue;
    yield race(accessFiles("overwrite 4 KiB of a snapshot", shape), FEW);
    yield race(accessFiles("read a copied chunk of 4 KiB", shape), FEW);
    yield race(accessFiles("read an uncopied chunk of 4 KiB", shape), FEW);
  }
}

/** The rows. */
export function* fileRows(): Generator<Row> {
  yield* accesses();
  yield race(copyOutInFiles({ requestChunks: 256, snapshots: 1, face: "sync" }), FEW);
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

/**
 * The exception table: its index beside a `Map`, its memory, loading it and merging it away.
 *
 * @module
 */
import { ExceptionIndex } from "../../../src/kernel/mod.ts";
import { load } from "../contests/loads.ts";
import { forgetSides, insert, lookUp } from "../contests/lookups.ts";
import { merge } from "../contests/merges.ts";
import { shuffledBelow } from "../contests/places.ts";
import { isLong, isSmoke } from "../harness/contest.ts";
import { heldBytes } from "../harness/measure.ts";
import { amounts, deadline, FEW, MANY, type Mark, race, type Row } from "../harness/row.ts";

const MILLION = isSmoke ? 1000 : 1_000_000;
const MOST = isSmoke ? 10_000 : 10_000_000;
const COUNTS = isSmoke ? [100] : [1000, 10_000, 100_000, MILLION, ...isLong ? [MOST] : []];

/** Old chunks as they may lie. */
const LIES: Readonly<Record<string, (count: number) => Uint32Array>> = {
  isolated: (count) => shuffledBelow(count, "memory").map((chunk) => chunk * 2),
  "in clusters of 8": (count) =>
    Uint32Array.from({ length: count }, (_, index) => Math.floor(index / 8) * 16 + index % 8),
  sequential: (count) => Uint32Array.from({ length: count }, (_, index) => index),
};

const MEMORY_MARKS: Readonly<Record<string, number>> = { isolated: 12, sequential: 0.2 };

/** Bytes that each of so many exceptions takes, in a `Map` and in the index. */
function memory(count: number, lie: string): Row {
  const limit = MEMORY_MARKS[lie];
  const mark: Mark | null = count === MOST && limit !== undefined ? { of: "cost", limit } : null;
  return amounts(`memory of each of ${count} exceptions, ${lie}`, "bytes", () => {
    const oldChunks = LIES[lie]!(count);
    // A Map of ten millions has the same bytes for each as one of a million; a small one drowns in
    // what else the heap does, so there are many of it.
    const mapped = Math.min(count, MILLION);
    const maps: Map<number, number>[] = [];
    const before = heldBytes();
    for (let at = 0; at < MILLION; at += mapped) {
      const map = new Map<number, number>();
      for (let index = 0; index < mapped; index++) map.set(oldChunks[index] as number, index);
      maps.push(map);
    }
    const ofMap = (heldBytes() - before) / (maps.length * mapped);
    const index = new ExceptionIndex();
    oldChunks.forEach((oldChunk, newChunk) => index.insert(oldChunk, newChunk));
    const ofIndex = index.usedBytes / count;
    index.destroy();
    return { Map: ofMap, cowdisk: ofIndex };
  }, mark);
}

/** The rows. */
export async function* exceptionRows(): AsyncGenerator<Row> {
  for (const world of ["sparse", "dense"] as const) {
    for (const count of COUNTS) {
      const isMarked = count === MILLION && world === "sparse";
      yield race(lookUp("hits", count, world), MANY, isMarked ? 3 : undefined);
      yield race(lookUp("misses", count, world), MANY, isMarked ? 3 : undefined);
    }
    forgetSides();
  }
  for (const order of ["sparse", "dense", "in order"] as const) {
    for (const count of isSmoke ? [100] : [10_000, MILLION]) yield race(insert(count, order), FEW);
  }
  for (const lie of Object.keys(LIES)) {
    for (const count of isSmoke ? [MILLION] : [1000, MILLION, MOST]) yield memory(count, lie);
  }
  for (const count of [MILLION, ...isLong ? [MOST] : []]) {
    const msMax = count / MILLION * 1000;
    yield deadline(load("isolated", count), msMax);
    yield deadline(load("runs", count), msMax);
  }
  const merged = isSmoke ? [300] : [10_000, 50_000];
  for (const lie of ["isolated", "runs"] as const) {
    for (const chunkCount of merged) {
      yield race(merge({ lie, chunkCount, chunkBytes: 4096, dataEvery: 1 }), FEW, 0.7);
    }
  }
}

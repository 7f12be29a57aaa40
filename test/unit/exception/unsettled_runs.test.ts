import { expect, test } from "vitest";
import { UnsettledRuns } from "../../../src/exception/unsettled_runs.ts";

function runsOf(...runs: [oldChunk: number, count: number][]): UnsettledRuns {
  const unsettled = new UnsettledRuns();
  for (const [oldChunk, count] of runs) unsettled.add({ oldChunk, newChunk: 1, count });
  return unsettled;
}

test("a chunk is in the list from when it is added", () => {
  const unsettled = runsOf([5, 2], [20, 1]);
  expect(unsettled.chunkCount).toBe(3);
  const overlaps = [4, 5, 6, 7, 19, 20, 21].map((chunk) => unsettled.overlaps(chunk, chunk));
  expect(overlaps).toEqual([false, true, true, false, false, true, false]);
  expect([unsettled.overlaps(0, 5), unsettled.overlaps(7, 19), unsettled.overlaps(0, 99)]).toEqual([
    true,
    false,
    true,
  ]);
});

test("the oldest are forgotten, whole runs only, and never one too many", () => {
  const kept = (count: number) => {
    const unsettled = runsOf([10, 2], [20, 3], [30, 1]);
    unsettled.keepNewest(count);
    return [10, 20, 30].filter((chunk) => unsettled.overlaps(chunk, chunk));
  };
  expect(kept(6)).toEqual([10, 20, 30]);
  expect(kept(5)).toEqual([10, 20, 30]);
  expect(kept(4)).toEqual([20, 30]);
  expect(kept(2)).toEqual([20, 30]);
  expect(kept(1)).toEqual([30]);
  expect(kept(0)).toEqual([]);
});

test("asked to keep more than there is, the list stays", () => {
  const unsettled = runsOf([1, 1]);
  unsettled.keepNewest(5);
  expect(unsettled.chunkCount).toBe(1);
});

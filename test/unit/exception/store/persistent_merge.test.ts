/** The merge verbs of a persistent store: newest first, and never the wrong entry. */
import { describe, expect, test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { chunkAt, commitChunks, type Entry, openStore, range } from "../images.ts";
import { load, mergeAll } from "./merging.ts";

test("runs go from the newest back, as far as both sides are consecutive", () => {
  const { store, cow, source } = load([[5, 2], [6, 3], [8, 4], [9, 5], [7, 6], [10, 7], [11, 8]]);
  expect(mergeAll(store)).toEqual(["10>7 x2", "7>6 x1", "8>4 x2", "5>2 x2"]);
  expect(store.usage()).toEqual({ allocatedSectors: 2, totalSectors: 200, metadataSectors: 2 });
  expect(openStore(cow, source, 1).runs).toEqual([]);
});

test("a run is told whole, also where it goes beyond what was asked for", () => {
  const { store } = load([[5, 2], [6, 3], [7, 4], [1, 5], [2, 6]]);
  const countsOf = (countMax: number) =>
    runSync(store.prepareMerge(countMax)).map(({ count }) => count);
  expect(countsOf(1)).toEqual([2]);
  expect(countsOf(2)).toEqual([2]);
  expect(countsOf(3)).toEqual([2, 3]);
});

test("a run ends at the area's first entry, and the next step goes back an area", () => {
  const entries = range(0, 70).map((place): Entry => [place, chunkAt(place, 1)]);
  const { store, bench } = load(entries);
  expect(mergeAll(store)).toEqual(["64>68 x6", "32>35 x32", "0>2 x32"]);
  expect(bench.trace.filter(({ kind }) => kind === "read").map(({ sector }) => sector)).toEqual([
    0,
    1,
    34,
    67, // the load
    34,
    1, // back, an area at a time
  ]);
});

test("usage steps back with the merge, as the kernel's does", () => {
  const entries = range(0, 33).map((place): Entry => [place * 2, chunkAt(place, 1)]);
  const { store } = load(entries);
  const numbers = () => {
    const { allocatedSectors, metadataSectors } = store.usage();
    return [allocatedSectors, metadataSectors];
  };
  expect(numbers()).toEqual([36, 3]);
  runSync(store.prepareMerge());
  runSync(store.commitMerge(1));
  expect(numbers()).toEqual([35, 3]);
  runSync(store.prepareMerge());
  expect(numbers()).toEqual([35, 2]); // "257 entries" for a moment, as in the kernel's own samples
  runSync(store.commitMerge(1));
  expect(numbers()).toEqual([33, 2]);
});

describe("allocation goes on where no exception is left in the way", () => {
  test("after a part was merged, in the middle and at the border of an area", () => {
    for (const [count, merged] of [[10, 3], [33, 1], [34, 2], [40, 7], [40, 9]]) {
      const entries = range(0, count!).map((place): Entry => [place * 2, chunkAt(place, 1)]);
      const { store, cow, source } = load(entries);
      for (let index = 0; index < merged!; index++) {
        runSync(store.prepareMerge());
        runSync(store.commitMerge(1));
      }
      const left = count! - merged!;
      commitChunks(store, range(200, 40));
      const again = openStore(cow, source, 1);
      const olds = again.runs.flatMap((run) => range(run.oldChunk, run.count));
      expect(olds).toEqual([...range(0, left).map((place) => place * 2), ...range(200, 40)]);
      const news = again.runs.flatMap((run) => range(run.newChunk, run.count));
      expect(news).toEqual(range(0, left + 40).map((place) => chunkAt(place, 1)));
    }
  });

  test("when a step back was made and nothing was merged yet", () => {
    const entries = range(0, 32).map((place): Entry => [place, chunkAt(place, 1)]);
    const { store, cow, source } = load(entries);
    expect(runSync(store.prepareMerge())).toMatchObject([{ count: 32 }]);
    commitChunks(store, [100]);
    expect(openStore(cow, source, 1).runs.at(-1)).toEqual({
      oldChunk: 100,
      newChunk: 35,
      count: 1,
    });
  });

  test("where the allocation has holes, as kernels before 2013 left them", () => {
    const { store } = load([[1, 5], [2, 9], [3, 20]]);
    runSync(store.prepareMerge());
    runSync(store.commitMerge(1));
    const next = range(0, 3).map(() => store.prepareException());
    expect(next).toEqual([20, 21, 22]);
  });

  test("where new chunks are out of order: nothing that is in use is handed out", () => {
    const { store } = load([[1, 7], [2, 4], [3, 2]]);
    runSync(store.prepareMerge());
    runSync(store.commitMerge(1));
    expect(store.prepareException()).toBe(8);
    const other = load([[1, 7], [2, 4]]);
    expect(mergeAll(other.store)).toEqual(["2>4 x1", "1>7 x1"]);
    expect(other.store.usage().allocatedSectors).toBe(2);
  });
});

describe("a step that fails changes nothing", () => {
  test("the area before cannot be read", () => {
    const entries = range(0, 33).map((place): Entry => [place, chunkAt(place, 1)]);
    const { store, bench } = load(entries);
    runSync(store.prepareMerge());
    runSync(store.commitMerge(1));
    bench.fault = ({ kind }) => kind === "read";
    expect(() => runSync(store.prepareMerge())).toThrow("The medium is worn");
    bench.fault = () => false;
    expect(mergeAll(store)).toEqual(["0>2 x32"]);
  });

  test.each(["flush", "write"])("the shorter list cannot be made durable: %s", (kind) => {
    const { store, bench, cow, source } = load([[5, 2], [6, 3], [9, 4]]);
    runSync(store.prepareMerge());
    bench.fault = (request) => request.kind === kind;
    expect(() => runSync(store.commitMerge(1))).toThrow("The medium is worn");
    expect(store.unsettledCount).toBe(1);
    bench.fault = () => false;
    // Whatever the device remembers, a flush brings back what is still in use.
    cow.bytes.fill(0, 512 + 32, 512 + 48);
    runSync(store.commitExceptions([], true));
    expect(store.unsettledCount).toBe(0);
    bench.powerCut();
    expect(openStore(cow, source, 1).runs).toEqual([
      { oldChunk: 5, newChunk: 2, count: 2 },
      { oldChunk: 9, newChunk: 4, count: 1 },
    ]);
    expect(mergeAll(store)).toEqual(["9>4 x1", "5>2 x2"]);
  });

  test("nor is any of several runs forgotten when they are forgotten together", () => {
    const { store, bench, cow, source } = load([[5, 2], [6, 3], [9, 4], [1, 5]]);
    runSync(store.prepareMerge());
    bench.fault = ({ kind }) => kind === "write";
    expect(() => runSync(store.commitMerge(2))).toThrow("The medium is worn");
    expect(store.unsettledCount).toBe(2);
    bench.fault = () => false;
    runSync(store.commitExceptions([], true));
    bench.powerCut();
    expect(openStore(cow, source, 1).runs).toHaveLength(3);
    expect(mergeAll(store)).toEqual(["1>5 x1", "9>4 x1", "5>2 x2"]);
  });
});

test("exceptions that are not durable are made so before the first of them is merged", () => {
  const { store, bench } = load([[5, 2]]);
  commitChunks(store, [6], false);
  bench.trace = [];
  runSync(store.prepareMerge());
  expect(bench.takeTrace()).toEqual(["cow flush", "cow write 1+1 fua"]);
});

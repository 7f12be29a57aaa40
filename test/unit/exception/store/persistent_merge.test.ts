/** The merge verbs of a persistent store: newest first, and never the wrong entry. */
import { describe, expect, test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import type { PersistentStore } from "../../../../src/exception/store/persistent_store.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import { chunkAt, commitChunks, cowImage, type Entry, openStore, range } from "../images.ts";
import { Bench } from "../rig.ts";

function load(entries: readonly Entry[], sectorCount = 200) {
  const bench = new Bench();
  const content = cowImage({ sectorCount, chunkSectors: 1, entries });
  const cow = bench.disk("cow", sectorCount, { content });
  const source = bench.disk("source", 300);
  return { bench, cow, source, store: openStore(cow, source, 1).store };
}

/** Merges everything, and tells the runs. */
function mergeAll(store: PersistentStore): string[] {
  const runs: string[] = [];
  for (;;) {
    const [run] = runSync(store.prepareMerge());
    if (run === undefined) return runs;
    runs.push(`${run.oldChunk}>${run.newChunk} x${run.count}`);
    runSync(store.commitMerge(run.count));
  }
}

test("runs go from the newest back, as far as both sides are consecutive", () => {
  const { store, cow, source } = load([[5, 2], [6, 3], [8, 4], [9, 5], [7, 6], [10, 7], [11, 8]]);
  expect(mergeAll(store)).toEqual(["10>7 x2", "7>6 x1", "8>4 x2", "5>2 x2"]);
  expect(store.usage()).toEqual({ allocatedSectors: 2, totalSectors: 200, metadataSectors: 2 });
  expect(openStore(cow, source, 1).runs).toEqual([]);
});

test("runs are told one behind the other, through all areas, and are forgotten in one go", () => {
  const entries = range(0, 98).map((place): Entry => [place * 2, chunkAt(place, 1)]);
  const { store, bench, cow, source } = load(entries);
  const oldChunks = (countMax?: number) =>
    runSync(store.prepareMerge(countMax)).map(({ oldChunk }) => oldChunk);
  expect(oldChunks()).toEqual([194]);
  expect(oldChunks(2)).toEqual([194, 192]);
  bench.trace = [];
  expect(oldChunks(3)).toEqual([194, 192, 190]);
  expect(oldChunks(61).at(-1)).toBe(74);
  const all = range(0, 98).map((place) => place * 2).reverse();
  expect(oldChunks(98)).toEqual(all);
  expect(oldChunks(99)).toEqual(all);
  expect(bench.takeTrace()).toEqual(["cow read 67+1", "cow read 34+1", "cow read 1+1"]);
  // 37 are left.
  runSync(store.commitMerge(61));
  expect(bench.takeTrace()).toEqual([
    "cow flush",
    "cow write 34+1",
    "cow write 67+1",
    "cow write 100+1",
    "cow flush",
  ]);
  bench.powerCut();
  expect(openStore(cow, source, 1).runs).toHaveLength(37);
  bench.trace = [];
  expect(oldChunks()).toEqual([72]);
  runSync(store.commitMerge(5));
  expect(oldChunks(32).at(-1)).toBe(0);
  runSync(store.commitMerge(32));
  expect(bench.takeTrace()).toEqual([
    "cow flush",
    "cow write 34+1 fua",
    "cow flush",
    "cow write 1+1 fua",
  ]);
  expect(oldChunks(32)).toEqual([]);
});

test("a run is told whole, also where it goes beyond what was asked for", () => {
  const { store } = load([[5, 2], [6, 3], [7, 4], [1, 5], [2, 6]]);
  const countsOf = (countMax: number) =>
    runSync(store.prepareMerge(countMax)).map(({ count }) => count);
  expect(countsOf(1)).toEqual([2]);
  expect(countsOf(2)).toEqual([2]);
  expect(countsOf(3)).toEqual([2, 3]);
});

test("areas that were forgotten stay forgotten, however far the list grows again", () => {
  const entries = range(0, 98).map((place): Entry => [place * 2, chunkAt(place, 1)]);
  for (const merged of [2, 3, 34, 35, 50, 66, 67, 97, 98]) {
    for (const [more, isDurable] of [[1, true], [31, true], [40, false], [98, true]] as const) {
      const { store, bench, cow, source } = load(entries, 300);
      runSync(store.prepareMerge(merged));
      runSync(store.commitMerge(merged));
      commitChunks(store, range(200, more), isDurable);
      if (!isDurable) runSync(store.commitExceptions([], true));
      bench.powerCut();
      const olds = openStore(cow, source, 1).runs.flatMap((run) => range(run.oldChunk, run.count));
      const left = range(0, 98 - merged).map((place) => place * 2);
      expect(olds).toEqual([...left, ...range(200, more)]);
    }
  }
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

test("whichever of the areas the power leaves unwritten, what is left are the oldest, and nothing comes back", () => {
  const entries = range(0, 98).map((place): Entry => [place * 2, chunkAt(place, 1)]);
  const olds = entries.map(([oldChunk]) => oldChunk);
  for (const subset of range(0, 8)) {
    const { store, bench, cow } = load(entries, 300);
    runSync(store.prepareMerge(61));
    bench.trace = [];
    bench.fault = ({ kind }) => kind === "flush" && bench.trace.length > 1;
    expect(() => runSync(store.commitMerge(61))).toThrow("The medium is worn");
    const left = cow.durable.slice();
    for (const [index, area] of [34, 67, 100].entries()) {
      if ((subset >> index) % 2 === 0) continue;
      left.set(cow.bytes.subarray(area * 512, area * 512 + 512), area * 512);
    }
    const again = new Bench();
    const [disk, source] = [again.disk("cow", 300, { content: left }), again.disk("source", 500)];
    const opened = openStore(disk, source, 1);
    const told = opened.runs.flatMap((run) => range(run.oldChunk, run.count));
    expect(told.length).toBeGreaterThanOrEqual(37);
    expect(told).toEqual(olds.slice(0, told.length));
    // To the end of an area: what stands in the next one must not come back.
    const more = range(300, 32 - told.length % 32);
    commitChunks(opened.store, more);
    again.powerCut();
    const grown = openStore(disk, source, 1).runs.flatMap((run) => range(run.oldChunk, run.count));
    expect(grown).toEqual([...told, ...more]);
  }
});

test("merging and growing by turns, the list is what a model says", () => {
  for (let seed = 0; seed < 20; seed++) {
    const prng = Prng.fromSeed(seed);
    const { store, bench, cow, source } = load([], 400);
    const model: number[] = [];
    for (let turn = 0; turn < 30; turn++) {
      const more = range(0, prng.int(60)).map(() => prng.int(300)).filter((old, index, olds) =>
        olds.indexOf(old) === index && !model.includes(old)
      );
      if (model.length + more.length < 300) {
        commitChunks(store, more);
        model.push(...more);
      }
      const count = prng.int(model.length + 1);
      const runs = count === 0 ? [] : runSync(store.prepareMerge(count));
      const told = runs.toReversed().flatMap((run) => range(run.oldChunk, run.count));
      expect(told, `seed ${seed}, turn ${turn}`).toEqual(model.slice(model.length - told.length));
      expect(told.length).toBeGreaterThanOrEqual(count);
      if (count > 0 && prng.int(3) > 0) {
        runSync(store.commitMerge(told.length));
        model.length -= told.length;
      }
      bench.powerCut();
      const olds = openStore(cow, source, 1).runs.flatMap((run) => range(run.oldChunk, run.count));
      expect(olds, `seed ${seed}, turn ${turn}`).toEqual(model);
    }
  }
});

describe("a step through several areas that fails", () => {
  const entries = range(0, 70).map((place): Entry => [place * 2, chunkAt(place, 1)]);
  const olds = entries.map(([oldChunk]) => oldChunk);

  /** A merge of the newest 50, into the first area but one, that failed, and what the device has then. */
  function failed(kind: string, wasWritten: boolean) {
    const parts = load(entries);
    const { store, bench, cow } = parts;
    runSync(store.prepareMerge(50));
    bench.fault = (request) => request.kind === kind;
    expect(() => runSync(store.commitMerge(50))).toThrow("The medium is worn");
    bench.fault = () => false;
    expect(store.unsettledCount).toBe(50);
    // A write that failed may have been done.
    if (wasWritten) {
      for (const image of [cow.bytes, cow.durable]) {
        image.fill(0, 512 + 320, 1024);
      }
    }
    return parts;
  }

  const readAgain = ({ bench, cow, source }: ReturnType<typeof load>) => {
    bench.powerCut();
    return openStore(cow, source, 1).runs.flatMap((run) => range(run.oldChunk, run.count));
  };

  test.each([["flush", false], ["write", false], ["write", true]])(
    "forgets nothing that a flush does not bring back: %s, done %s",
    (kind, wasWritten) => {
      const parts = failed(kind, wasWritten);
      runSync(parts.store.commitExceptions([], true));
      expect(parts.store.unsettledCount).toBe(0);
      expect(readAgain(parts)).toEqual(olds);
      expect(mergeAll(parts.store)).toHaveLength(70);
    },
  );

  test("is settled by the next merge before that begins", () => {
    const parts = failed("write", true);
    parts.bench.trace = [];
    expect(runSync(parts.store.prepareMerge())).toMatchObject([{ oldChunk: 138, count: 1 }]);
    expect(parts.bench.takeTrace()).toEqual([
      "cow flush",
      "cow write 1+1",
      "cow write 34+1",
      "cow write 67+1",
      "cow flush",
    ]);
    expect(readAgain(parts)).toEqual(olds);
  });

  test("is settled by the next commit, within the area and beyond it", () => {
    for (const more of [1, 26, 27, 60]) {
      const parts = failed("write", true);
      commitChunks(parts.store, range(200, more));
      expect(readAgain(parts)).toEqual([...olds, ...range(200, more)]);
    }
  });

  test("is settled, too, when the list goes on in a new area", () => {
    const full = load(range(0, 64).map((place): Entry => [place * 2, chunkAt(place, 1)]));
    const { store, bench, cow } = full;
    runSync(store.prepareMerge(40));
    bench.fault = ({ kind }) => kind === "write";
    expect(() => runSync(store.commitMerge(40))).toThrow("The medium is worn");
    bench.fault = () => false;
    for (const image of [cow.bytes, cow.durable]) image.fill(0, 512 + 384, 1024);
    commitChunks(store, [200], false);
    runSync(store.commitExceptions([], true));
    expect(readAgain(full)).toEqual([...range(0, 64).map((place) => place * 2), 200]);
  });
});

test("exceptions that are not durable are made so before the first of them is merged", () => {
  const { store, bench } = load([[5, 2]]);
  commitChunks(store, [6], false);
  bench.trace = [];
  runSync(store.prepareMerge());
  expect(bench.takeTrace()).toEqual(["cow flush", "cow write 1+1 fua"]);
});

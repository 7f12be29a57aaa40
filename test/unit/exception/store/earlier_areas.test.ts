/** Merges that go through several areas in one step: forgotten together, in any order, or not at all. */
import { describe, expect, test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import { chunkAt, commitChunks, type Entry, openStore, range } from "../images.ts";
import { Bench } from "../rig.ts";
import { load, mergeAll } from "./merging.ts";

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

import { expect, test } from "vitest";
import { runSync } from "../../../src/block/plan.ts";
import { loadRuns } from "../../../src/exception/load_runs.ts";
import type { ExceptionRun, ExceptionStore } from "../../../src/exception/mod.ts";
import { TransientStore } from "../../../src/exception/store/transient_store.ts";
import { ExceptionIndex } from "../../../src/kernel/mod.ts";
import { Bench } from "./rig.ts";

type Run = readonly [oldChunk: number, newChunk: number, count: number];

/** A store that remembers runs, and tells of each one that was taken. */
function storeOf(runs: readonly Run[], onTaken: (index: number) => void): ExceptionStore {
  const { device } = new Bench().disk("cow", 64);
  return Object.assign(new TransientStore(device, 8), {
    *readMetadata(onRun: (run: ExceptionRun) => void) {
      for (const [index, [oldChunk, newChunk, count]] of runs.entries()) {
        onRun({ oldChunk, newChunk, count });
        onTaken(index);
      }
      return "loaded" as const;
    },
  });
}

/** Loads runs into an index. */
function loadInto(
  complete: ExceptionIndex,
  runs: readonly Run[],
  onTaken: (index: number) => void = () => {},
): void {
  const bench = new Bench();
  const devices = {
    source: bench.disk("origin", 64).device,
    destination: bench.disk("cow", 8).device,
  };
  const state = runSync(loadRuns(complete, { ...devices, store: storeOf(runs, onTaken) }));
  expect(state).toBe("loaded");
}

/** Loads runs into an index and lists what it holds. */
function load(...runs: readonly Run[]): ExceptionRun[] {
  const complete = new ExceptionIndex();
  try {
    loadInto(complete, runs);
    complete.check();
    return [...complete.runs()].sort((one, other) => one.oldChunk - other.oldChunk);
  } finally {
    complete.destroy();
  }
}

test("what a store remembers is found, in whatever order it was allocated", () => {
  expect(load()).toEqual([]);
  expect(load([20, 9, 1], [3, 5, 4], [7, 2, 2])).toEqual([
    { oldChunk: 3, newChunk: 5, count: 4 },
    { oldChunk: 7, newChunk: 2, count: 2 },
    { oldChunk: 20, newChunk: 9, count: 1 },
  ]);
});

test("a chunk may stand on both sides, once on each: source and destination may be one device", () => {
  expect(load([5, 6, 1], [6, 5, 1]).length).toBe(2);
});

test.each<[words: string, runs: readonly Run[]]>([
  ["some old chunk of 5 to 5 stands twice", [[5, 2, 1], [5, 9, 1]]],
  ["some old chunk of 4 to 7 stands twice", [[7, 2, 3], [4, 9, 4]]],
  ["some new chunk of 2 to 2 stands twice", [[5, 2, 1], [6, 2, 1]]],
  ["some new chunk of 1 to 4 stands twice", [[5, 4, 2], [9, 1, 4]]],
])("%s: refused, and the index that lists claims is given back", (words, runs) => {
  for (let round = 0; round < 600; round++) {
    expect(() => load(...runs)).toThrow(`Cannot load exceptions from "cow": ${words}`);
  }
});

test("neighbours do not stand twice", () => {
  expect(load([5, 2, 2], [7, 4, 1], [4, 1, 1])).toEqual([{ oldChunk: 4, newChunk: 1, count: 4 }]);
});

test("a run is in the index before the next one is read: nobody keeps a list of them", () => {
  const complete = new ExceptionIndex();
  const counts: number[] = [];
  loadInto(
    complete,
    [[20, 9, 1], [3, 5, 4], [7, 2, 2]],
    () => counts.push(complete.exceptionCount),
  );
  expect(counts).toEqual([1, 5, 7]);
  complete.destroy();
});

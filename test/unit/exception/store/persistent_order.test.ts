/**
 * The order of a persistent store's requests, which is its argument against loss of power: first as
 * steps, collected from its plans by hand, then as what is left when the power goes.
 */
import { describe, expect, test } from "vitest";
import { type Plan, runSync, type Step } from "../../../../src/block/plan.ts";
import { PersistentStore } from "../../../../src/exception/store/persistent_store.ts";
import { chunkAt, commitChunks, cowImage, entriesInOrder, openStore, range } from "../images.ts";
import { Bench, type Disk } from "../rig.ts";

/** Performs a plan step by step and tells its steps in words. */
function stepsOf(plan: Plan<unknown>): string[] {
  const words: string[] = [];
  let next = plan.next();
  while (!next.done) {
    const step = next.value;
    words.push(wordsOf(step));
    runSync((function* () {
      yield step;
    })());
    next = plan.next();
  }
  return words;
}

function wordsOf(step: Step): string {
  if (step.kind === "write") {
    return `write ${step.sector}+${step.source.length / 512}${step.fua ? " fua" : ""}`;
  }
  if (step.kind === "zero") return `zero ${step.sector}+${step.sectorCount}`;
  return step.kind === "read" ? `read ${step.sector}+${step.target.length / 512}` : step.kind;
}

function setUp(content = new Uint8Array(0), cowSectors = 200) {
  const bench = new Bench();
  const cow = bench.disk("cow", cowSectors, { content });
  const source = bench.disk("source", 800);
  const newStore = (chunkSectors: number) =>
    new PersistentStore({
      cow: cow.device,
      source: source.device,
      chunkSectors,
      hasOverflow: false,
      log: () => {},
    });
  return { bench, cow, source, newStore };
}

const runsFrom = (store: PersistentStore, count: number, first = 0) =>
  range(first, count).map((oldChunk) => ({
    oldChunk,
    newChunk: store.prepareException(),
    count: 1,
  }));

describe("steps", () => {
  test("a fresh store: everything else is durable before the header says SnAp (H1)", () => {
    const { newStore } = setUp();
    expect(stepsOf(newStore(8).readMetadata(() => {}))).toEqual([
      "read 0+1",
      "zero 8+8",
      "zero 1+7",
      "flush",
      "write 0+1 fua",
    ]);
  });

  test("exceptions: a flush for their data, then the entries with FUA", () => {
    const { newStore } = setUp();
    const store = newStore(8);
    runSync(store.readMetadata(() => {}));
    expect(stepsOf(store.commitExceptions(runsFrom(store, 3), true))).toEqual([
      "flush",
      "write 8+1 fua",
    ]);
    expect(stepsOf(store.commitExceptions(runsFrom(store, 40, 3), true))).toEqual([
      "flush",
      "write 8+2 fua",
    ]);
  });

  test("a full area: the next one is zeroed before the flush in front of its entries", () => {
    const { newStore } = setUp();
    const store = newStore(1);
    runSync(store.readMetadata(() => {}));
    expect(stepsOf(store.commitExceptions(runsFrom(store, 32), false))).toEqual([
      "zero 34+1",
      "flush",
      "write 1+1 fua",
    ]);
    expect(stepsOf(store.commitExceptions(runsFrom(store, 33, 32), true))).toEqual([
      "zero 67+1",
      "flush",
      "write 34+1 fua",
      "flush",
      "write 67+1 fua",
    ]);
  });

  test("an invalidation is durable when it is answered (H3), and touches the header alone", () => {
    const { newStore, cow } = setUp();
    const store = newStore(8);
    runSync(store.readMetadata(() => {}));
    const before = cow.bytes.slice();
    expect(stepsOf(store.invalidate())).toEqual(["write 0+1 fua"]);
    before[4] = 0;
    expect(Array.from(cow.durable)).toEqual(Array.from(before));
  });

  test("an invalidation that fails is tried once more, and told only when that fails, too", () => {
    for (const failures of [1, 2]) {
      const { cow, source, bench } = setUp();
      const { store, log } = openStore(cow, source, 8);
      const already = bench.requestCount;
      bench.fault = (_, index) => index <= already + failures;
      const invalidate = () => runSync(store.invalidate());
      if (failures === 1) invalidate();
      else expect(invalidate).toThrow("The medium is worn");
      expect(log).toEqual(failures === 1 ? [] : ["persistent snapshot: write header failed"]);
      expect(cow.durable[4]).toBe(failures === 1 ? 0 : 1);
    }
  });

  test("forgetting merged exceptions: flush, then the shorter list with FUA", () => {
    const { newStore } = setUp();
    const store = newStore(8);
    runSync(store.readMetadata(() => {}));
    runSync(store.commitExceptions(runsFrom(store, 3), true));
    expect(stepsOf(store.prepareMerge())).toEqual([]);
    expect(stepsOf(store.commitMerge(3))).toEqual(["flush", "write 8+1 fua"]);
  });
});

describe("a torn area: entries of an earlier life behind the end of the list (H2)", () => {
  // 3 entries are there, the fourth was lost with its sector's neighbour: 32 to 40 are a stale tail.
  const CHUNK = 8;
  const stale = Object.fromEntries(
    range(32, 9).map((place) => [place, [place, chunkAt(place, CHUNK)]]),
  );
  const torn = { ...Object.fromEntries(entriesInOrder(3, CHUNK).entries()), ...stale };
  const image = () => cowImage({ sectorCount: 512, chunkSectors: CHUNK, entries: torn as never });

  test("they are not told, and the area is cleared, durably, before the list grows", () => {
    const { cow, source, bench } = setUp(image(), 512);
    const { store, runs } = openStore(cow, source, CHUNK);
    expect(runs).toEqual([{ oldChunk: 0, newChunk: 2, count: 3 }]);
    bench.trace = [];
    commitChunks(store, [50]);
    expect(bench.takeTrace()).toEqual([
      "cow write 8+1",
      "cow zero 9+7",
      "cow flush",
      "cow flush",
      "cow write 8+1 fua",
    ]);
  });

  test("a load alone writes nothing", () => {
    const { cow, source, bench } = setUp(image(), 512);
    openStore(cow, source, CHUNK);
    expect(bench.trace.every(({ kind }) => kind === "read")).toBe(true);
  });

  test("no phantom appears, however far the list grows, whenever the power goes", () => {
    for (const durable of [true, false]) {
      const { cow, source, bench } = setUp(image(), 512);
      let count = 3;
      let { store } = openStore(cow, source, CHUNK);
      for (const more of [20, 8, 1, 1, 5, 10]) {
        commitChunks(store, range(count, more), durable);
        count = durable ? count + more : count;
        bench.powerCut();
        const again = openStore(cow, source, CHUNK);
        const olds = again.runs.flatMap((run) => range(run.oldChunk, run.count));
        expect(olds).toEqual(range(0, count));
        store = again.store;
      }
    }
  });

  test("a tail in a later block than the list's end is found, and a merge clears it too", () => {
    const { cow, source } = setUp(image(), 512);
    const { store } = openStore(cow, source, CHUNK);
    const [run] = runSync(store.prepareMerge());
    runSync(store.commitMerge(run?.count ?? 0));
    expect(cow.bytes.subarray(8 * 512, 16 * 512).every((byte) => byte === 0)).toBe(true);
  });
});

/** Opens the store on what is durable. */
function durablyOpened(cow: Disk, bench: Bench, source: Disk) {
  bench.fault = () => false;
  bench.powerCut();
  return openStore(cow, source, 1);
}

test("cut the power at any step of a creation: the device is fresh, or it is a whole new store", () => {
  const rubbish = new Uint8Array(200 * 512).fill(0xa5).fill(0, 0, 512);
  for (let cut = 1; cut <= 6; cut++) {
    const { cow, source, bench } = setUp(rubbish);
    bench.fault = (_, index) => index >= cut;
    try {
      openStore(cow, source, 1);
    } catch { /* The power was cut. */ }
    const { runs } = durablyOpened(cow, bench, source);
    expect(runs).toEqual([]);
  }
});

test("cut the power at any step of commits: the list is a whole number of them", () => {
  for (let cut = 1; cut < 40; cut++) {
    const { cow, source, bench } = setUp();
    const { store } = openStore(cow, source, 1);
    const already = bench.requestCount;
    bench.fault = (_, index) => index >= already + cut;
    let acknowledged = 0;
    try {
      for (const count of [5, 26, 1, 1, 31, 1, 2]) {
        commitChunks(store, range(acknowledged, count));
        acknowledged += count;
      }
    } catch { /* The power was cut. */ }
    const { runs } = durablyOpened(cow, bench, source);
    const olds = runs.flatMap((run) => range(run.oldChunk, run.count));
    expect(olds).toEqual(range(0, olds.length));
    expect(olds.length).toBeGreaterThanOrEqual(acknowledged);
  }
});

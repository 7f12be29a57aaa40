import { describe, expect, test } from "vitest";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { runSync } from "../../../../src/block/plan.ts";
import { chunkAt, commitChunks, cowImage, entriesInOrder, openStore, range } from "../images.ts";
import { Bench, type Disk } from "../rig.ts";

/** A bench with a COW device full of rubbish behind its first block, and a large source. */
function setUp(cowSectors: number, logicalSectors = 1) {
  const bench = new Bench();
  const content = new Uint8Array(cowSectors * 512).fill(0xa5);
  content.fill(0, 0, logicalSectors * 512);
  const cow = bench.disk("cow", cowSectors, { content, logicalSectors });
  return { bench, cow, source: bench.disk("source", 4096) };
}

const bytesOf = (disk: Disk, chunk: number, chunkSectors: number) =>
  disk.bytes.subarray(chunk * chunkSectors * 512, (chunk + 1) * chunkSectors * 512);

describe("the bytes on the device are Linux's", () => {
  test.each([1, 8, 32])("a header and two areas, chunks of %i", (chunkSectors) => {
    const perArea = chunkSectors * 32;
    const sectorCount = (chunkAt(perArea + 2, chunkSectors) + 1) * chunkSectors;
    const { cow, source } = setUp(sectorCount);
    const { store, state } = openStore(cow, source, chunkSectors);
    expect(state).toBe("fresh");
    commitChunks(store, range(3, perArea + 2));
    const expected = cowImage({
      sectorCount,
      chunkSectors,
      entries: entriesInOrder(perArea + 2, chunkSectors).map(([old, chunk]) => [old + 3, chunk]),
    });
    for (const chunk of [0, 1, 1 + (perArea + 1)]) {
      const start = chunk * chunkSectors;
      const bytes = expected.subarray(start * 512, (start + chunkSectors) * 512);
      verifySectors(bytesOf(cow, chunk, chunkSectors), bytes, start, `metadata chunk ${chunk}`);
    }
  });

  test("by hand: chunks of 8, two entries", () => {
    const { cow, source } = setUp(200);
    commitChunks(openStore(cow, source, 8).store, [5, 0x1ff]);
    const hex = (at: number, count: number) =>
      [...cow.bytes.subarray(at, at + count)].map((byte) => byte.toString(16).padStart(2, "0"))
        .join("");
    expect(hex(0, 16)).toBe("536e4170010000000100000008000000");
    expect(hex(4096, 32)).toBe(
      "05000000000000000200000000000000" + "ff010000000000000300000000000000",
    );
    expect(cow.bytes.subarray(16, 4096).every((byte) => byte === 0)).toBe(true);
    expect(cow.bytes.subarray(4128, 8192).every((byte) => byte === 0)).toBe(true);
    expect(cow.bytes.subarray(8192).every((byte) => byte === 0xa5)).toBe(true);
  });
});

describe("allocation goes up and skips metadata", () => {
  test.each([31, 32, 33, 63, 64, 65])("%i exceptions in areas of 32", (count) => {
    const { cow, source } = setUp(200);
    const { store } = openStore(cow, source, 1);
    for (let place = 0; place < count; place++) {
      expect(store.prepareException()).toBe(chunkAt(place, 1));
      runSync(store.commitExceptions(
        [{ oldChunk: place, newChunk: chunkAt(place, 1), count: 1 }],
        true,
      ));
    }
    const again = openStore(cow, source, 1);
    expect(again.runs.flatMap((run) => range(run.oldChunk, run.count))).toEqual(range(0, count));
    expect(again.store.usage()).toEqual(store.usage());
    expect(again.store.prepareException()).toBe(chunkAt(count, 1)); // CVE-2013-4299 at 32 and 64
  });

  test("what is prepared and not yet committed counts", () => {
    const { cow, source } = setUp(200);
    const { store } = openStore(cow, source, 1);
    const chunks = range(0, 70).map(() => store.prepareException());
    expect(chunks).toEqual(range(0, 70).map((place) => chunkAt(place, 1)));
  });
});

describe("usage numbers are dm's", () => {
  test.each([
    [8, 0, 16, 16],
    [8, 1, 24, 16],
    [8, 255, 2056, 16],
    [8, 256, 2072, 24], // the 256th closes the area: one more is touched, and skipped
    [8, 257, 2080, 24],
    [1, 32, 35, 3],
    [32, 1, 96, 64],
  ])("chunks of %i, %i exceptions: %i/4096 %i", (chunkSectors, count, allocated, metadata) => {
    const { cow, source } = setUp(4096);
    const { store } = openStore(cow, source, chunkSectors);
    commitChunks(store, range(0, count));
    expect(store.usage()).toEqual({
      allocatedSectors: allocated,
      totalSectors: 4096,
      metadataSectors: metadata,
    });
  });
});

describe("the device is full", () => {
  test.each([
    [23, 0], // two chunks of metadata, and not one of data
    [24, 1],
    [31, 1],
    [32, 2],
    [8 * 257, 255], // H4: the last entry of an area needs the next area
    [8 * 258, 255],
    [8 * 259 - 1, 255],
    [8 * 259, 256],
  ].map(([sectors, count]) => [sectors, count] as [number, number]))(
    "%i sectors hold %i exceptions of 8, and never fail",
    (sectors, count) => {
      const { cow, source } = setUp(sectors);
      const { store } = openStore(cow, source, 8);
      commitChunks(store, range(0, count));
      expect(store.prepareException()).toBe(-1);
      const again = openStore(cow, source, 8);
      expect(again.state).toBe("loaded");
      expect(again.store.prepareException()).toBe(-1);
      expect(again.runs.reduce((sum, run) => sum + run.count, 0)).toBe(count);
    },
  );

  test("a device that grows has room again: for the entry that fills an area, and its successor", () => {
    const bench = new Bench();
    const content = cowImage({ sectorCount: 34, chunkSectors: 1, entries: entriesInOrder(31, 1) });
    const cow = bench.disk("cow", 34, { content });
    const source = bench.disk("source", 100);
    const { store } = openStore(cow, source, 1);
    expect(store.prepareException()).toBe(-1);
    cow.resize(35);
    cow.bytes.fill(0xa5, 34 * 512);
    bench.trace = [];
    commitChunks(store, [40]);
    expect(bench.takeTrace()).toEqual(["cow zero 34+1", "cow flush", "cow write 1+1 fua"]);
    expect(store.prepareException()).toBe(-1);
    expect(openStore(cow, source, 1).runs.at(-1)).toEqual({ oldChunk: 40, newChunk: 33, count: 1 });
  });

  test("a full area that a merge went back to, and left, gets a successor again", () => {
    const bench = new Bench();
    const content = cowImage({ sectorCount: 60, chunkSectors: 1, entries: entriesInOrder(33, 1) });
    const cow = bench.disk("cow", 60, { content });
    const source = bench.disk("source", 100);
    const { store } = openStore(cow, source, 1);
    expect(runSync(store.prepareMerge())).toMatchObject([{ oldChunk: 32, count: 1 }]);
    runSync(store.commitMerge(1));
    expect(runSync(store.prepareMerge())).toMatchObject([{ oldChunk: 0, count: 32 }]);
    cow.bytes.fill(0xa5, 34 * 512, 35 * 512);
    bench.trace = [];
    commitChunks(store, [40]);
    expect(bench.takeTrace()).toEqual([
      "cow zero 34+1",
      "cow flush",
      "cow flush",
      "cow write 34+1 fua",
    ]);
    const { runs } = openStore(cow, source, 1);
    expect(runs.at(-1)).toEqual({ oldChunk: 40, newChunk: 35, count: 1 });
  });
});

test("the store's letters say whether it overflows", () => {
  const { cow, source } = setUp(80);
  expect(openStore(cow, source, 8, false).store.type).toBe("P");
  expect(openStore(cow, source, 8, true).store.type).toBe("PO");
});

test("a device of 4K blocks is written in whole blocks", () => {
  const { cow, source, bench } = setUp(8 * 300, 8);
  const { store } = openStore(cow, source, 8);
  commitChunks(store, range(0, 257));
  for (const { sector, sectorCount } of bench.trace) {
    expect([sector % 8, sectorCount % 8]).toEqual([0, 0]);
  }
  expect(openStore(cow, source, 8).runs.length).toBe(2);
});

test("committed is not durable unless that is asked for; the next durable commit takes it along", () => {
  const { cow, source, bench } = setUp(200);
  const { store } = openStore(cow, source, 8);
  bench.trace = [];
  commitChunks(store, [1, 2, 3], false);
  expect(bench.takeTrace()).toEqual([]);
  expect(store.unsettledCount).toBe(3);
  commitChunks(store, [4], true);
  expect(bench.takeTrace()).toEqual(["cow flush", "cow write 8+1 fua"]);
  expect(store.unsettledCount).toBe(0);
  bench.powerCut();
  expect(openStore(cow, source, 8).runs).toEqual([{ oldChunk: 1, newChunk: 2, count: 4 }]);
});

test("a commit of nothing makes durable what was committed, and the data in any case", () => {
  const { cow, source, bench } = setUp(200);
  const { store } = openStore(cow, source, 8);
  commitChunks(store, [1], false);
  bench.trace = [];
  runSync(store.commitExceptions([], true));
  expect(bench.takeTrace()).toEqual(["cow flush", "cow write 8+1 fua"]);
  runSync(store.commitExceptions([], true));
  expect(bench.takeTrace()).toEqual(["cow flush"]);
});

import { describe, expect, test } from "vitest";
import { cowImage, entriesInOrder, type Entry, openStore, range } from "../images.ts";
import { Bench } from "../rig.ts";

const CHUNK = 1; // 32 entries in an area
const SECTORS = 110; // areas at chunks 1, 34, 67, 100

/** Opens a store on an image; a refusal must have changed nothing. */
function load(
  entries: Record<number, Entry> | readonly Entry[],
  sectorCount = SECTORS,
  source = 64,
) {
  const bench = new Bench();
  const content = cowImage({ sectorCount, chunkSectors: CHUNK, entries });
  const cow = bench.disk("cow", sectorCount, { content });
  try {
    return { ...openStore(cow, bench.disk("source", source), CHUNK), cow };
  } finally {
    expect(bench.trace.every(({ kind }) => kind === "read")).toBe(true);
    expect(cow.bytes).toEqual(content);
  }
}

test.each([0, 1, 31, 32, 33, 63, 64, 65])(
  "a list of %i entries in order is one long story",
  (count) => {
    const { runs, state } = load(entriesInOrder(count, CHUNK), SECTORS, 100);
    expect(state).toBe("loaded");
    const chunks = runs.flatMap(({ oldChunk, count }) => range(oldChunk, count));
    expect(chunks).toEqual(range(0, count));
    expect(runs.length).toBe(Math.ceil(count / 32));
  },
);

test("entries are joined to runs only where both sides go on", () => {
  const { runs } = load([[5, 2], [6, 3], [8, 4], [9, 6], [10, 7]]);
  expect(runs).toEqual([
    { oldChunk: 5, newChunk: 2, count: 2 },
    { oldChunk: 8, newChunk: 4, count: 1 },
    { oldChunk: 9, newChunk: 6, count: 2 },
  ]);
});

test("holes and disorder in the allocation are accepted, as the kernel does", () => {
  const { runs, store } = load([[5, 9], [6, 3], [7, 20]]);
  expect(runs.map(({ newChunk }) => newChunk)).toEqual([9, 3, 20]);
  expect(store.prepareException()).toBe(21);
});

test("chunk 0 of the source can be excepted: only the new chunk ends the list", () => {
  expect(load([[0, 2], [63, 3]]).runs.map(({ oldChunk }) => oldChunk)).toEqual([0, 63]);
});

describe("what makes no sense is refused, with the entry, what it says and what there is", () => {
  test.each<[string, number, Entry, number, string]>([
    [
      "the last old chunk is followed by none",
      0,
      [64, 2],
      SECTORS,
      'entry 0 of area 0 has old chunk 64, but "source" has only 64 chunks',
    ],
    [
      "an old chunk far outside",
      1,
      [2 ** 40, 3],
      SECTORS,
      "entry 1 of area 0 has old chunk 1099511627776",
    ],
    ["an old chunk past 2^53", 0, [2 ** 60, 2], SECTORS, "has old chunk 11529215046068"],
    [
      "the last new chunk is followed by none",
      0,
      [1, 110],
      SECTORS,
      'new chunk 110, but "cow" has only 110 chunks',
    ],
    [
      "a new chunk with bits above 56, which the kernel would take for a run",
      0,
      [1, 2 ** 56 + 2],
      SECTORS,
      "new chunk 72057594037927940",
    ],
    ["a new chunk in area 0", 0, [1, 1], SECTORS, "new chunk 1, which holds metadata"],
    ["a new chunk in area 1", 0, [1, 34], SECTORS, "new chunk 34, which holds metadata"],
  ])("%s", (_, place, entry, sectors, words) => {
    const before = entriesInOrder(place, CHUNK);
    expect(() => load([...before, entry], sectors)).toThrow(words);
    expect(() => load([...before, entry], sectors)).toThrow(
      expect.objectContaining({ code: "EINVAL", device: "cow" }),
    );
  });

  test("the neighbours of those are accepted", () => {
    load([[63, 2]]);
    load([[1, 109]]);
    load([[1, 33], [2, 35]]);
  });

  test("a short last chunk of the source is a chunk", () => {
    const bench = new Bench();
    const image = (oldChunk: number) =>
      bench.disk("cow", 80, {
        content: cowImage({ sectorCount: 80, chunkSectors: 8, entries: [[oldChunk, 2]] }),
      });
    const source = bench.disk("source", 17);
    expect(openStore(image(2), source, 8).state).toBe("loaded");
    expect(() => openStore(image(3), source, 8)).toThrow('"source" has only 3 chunks');
  });
});

test("a device that was made smaller than what is in use is refused", () => {
  const entries = entriesInOrder(40, CHUNK);
  expect(load(entries, 43).runs.length).toBe(2);
  const cut = cowImage({ sectorCount: 43, chunkSectors: CHUNK, entries }).subarray(0, 42 * 512);
  const bench = new Bench();
  const cow = bench.disk("cow", 42, { content: cut });
  expect(() => openStore(cow, bench.disk("source", 64), CHUNK)).toThrow(
    'entry 7 of area 1 has new chunk 42, but "cow" has only 42 chunks',
  );
});

test("a last area that is full, with no room for a next one, is refused: more may have been there", () => {
  expect(() => load(entriesInOrder(32, CHUNK), 34)).toThrow(
    "area 0 is full, and the device ends in front of the next one, at sector 34",
  );
  expect(load(entriesInOrder(32, CHUNK), 35).runs).toEqual([
    { oldChunk: 0, newChunk: 2, count: 32 },
  ]);
});

test("areas larger than what is read at once are read whole", () => {
  const bench = new Bench();
  const chunkSectors = 256; // areas of 128 KiB, 8192 entries
  const entries = entriesInOrder(5000, chunkSectors);
  const content = cowImage({ sectorCount: 512, chunkSectors, entries });
  const cow = bench.disk("cow", 512, { content });
  const source = bench.disk("source", 1);
  // 5000 data chunks are not there: the first of them is told.
  expect(() => openStore(cow, source, chunkSectors)).toThrow("entry 0 of area 0 has new chunk 2");
  expect(bench.takeTrace()).toEqual(["cow read 0+1", "cow read 256+128"]);
  const tail = cowImage({ sectorCount: 512, chunkSectors, entries: { 8191: [0, 2] } });
  const stale = bench.disk("stale", 512, { content: tail });
  expect(openStore(stale, source, chunkSectors).runs).toEqual([]);
  expect(bench.takeTrace()).toEqual([
    "stale read 0+1",
    "stale read 256+128",
    "stale read 384+128",
  ]);
});

test("an area that cannot be read fails the load, whichever it is", () => {
  for (const sector of [1, 34, 67]) {
    const bench = new Bench();
    const content = cowImage({
      sectorCount: SECTORS,
      chunkSectors: CHUNK,
      entries: entriesInOrder(64, CHUNK),
    });
    const cow = bench.disk("cow", SECTORS, { content });
    bench.fault = (request) => request.sector === sector;
    expect(() => openStore(cow, bench.disk("source", 64), CHUNK)).toThrow("The medium is worn");
  }
});

test("devices of 4K blocks are read in whole blocks", () => {
  const bench = new Bench();
  const content = cowImage({ sectorCount: 80, chunkSectors: 8, entries: entriesInOrder(3, 8) });
  const cow = bench.disk("cow", 80, { content, logicalSectors: 8 });
  expect(openStore(cow, bench.disk("source", 80), 8).runs).toEqual([
    { oldChunk: 0, newChunk: 2, count: 3 },
  ]);
  expect(bench.takeTrace()).toEqual(["cow read 0+8", "cow read 8+8"]);
});

import { describe, expect, test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { readHeader } from "../../../../src/exception/store/header_reader.ts";
import { cowImage, openStore } from "../images.ts";
import { Bench, type DiskOptions } from "../rig.ts";

/** Opens a COW device with these words in its header, and proves that a refusal changed nothing. */
function open(header: readonly number[], table: number, options: DiskOptions = {}, sectors = 200) {
  const bench = new Bench();
  const source = bench.disk("source", 800);
  const content = new Uint8Array(512);
  const view = new DataView(content.buffer);
  header.forEach((word, index) => view.setUint32(index * 4, word, true));
  const cow = bench.disk("cow", sectors, { ...options, content });
  const before = cow.bytes.slice();
  try {
    const opened = openStore(cow, source, table);
    return { ...opened, bench, cow, error: null };
  } catch (error) {
    expect(cow.bytes).toEqual(before);
    expect(bench.trace.every(({ kind }) => kind === "read")).toBe(true);
    return { error: error as Error & { code: string }, bench, cow };
  }
}

const SNAP = 0x70416e53;

describe("a device is fresh when its magic is zero, whatever follows", () => {
  test.each([
    [8, 8],
    [1, 1],
    [0, 32],
  ])("a table with %i makes chunks of %i sectors", (table, chunkSectors) => {
    const { state, store } = open([0, 5, 9, 3], table) as ReturnType<typeof open> & {
      state: string;
      store: { chunkSectors: number };
    };
    expect([state, store.chunkSectors]).toEqual(["fresh", chunkSectors]);
  });

  test("without a word from the table a large logical block is the chunk", () => {
    const opened = open([0], 0, { logicalSectors: 64 }, 512);
    expect(opened.error).toBe(null);
    expect("store" in opened && opened.store.chunkSectors).toBe(64);
  });
});

test("any valid word but zero is valid, and the header's chunk size wins over the table's", () => {
  for (const valid of [1, 2, 0xffffffff]) {
    const opened = open([SNAP, valid, 1, 8], 16);
    if (!("store" in opened)) throw opened.error;
    expect([opened.state, opened.store.chunkSectors]).toEqual(["loaded", 8]);
    expect(opened.log).toEqual([
      "persistent snapshot: chunk size 8 in device metadata overrides table chunk size of 16.",
    ]);
  }
});

test("no warning is given where the table gave no size, or the same", () => {
  for (const table of [0, 8]) {
    const opened = open([SNAP, 1, 1, 8], table);
    expect("log" in opened && opened.log).toEqual([]);
  }
});

test("an invalidated store opens as invalid, and its areas are not read", () => {
  const opened = open([SNAP, 0, 1, 8], 8);
  expect("state" in opened && opened.state).toBe("invalid");
  expect(opened.bench.takeTrace()).toEqual(["cow read 0+1"]);
});

test.each<[string, number[], number, DiskOptions, string, string]>([
  ["a foreign magic", [0x12345678, 1, 1, 8], 8, {}, "ENXIO", "its magic is 0x12345678, want"],
  ["version 0", [SNAP, 1, 0, 8], 8, {}, "EINVAL", "its version is 0, want 1"],
  ["version 2", [SNAP, 1, 2, 8], 8, {}, "EINVAL", "its version is 2, want 1"],
  ["a chunk size of 0", [SNAP, 1, 1, 0], 8, {}, "EINVAL", "the chunk size is 0 sectors"],
  ["a size of 0 twice", [SNAP, 1, 1, 0], 0, {}, "EINVAL", "the chunk size is 0 sectors"],
  ["chunks of 7 sectors", [SNAP, 1, 1, 7], 8, {}, "EINVAL", "the chunk size is 7 sectors"],
  ["chunks that are too large", [SNAP, 1, 1, 2 ** 22], 8, {}, "EINVAL", "want at most 4194303"],
  [
    "chunks smaller than a block",
    [SNAP, 1, 1, 4],
    8,
    { logicalSectors: 8 },
    "EINVAL",
    'want a multiple of 8, the block of "cow"',
  ],
])("%s is refused, and nothing is written", (_, header, table, options, code, words) => {
  const { error } = open(header, table, options);
  expect(error).toMatchObject({ code });
  expect(error?.message).toContain('Cannot load exceptions from "cow": ');
  expect(error?.message).toContain(words);
});

test.each<[string, number[], number, string[]]>([
  ["a foreign magic", [5, 1, 1, 8], 16, ["persistent snapshot: Invalid or corrupt snapshot"]],
  [
    "a version and a chunk size",
    [SNAP, 1, 2, 7],
    16,
    [
      "persistent snapshot: chunk size 7 in device metadata overrides table chunk size of 16.",
      "persistent snapshot: invalid on-disk chunk size 7: Chunk size is not a power of 2.",
    ],
  ],
  [
    "a version",
    [SNAP, 1, 2, 8],
    8,
    ["persistent snapshot: unable to handle snapshot disk version 2"],
  ],
])("of %s the kernel's words are logged, of the first fault alone", (_, words, table, lines) => {
  const bench = new Bench();
  const content = new Uint8Array(new Uint32Array(words).buffer);
  const { device: cow } = bench.disk("cow", 64, { content });
  const { device: source } = bench.disk("source", 64);
  const log: string[] = [];
  const options = { cow, source, chunkSectors: table, log: (line: string) => void log.push(line) };
  expect(() => runSync(readHeader(options))).toThrow();
  expect(log).toEqual(lines);
});

test.each([
  ["no sector", 0, "it has 0 sectors, too few for a header chunk"],
  ["half a header", 7, "it has 7 sectors, too few for a header chunk"],
  ["a header and no area", 8, "it has 8 sectors, want at least 16 for chunks of 8"],
  ["a header and half an area", 15, "it has 15 sectors, want at least 16 for chunks of 8"],
])("a fresh device with room for %s is refused, and nothing is written", (_, sectors, words) => {
  const bench = new Bench();
  const cow = bench.disk("cow", sectors);
  const open = () => openStore(cow, bench.disk("source", 80), 8);
  expect(open).toThrow(words);
  expect(open).toThrow(expect.objectContaining({ code: "EIO" }));
  expect(bench.trace.every(({ kind }) => kind === "read")).toBe(true);
});

test("a device that was cut off in front of its first area is refused", () => {
  const bench = new Bench();
  const cow = bench.disk("cow", 12, { content: cowImage({ sectorCount: 8, chunkSectors: 8 }) });
  expect(() => openStore(cow, bench.disk("source", 80), 8)).toThrow("want at least 16");
});

test("a header that cannot be read is no fresh device", () => {
  const bench = new Bench();
  const cow = bench.disk("cow", 80);
  bench.fault = ({ kind }) => kind === "read";
  expect(() => openStore(cow, bench.disk("source", 80), 8)).toThrow("The medium is worn");
  expect(bench.takeTrace()).toEqual(["cow read 0+1"]);
});

import { describe, expect, test } from "vitest";
import { chunkAt, entriesInOrder, type Entry } from "../images.ts";
import { type CheckedOptions, checkImage } from "./checked_image.ts";

// Chunks of one sector: 32 entries in an area; areas at chunks 1, 34, 67, 100.
const CHUNK = 1;
const SECTORS = 110;

function check(
  entries: Readonly<Record<number, Entry>> | readonly Entry[],
  options: CheckedOptions = {},
  sectorCount = SECTORS,
) {
  return checkImage({ sectorCount, chunkSectors: CHUNK, entries }, options);
}

test.each([0, 1, 31, 32, 33, 63, 64, 65])("in a list of %i in order nothing is found", (count) => {
  const { report, findings } = check(entriesInOrder(count, CHUNK), { originSectors: 100 });
  expect(findings).toEqual([]);
  expect(report).toEqual({
    state: "usable",
    counts: { errors: 0, warnings: 0, notes: 0 },
    chunkSectors: 1,
    areaCount: Math.floor(count / 32) + 1,
    exceptionCount: count,
    usedChunks: count,
    leakedChunks: 0,
  });
});

describe("an entry by itself", () => {
  test("can be wrong on both sides, and both are told", () => {
    const { findings } = check([[0, 2], [64, 200]], { originSectors: 64 });
    expect(findings).toMatchObject([
      {
        kind: "oldChunkOutside",
        area: 0,
        entry: 1,
        chunk: 64,
        message: 'entry 1 of area 0 has old chunk 64, but "origin" has only 64 chunks',
      },
      {
        kind: "newChunkOutside",
        area: 0,
        entry: 1,
        chunk: 200,
        message: 'entry 1 of area 0 has new chunk 200, but "cow" has only 110 chunks',
      },
    ]);
  });

  test.each<[number, string[]]>([
    [108, ["leakedChunks"]],
    [109, ["leakedChunks"]],
    [110, ["newChunkOutside"]],
    [2 ** 32 + 2, ["newChunkOutside"]],
    [2 ** 53, ["newChunkOutside"]],
    [2 ** 56 - 8, ["newChunkOutside"]],
    [2 ** 56 + 2 ** 10, ["newChunkTopByte"]],
    [2 ** 63, ["newChunkTopByte"]],
    [1, ["newChunkOnMetadata"]],
    [33, ["leakedChunks"]],
    [34, ["newChunkOnMetadata"]],
    [35, ["leakedChunks"]],
    [100, ["newChunkOnMetadata"]],
  ])("new chunk %d makes %j", (newChunk, kinds) => {
    expect(check([[5, newChunk]]).kinds).toEqual(kinds);
  });

  test("without an origin, only what no device can use is outside", () => {
    expect(check([[2 ** 38 - 1, 2]]).kinds).toEqual([]);
    expect(check([[2 ** 38, 2]]).kinds).toEqual(["oldChunkOutside"]);
    expect(check([[2 ** 44 - 1, 2]]).kinds).toEqual(["oldChunkOutside"]);
    expect(check([[2 ** 63, 2]]).kinds).toEqual(["oldChunkOutside"]);
  });

  test("does not hide those behind it", () => {
    const { report, kinds } = check({ ...entriesInOrder(40, CHUNK), 3: [3, 1], 38: [38, 999] });
    expect(kinds).toEqual(["newChunkOnMetadata", "newChunkOutside", "leakedChunks"]);
    expect(report).toMatchObject({ state: "refused", exceptionCount: 40, usedChunks: 38 });
  });
});

describe("a chunk that stands twice", () => {
  test("is told with the entry that has it already, in whichever area that is", () => {
    const entries = { ...entriesInOrder(40, CHUNK), 35: [3, 38] as Entry, 36: [36, 2] as Entry };
    const { findings } = check(entries, { originSectors: 100 });
    expect(findings).toMatchObject([
      {
        kind: "oldChunkTwice",
        chunk: 3,
        message: "entry 3 of area 1 has old chunk 3, which entry 3 of area 0 has already",
      },
      {
        kind: "newChunkTwice",
        chunk: 2,
        message: "entry 4 of area 1 has new chunk 2, which entry 0 of area 0 has already",
      },
      { kind: "leakedChunks" },
    ]);
  });

  test("is told as often as it stands", () => {
    const { report } = check(Array.from({ length: 10 }, (): Entry => [5, 7]));
    expect(report.counts.errors).toBe(18);
  });
});

describe("the end of the list", () => {
  const spoil = (offset: number) => (bytes: Uint8Array) => void (bytes[offset] = 1);
  const END = 512 + 3 * 16;

  test.each([END, END + 7, END + 16, 1023])("stale bytes behind it, at %i, are a warning", (at) => {
    const { report, findings } = check(entriesInOrder(3, CHUNK), { spoil: spoil(at) });
    expect(findings).toMatchObject([{
      kind: "staleTail",
      severity: "warning",
      isRepairable: true,
      area: 0,
      entry: 3,
    }]);
    expect(report).toMatchObject({ state: "usable", exceptionCount: 3 });
  });

  test("what lies in another chunk is not behind it", () => {
    expect(check(entriesInOrder(3, CHUNK), { spoil: spoil(1024 + 500) }).kinds).toEqual([]);
    expect(check(entriesInOrder(3, CHUNK), { spoil: spoil(34 * 512) }).kinds).toEqual([]);
  });

  test("it is looked for in pieces, in an area of any size", () => {
    const chunkSectors = 512;
    for (const offset of [0, 65535, 65536, chunkSectors * 512 - 1]) {
      const { bench, kinds } = checkImage({ sectorCount: 2 * chunkSectors, chunkSectors }, {
        spoil: spoil(chunkSectors * 512 + offset),
      });
      expect(kinds).toEqual(["staleTail"]);
      const parts = {
        sectorCount: 6 * chunkSectors,
        chunkSectors,
        entries: entriesInOrder(3, 512),
      };
      const behind = checkImage(parts, { spoil: spoil(chunkSectors * 512 + Math.max(offset, 48)) });
      expect(behind.kinds).toEqual(["staleTail"]);
      expect(Math.max(...bench.trace.map(({ sectorCount }) => sectorCount))).toBeLessThan(129);
    }
  });

  test("a full last area with the device's end behind it is an error", () => {
    for (const [sectors, kinds] of [[34, ["noSuccessor"]], [35, []], [33, undefined]] as const) {
      const { kinds: found } = check(entriesInOrder(32, CHUNK), {}, sectors);
      if (kinds !== undefined) expect(found).toEqual(kinds);
      else expect(found).toContain("newChunkOutside");
    }
  });
});

describe("the whole", () => {
  test("chunks that nobody uses are a note, with their number", () => {
    const { findings, report } = check([[0, 2], [1, 9], [2, 36]]);
    expect(findings).toMatchObject([{ kind: "leakedChunks", severity: "note" }]);
    // 3 to 8, 10 to 33, 35: chunk 34 is an area.
    expect(report).toMatchObject({ state: "usable", usedChunks: 3, leakedChunks: 31 });
  });

  test("disorder is a note, with the first that is out of order", () => {
    const { findings } = check([[0, 4], [1, 3], [2, 2]]);
    expect(findings).toMatchObject([{ kind: "outOfOrder", severity: "note", area: 0, entry: 1 }]);
    expect(findings[0]?.message).toMatch(/^2 new chunks are lower/);
  });

  test("a device that was cut short is recognized by the order of what it lacks", () => {
    const { findings, kinds, report } = check(entriesInOrder(30, CHUNK), {}, 20);
    expect(kinds.filter((kind) => kind === "newChunkOutside").length).toBe(12);
    expect(findings.at(-1)).toMatchObject({ kind: "shrunk", severity: "note" });
    expect(findings.at(-1)?.message).toMatch(/at least 32 sectors/);
    expect(report.state).toBe("refused");
  });

  test("a number that is out of order does not look like a device cut short", () => {
    expect(check([[0, 2], [1, 500]]).kinds).toEqual(["newChunkOutside"]);
  });
});

describe("what cannot be read", () => {
  test("in front of the end is an error, and reading goes on behind it", () => {
    const { findings, report } = check(entriesInOrder(40, CHUNK), { bad: [1] });
    expect(findings).toMatchObject([
      {
        kind: "unreadableArea",
        severity: "error",
        isRepairable: false,
        area: 0,
        entry: 0,
        message: "entry 0 of area 0 and the 31 behind it cannot be read",
      },
      { kind: "leakedChunks" },
    ]);
    expect(report).toMatchObject({ state: "refused", exceptionCount: 8, areaCount: 2 });
  });

  test("is narrowed down to the logical block", () => {
    const parts = { sectorCount: 64, chunkSectors: 8, entries: entriesInOrder(5, 8) };
    const { findings, report } = checkImage(parts, { bad: [11] });
    expect(findings).toMatchObject([{
      kind: "unreadableTail",
      severity: "error",
      isRepairable: true,
      area: 0,
      entry: 96,
    }]);
    expect(report).toMatchObject({ state: "refused", exceptionCount: 5 });
  });

  test("leaves a doubt: what makes no sense behind it is where reading ends, and no error", () => {
    const entries = { ...entriesInOrder(40, CHUNK), 34: [2 ** 60, 5] as Entry };
    const { findings, report } = check(entries, { bad: [1] });
    expect(findings).toMatchObject([
      { kind: "unreadableArea" },
      { kind: "doubtfulEnd", severity: "note", area: 1, entry: 2 },
      { kind: "leakedChunks" },
    ]);
    expect(report).toMatchObject({ counts: { errors: 1 }, exceptionCount: 2 });
  });

  test("keeps its places: what follows it is told where it stands", () => {
    const entries = entriesInOrder(100, 8);
    entries[70] = [70, 1];
    const { findings, report } = checkImage({ sectorCount: 1000, chunkSectors: 8, entries }, {
      bad: [9],
    });
    expect(findings).toMatchObject([
      { kind: "unreadableArea", entry: 32 },
      { kind: "doubtfulEnd", entry: 70 },
      { kind: "leakedChunks" },
    ]);
    expect(findings[0]?.message).toBe("entry 32 of area 0 and the 31 behind it cannot be read");
    expect(report.exceptionCount).toBe(70 - 32);
  });

  test("whatever it is, every sector of metadata: the check ends, and has an error", () => {
    const chunkSectors = 8;
    const entries = entriesInOrder(chunkSectors * 32 + 3, chunkSectors);
    const second = (chunkAt(chunkSectors * 32, chunkSectors) - 1) * 8;
    for (const sector of [0, 8, 9, 14, 15, second, second + 1, second + 7]) {
      const { report } = checkImage({ sectorCount: 2200, chunkSectors, entries }, {
        bad: [sector],
      });
      expect(report.state).toBe("refused");
      expect(report.counts.errors).toBe(1);
    }
  });

  test("behind stale bytes it is not even asked for, as a load does not either", () => {
    const chunkSectors = 512;
    const { kinds } = checkImage({ sectorCount: 1024, chunkSectors }, {
      spoil: (bytes) => void (bytes[chunkSectors * 512 + 5] = 1),
      bad: [chunkSectors + 300],
    });
    expect(kinds).toEqual(["staleTail"]);
  });
});

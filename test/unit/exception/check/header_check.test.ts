import { describe, expect, test } from "vitest";
import { cowImage } from "../images.ts";
import { checkContent, type CheckedOptions, checkImage } from "./checked_image.ts";

const SNAP = 0x70416e53;

/** Checks a device of so many sectors that begins with these words. */
function checkWords(words: readonly number[], sectorCount = 64, options: CheckedOptions = {}) {
  const content = new Uint8Array(sectorCount * 512);
  const view = new DataView(content.buffer);
  if (sectorCount > 0) words.forEach((word, index) => view.setUint32(index * 4, word, true));
  return checkContent(content, options);
}

test("of a plain header nothing is told", () => {
  const { report, findings } = checkWords([SNAP, 1, 1, 8]);
  expect(findings).toEqual([]);
  expect(report).toMatchObject({ state: "usable", chunkSectors: 8 });
});

describe("a device with no header at all", () => {
  test("may be too small for one", () => {
    const { report, findings } = checkWords([], 0);
    expect(findings).toMatchObject([{
      kind: "tooSmall",
      message: "it has 0 sectors, too few for a header",
    }]);
    expect(report.state).toBe("refused");
    expect(checkWords([SNAP, 1, 1, 8], 7, { logicalSectors: 8 }).kinds).toEqual(["tooSmall"]);
  });

  test("may be blank", () => {
    const { report, findings } = checkWords([]);
    expect(findings).toMatchObject([{ kind: "blank", severity: "error", isRepairable: false }]);
    expect(findings[0]?.message).toMatch(/^its magic is zero: /);
    expect(report).toMatchObject({ state: "blank", chunkSectors: 0 });
  });

  test("may have lost its magic, and would be started afresh: that is said", () => {
    expect(checkWords([0, 1, 1, 8]).findings[0]?.message)
      .toMatch(/^its magic is zero, although a version and a chunk size follow it: /);
  });

  test("may be unreadable", () => {
    expect(checkWords([SNAP, 1, 1, 8], 64, { bad: [0] }).kinds).toEqual(["unreadableHeader"]);
  });
});

test.each<[string, number[], string[]]>([
  ["a foreign magic hides everything else", [1, 1, 7, 7], ["foreignMagic"]],
  ["a chunk size of 0", [SNAP, 1, 1, 0], ["unusableChunkSize"]],
  ["a chunk size that is no power of two", [SNAP, 1, 1, 7], ["unusableChunkSize"]],
  ["a chunk size past the limit", [SNAP, 1, 1, 2 ** 22], ["unusableChunkSize"]],
  ["a version that nobody knows", [SNAP, 1, 2, 8], ["unknownVersion"]],
  ["both", [SNAP, 1, 0, 3], ["unusableChunkSize", "unknownVersion"]],
  ["both, on an invalid device", [SNAP, 0, 0, 3], ["unusableChunkSize", "unknownVersion"]],
  ["the largest chunk, and no room for it", [SNAP, 1, 1, 2 ** 21], ["tooSmall"]],
])("%s: every fault of it is an error", (_, words, kinds) => {
  const checked = checkWords(words);
  expect(checked.kinds).toEqual(kinds);
  expect(checked.report).toMatchObject({
    state: "refused",
    counts: { errors: kinds.length, warnings: 0, notes: 0 },
    areaCount: 0,
  });
});

test.each([[15, "refused"], [16, "usable"], [17, "usable"]])(
  "with chunks of 8 sectors, a device of %i is %s",
  (sectorCount, state) => {
    expect(checkWords([SNAP, 1, 1, 8], sectorCount).report.state).toBe(state);
  },
);

test("chunks are made of the logical blocks of both devices", () => {
  expect(checkWords([SNAP, 1, 1, 4], 64, { logicalSectors: 8 }).findings).toMatchObject([{
    kind: "unusableChunkSize",
    message: expect.stringMatching(/want a multiple of 8, the block of "cow"/),
  }]);
});

test("an invalid device is an error, and its areas are not looked at", () => {
  const { bench, report, kinds } = checkImage({
    sectorCount: 64,
    chunkSectors: 8,
    isValid: false,
    entries: [[1, 1]],
  });
  expect(kinds).toEqual(["invalid"]);
  expect(report).toMatchObject({ state: "invalid", chunkSectors: 8 });
  expect(bench.takeTrace()).toEqual(["cow read 0+1"]);
});

test.each([2, 256, 0xffffffff])("a valid word of %i is valid, and a note", (valid) => {
  const { report, findings } = checkWords([SNAP, valid, 1, 8]);
  expect(findings).toMatchObject([{ kind: "oddValidWord", severity: "note", isRepairable: true }]);
  expect(report.state).toBe("usable");
});

describe("whatever lies behind the header in its chunk is a note", () => {
  test.each([[16, 1], [511, 1], [512, 1], [8 * 512 - 1, 1], [16, 8], [8 * 512 - 1, 8]])(
    "at byte %i, with blocks of %i sectors",
    (offset, logicalSectors) => {
      const spoil = (bytes: Uint8Array) => void (bytes[offset] = 1);
      const parts = { sectorCount: 64, chunkSectors: 8 };
      const { kinds, report } = checkImage(parts, { spoil, logicalSectors });
      expect(kinds).toEqual(["junkBehindHeader"]);
      expect(report.state).toBe("usable");
    },
  );

  test("and so is what cannot be read there: nobody needs it", () => {
    const parts = { sectorCount: 64, chunkSectors: 8 };
    const { findings, report } = checkImage(parts, { bad: [3] });
    expect(findings).toMatchObject([{ kind: "junkBehindHeader", severity: "note" }]);
    expect(report.state).toBe("usable");
  });

  test("what lies behind that chunk is not", () => {
    const spoil = (bytes: Uint8Array) => void (bytes[16 * 512] = 1);
    expect(checkImage({ sectorCount: 64, chunkSectors: 8 }, { spoil }).kinds).toEqual([]);
  });

  test("it is looked for in pieces, in a chunk of any size", () => {
    const chunkSectors = 1024;
    for (const offset of [16, 65536, 65536 + 511, chunkSectors * 512 - 1]) {
      const content = cowImage({ sectorCount: 2 * chunkSectors, chunkSectors });
      content[offset] = 1;
      const { bench, kinds } = checkContent(content);
      expect(kinds).toEqual(["junkBehindHeader"]);
      expect(Math.max(...bench.trace.map(({ sectorCount }) => sectorCount))).toBeLessThan(129);
    }
  });
});

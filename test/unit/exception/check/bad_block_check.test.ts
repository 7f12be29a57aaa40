import { describe, expect, test } from "vitest";
import { sectorByHand } from "../relocation/tables.ts";
import { JUNK, SECTORS, spareSector, type Spoil, spoiledDisk, ZEROES } from "./bad_block_tables.ts";

const USABLE = { relocatedCount: 3, retiredCount: 1, spareCount: 40 };

test("of a table in which nothing is wrong it tells what is in it", () => {
  const { check, kinds, bench } = spoiledDisk([], [SECTORS[0]!, {}]);
  expect(check()).toEqual({
    state: "usable",
    counts: { errors: 0, warnings: 0, notes: 0 },
    spareCount: 40,
    relocatedCount: 2,
    retiredCount: 1,
    leakedCount: 0,
  });
  expect(kinds()).toEqual([]);
  expect(bench.trace.every(({ kind }) => kind === "read")).toBe(true);
});

test("spares that were left behind are a note", () => {
  const { check, findings } = spoiledDisk();
  expect(check()).toMatchObject({ state: "usable", leakedCount: 28, counts: { notes: 1 } });
  expect(findings).toEqual([{
    kind: "leakedSpares",
    severity: "note",
    isRepairable: false,
    message: "28 spares were left behind, and hold nothing in use",
  }]);
});

describe("one copy, where the other one counts, is a warning that can be repaired", () => {
  const senseless = sectorByHand({ sequence: 99, slots: [[12, spareSector(0)]] });
  const cases: [kind: string, bytes: Uint8Array, words: RegExp][] = [
    ["blankCopy", ZEROES, /^the (first|second) copy of its sector \d is zeroes$/],
    ["damagedCopy", JUNK, /begins with 0x7070707, want 0x42627254$/],
    [
      "damagedCopy",
      sectorByHand(SECTORS[0]).fill(1, 500),
      /has checksum 0x\w+, but 0x\w+ is right$/,
    ],
    ["senselessCopy", senseless, /has sector 12 in spare sector 400 in slot \d+: want /],
    ["staleCopy", sectorByHand({ sequence: 2 }), /is edition 2, the other one (9|4)$/],
  ];
  test.each(cases)("%s", (kind, bytes, words) => {
    for (const copy of [0, 1] as const) {
      for (const index of [0, 1]) {
        const { check, findings, load } = spoiledDisk([[copy, index, bytes]]);
        expect(check()).toMatchObject({ state: "usable", counts: { errors: 0, warnings: 1 } });
        expect(check()).toMatchObject(USABLE);
        expect(findings[0]).toMatchObject({
          kind,
          severity: "warning",
          isRepairable: true,
          area: index,
          message: expect.stringMatching(words),
        });
        expect(findings[0]!.message).toContain(copy === 0 ? "first" : "second");
        expect(load()?.size).toBe(3);
      }
    }
  });

  test("unreadableCopy", () => {
    const { bench, check, kinds } = spoiledDisk();
    bench.fault = ({ sector, sectorCount }) => sector <= 209 && 209 < sector + sectorCount;
    expect(check()).toMatchObject({ state: "usable", ...USABLE });
    expect(kinds()).toEqual(["unreadableCopy", "leakedSpares"]);
  });
});

describe("what no copy tells is an error, and every one is told", () => {
  const cases: [kinds: string[], spoils: Spoil[]][] = [
    [["lostSector"], [[0, 0, JUNK], [1, 0, ZEROES]]],
    [["lostSector", "lostSector"], [[0, 0, JUNK], [1, 0, JUNK], [0, 1, JUNK], [1, 1, JUNK]]],
    [["splitSector"], [[1, 1, sectorByHand({ sequence: 4 })]]],
    [["splitSector"], [[1, 1, sectorByHand({ sequence: 4 + 2 ** 31 })]]],
    [["zeroSector"], [[0, 1, ZEROES], [1, 1, ZEROES]]],
    [["zeroSector"], [[0, 0, ZEROES], [1, 0, ZEROES]]],
    [["lostSector", "staleCopy"], [
      [0, 0, JUNK],
      [1, 0, JUNK],
      [0, 1, sectorByHand({ sequence: 3 })],
    ]],
  ];
  test.each(cases)("%j", (wanted, spoils) => {
    const { check, kinds, load } = spoiledDisk(spoils);
    expect(check().state).toBe("refused");
    expect(kinds().filter((kind) => kind !== "leakedSpares")).toEqual(wanted);
    expect(load()).toBeNull();
  });

  test("a table of zeroes would start afresh", () => {
    const spoils = [0, 1].flatMap((index): Spoil[] => [[0, index, ZEROES], [1, index, ZEROES]]);
    const { check, kinds } = spoiledDisk(spoils);
    expect(check()).toMatchObject({ state: "blank", relocatedCount: 0, counts: { errors: 1 } });
    expect(kinds()).toEqual(["blank"]);
  });

  test("a formatting that was interrupted is a warning", () => {
    const { check, kinds, load } = spoiledDisk([[1, 0, ZEROES], [0, 1, ZEROES], [1, 1, ZEROES]], [
      {},
      {},
    ]);
    expect(check()).toMatchObject({ state: "usable", counts: { errors: 0, warnings: 2 } });
    expect(kinds()).toEqual(["blankCopy", "unfinished"]);
    expect(load()?.size).toBe(0);
  });
});

describe("what the table says", () => {
  test("a number of slots in use that is wrong is a warning: EVMS's module would lose some", () => {
    const { check, findings } = spoiledDisk([], [{ ...SECTORS[0], usedCount: 2 }, {}]);
    expect(check()).toMatchObject({ state: "usable", relocatedCount: 2 });
    expect(findings).toMatchObject([{
      kind: "wrongUsedCount",
      area: 0,
      message:
        "its sector 0 says that 2 slots are in use, but it is 3: older programs lose what is " +
        "behind",
    }]);
  });

  test("a block in two slots is a note, and the later one counts", () => {
    const slots = [[20, spareSector(0)], [20, spareSector(1)]] as const;
    const { check, findings, load } = spoiledDisk([], [{ slots }, {}]);
    expect(check()).toMatchObject({ state: "usable", relocatedCount: 1, leakedCount: 1 });
    expect(findings[0]).toMatchObject({
      kind: "blockTwice",
      severity: "note",
      entry: 1,
      message: "spares 0 and 1 both hold the block at sector 4: the later one counts",
    });
    expect([...load()!]).toEqual([[20, 1]]);
  });
});

test("a device that fails in another way is not taken for a damaged table", () => {
  const { disk, check } = spoiledDisk();
  disk.device.closeSync();
  expect(() => check()).toThrow(expect.objectContaining({ code: "ESHUTDOWN" }));
});

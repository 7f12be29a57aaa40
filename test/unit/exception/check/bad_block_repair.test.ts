import { describe, expect, test } from "vitest";
import { Prng } from "../../../../src/testing/prng.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { sectorByHand } from "../relocation/tables.ts";
import { JUNK, SECTORS, spareSector, type Spoil, spoiledDisk, ZEROES } from "./bad_block_tables.ts";

const NOTHING = { errors: 0, warnings: 0 };

test("where nothing is wrong nothing is written", () => {
  const { bench, repair } = spoiledDisk();
  const { repaired, before, after } = repair();
  expect([repaired, after]).toEqual([[], before]);
  expect(bench.trace.every(({ kind }) => kind === "read")).toBe(true);
});

describe("a copy that is lost or behind is written anew from the other one", () => {
  const spoils: Record<string, Uint8Array> = {
    damagedCopy: JUNK,
    blankCopy: ZEROES,
    staleCopy: sectorByHand({ sequence: 2 }),
    senselessCopy: sectorByHand({ sequence: 99, slots: [[12, spareSector(0)]] }),
  };
  test.each(Object.entries(spoils))("%s", (kind, bytes) => {
    for (const copy of [0, 1] as const) {
      for (const index of [0, 1]) {
        const whole = spoiledDisk().disk.bytes;
        const { disk, repair, load, bench } = spoiledDisk([[copy, index, bytes]]);
        const { repaired, after } = repair();
        expect(repaired.map((finding) => finding.kind)).toEqual([kind]);
        expect(after.counts).toMatchObject(NOTHING);
        verifySectors(disk.durable, whole, 0, "the disk");
        expect(load()?.size).toBe(3);
        bench.trace = [];
        expect(repair().repaired).toEqual([]);
        expect(bench.trace.every((request) => request.kind === "read")).toBe(true);
      }
    }
  });

  test("both copies, each from the other", () => {
    const whole = spoiledDisk().disk.bytes;
    const { disk, repair } = spoiledDisk([[0, 0, JUNK], [1, 1, ZEROES]]);
    expect(repair().repaired.map(({ kind }) => kind)).toEqual(["damagedCopy", "blankCopy"]);
    verifySectors(disk.durable, whole, 0, "the disk");
  });
});

test("an interrupted formatting is ended", () => {
  const { repair, load } = spoiledDisk([[1, 0, ZEROES], [0, 1, ZEROES], [1, 1, ZEROES]], [{}, {}]);
  expect(repair().after.counts).toEqual({ ...NOTHING, notes: 0 });
  expect(load()?.size).toBe(0);
});

test("slots in use are counted, as a new edition in both copies", () => {
  const { disk, repair } = spoiledDisk([], [{ ...SECTORS[0], usedCount: 2 }, {}]);
  expect(repair().repaired.map(({ kind }) => kind)).toEqual(["wrongUsedCount"]);
  const wanted = sectorByHand({ ...SECTORS[0], sequence: 10 });
  for (const start of [200, 208]) {
    verifySectors(
      disk.durable.subarray(start * 512, start * 512 + 512),
      wanted,
      start,
      "the table",
    );
  }
});

describe("what takes a guess is left as it is, with everything else", () => {
  const hopeless: [string, Spoil[]][] = [
    ["lost", [[0, 0, JUNK], [1, 0, JUNK], [0, 1, JUNK]]],
    ["split", [[1, 1, sectorByHand({ sequence: 4 })], [0, 0, JUNK]]],
    ["zeroes beside relocations", [[0, 1, ZEROES], [1, 1, ZEROES], [0, 0, JUNK]]],
    ["blank", [[0, 0, ZEROES], [1, 0, ZEROES], [0, 1, ZEROES], [1, 1, ZEROES]]],
  ];
  test.each(hopeless)("%s", (_, spoils) => {
    const { bench, repair, disk } = spoiledDisk(spoils);
    const bytes = disk.bytes.slice();
    const { repaired, before, after } = repair();
    expect([repaired, after]).toEqual([[], before]);
    expect(after.counts.errors).toBe(1);
    expect(bench.trace.every(({ kind }) => kind === "read")).toBe(true);
    verifySectors(disk.bytes, bytes, 0, "the disk");
  });
});

test("what the device does not let itself be written is told as not repaired", () => {
  const { bench, repair, load } = spoiledDisk([[1, 0, JUNK], [0, 1, ZEROES]]);
  bench.fault = ({ kind, sector }) => kind === "write" && sector === 208;
  const { repaired, after } = repair();
  expect(repaired.map(({ kind }) => kind)).toEqual(["blankCopy"]);
  expect(after).toMatchObject({ state: "usable", counts: { errors: 0, warnings: 1 } });
  expect(load()?.size).toBe(3);
});

test("a repair that is cut anywhere, or fails anywhere, keeps every relocation", () => {
  const prng = Prng.fromSeed("repairs");
  const contents = [JUNK, ZEROES, sectorByHand({ sequence: 1 })];
  for (let round = 0; round < 200; round++) {
    const spoils: Spoil[] = [];
    for (const index of [0, 1]) {
      if (prng.bool(0.8)) spoils.push([prng.bool() ? 0 : 1, index, prng.pick(contents)]);
    }
    const usedCount = prng.bool() ? {} : { usedCount: 1 };
    const { bench, disk, repair, load } = spoiledDisk(spoils, [
      { ...SECTORS[0], ...usedCount },
      SECTORS[1]!,
    ]);
    const wanted = [...load()!];
    const [isCut, writeCount] = [prng.bool(), prng.int(6)];
    let left = writeCount;
    bench.fault = ({ kind }) => kind === "write" && left-- <= 0;
    try {
      repair();
    } catch (error) {
      expect(error).toMatchObject({ code: "EIO" });
    }
    bench.fault = () => false;
    if (isCut) bench.powerCut();
    expect([...load()!], `round ${round}`).toEqual(wanted);
    expect(repair().after.counts).toMatchObject(NOTHING);
    expect([...load()!]).toEqual(wanted);
    expect(disk.bytes.length).toBe(1024 * 512);
  }
});

/** Reading the two copies of a bad-block table: which one counts, and what takes a guess. */
import { describe, expect, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { runSync } from "../../../../src/block/plan.ts";
import { TableCopies } from "../../../../src/exception/relocation/table_copies.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { again, at, COPIES, type Copies, imageOf, setUp, SPARE, withTable } from "./copies.ts";
import { sectorByHand } from "./tables.ts";

function expectRefusal(set: Copies, words: string | RegExp): void {
  const before = set.disk.bytes.slice();
  let refusal: unknown;
  try {
    runSync(set.copies.read());
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(BlockDeviceError);
  expect(refusal).toMatchObject({ code: "EINVAL" });
  expect((refusal as Error).message).toMatch(words);
  expect(Buffer.compare(set.disk.bytes, before)).toBe(0);
  expect(set.bench.trace.every(({ kind }) => kind === "read")).toBe(true);
}

describe("a fresh table", () => {
  test("is one of zeroes; to read it writes nothing", () => {
    const { bench, copies } = setUp();
    expect(runSync(copies.read())).toBe("fresh");
    expect(copies.areWhole).toEqual([false, false]);
    expect(bench.takeTrace()).toEqual(["disk read 8+3", "disk read 24+3"]);
  });

  test("is written sector by sector, each durably to the first copy and then to the second", () => {
    const set = setUp();
    runSync(set.copies.read());
    set.bench.trace = [];
    runSync(set.copies.mend());
    expect(set.bench.takeTrace()).toEqual([
      "disk write 8+1 fua",
      "disk write 24+1 fua",
      "disk write 9+1 fua",
      "disk write 25+1 fua",
      "disk write 10+1 fua",
      "disk write 26+1 fua",
    ]);
    expect(set.copies.areWhole).toEqual([true, true]);
    runSync(set.copies.mend());
    expect(set.bench.takeTrace()).toEqual([]);
    expect(runSync(again(set).copies.read())).toBe("loaded");
  });

  test("that was written in part is taken up again, wherever it was left", () => {
    for (let writeCount = 0; writeCount <= 6; writeCount++) {
      const set = setUp();
      runSync(set.copies.read());
      const first = set.bench.requestCount;
      set.bench.fault = (_, index) => index > first + writeCount;
      runSync(set.copies.mend());
      set.bench.fault = () => false;
      const next = again(set);
      const isThere = writeCount >= 5; // every sector is in one copy at least
      expect(runSync(next.copies.read()), `${writeCount} writes`).toBe(
        isThere ? "loaded" : "fresh",
      );
      runSync(next.copies.mend());
      const last = again(next);
      expect([runSync(last.copies.read()), last.copies.areWhole]).toEqual([
        "loaded",
        [true, true],
      ]);
      verifySectors(at(last.disk, 0, 0), at(last.disk, 1, 0), 0, "the copies");
    }
  });

  test("is not taken for one when a relocation is in front of the zeroes", () => {
    for (const blank of [[1], [2], [1, 2]]) {
      const set = withTable();
      for (const index of blank) for (const copy of [0, 1]) at(set.disk, copy, index).fill(0);
      expectRefusal(set, `${blank.length} of its 3 sectors are zeroes in both copies`);
    }
    const lying = withTable();
    const parts = { usedCount: 0, slots: [[1000, SPARE]] } as const;
    for (const copy of [0, 1]) {
      at(lying.disk, copy, 0).set(sectorByHand(parts));
      at(lying.disk, copy, 2).fill(0);
    }
    expectRefusal(lying, "1 of its 3 sectors are zeroes");
  });

  test("is not taken for one when zeroes are in front of a relocation", () => {
    const set = withTable();
    for (const copy of [0, 1]) at(set.disk, copy, 0).fill(0);
    expectRefusal(set, "1 of its 3 sectors are zeroes");
  });
});

const DAMAGES: Readonly<Record<string, (bytes: Uint8Array, prng: Prng) => void>> = {
  "zeroed": (bytes) => bytes.fill(0),
  "torn": (bytes) => bytes.fill(0xee, 256),
  "bit-flipped": (bytes, prng) => void (bytes[prng.int(512)]! ^= 1 << prng.int(8)),
  "without a signature": (bytes) => bytes.fill(0, 0, 4),
  "without a checksum": (bytes) => bytes.fill(0, 4, 8),
  "full of something else": (bytes, prng) => prng.fill(bytes),
  "with a slot for another spare, under a right checksum": (bytes) =>
    void bytes.set(sectorByHand({ sequence: 90, slots: [[1000, SPARE + 1999]] })),
  "an earlier edition": (bytes) => void bytes.set(sectorByHand({ sequence: 2 })),
};

describe("BBR-4 of one damaged copy", () => {
  test.each(Object.entries(DAMAGES))("%s: the other one counts, and mends it", (_, damage) => {
    for (const copy of [0, 1]) {
      for (const index of [0, 1, 2]) {
        const set = withTable();
        const before = set.disk.bytes.slice();
        damage(at(set.disk, copy, index), Prng.fromSeed(`${copy}/${index}`));
        expect(runSync(set.copies.read())).toBe("loaded");
        expect(set.copies.areWhole).toEqual(copy === 0 ? [false, true] : [true, false]);
        verifySectors(imageOf(set), Buffer.concat(set.sectors), 0, "the table");
        set.bench.trace = [];
        runSync(set.copies.mend());
        expect(set.bench.takeTrace()).toEqual([`disk write ${COPIES[copy]! + index}+1 fua`]);
        verifySectors(set.disk.bytes, before, 0, "the disk");
        expect(set.copies.areWhole).toEqual([true, true]);
      }
    }
  });

  test("a sector that cannot be read costs its neighbours nothing", () => {
    for (const copy of [0, 1]) {
      const set = withTable();
      for (const index of [0, 2]) at(set.disk, 1 - copy, index).fill(0);
      set.bench.fault = ({ kind, sector, sectorCount }) => {
        const bad = COPIES[copy]! + 1;
        return kind === "read" && sector <= bad && bad < sector + sectorCount;
      };
      expect(runSync(set.copies.read())).toBe("loaded");
      expect(set.copies.areWhole).toEqual([false, false]);
      verifySectors(imageOf(set), Buffer.concat(set.sectors), 0, "the table");
    }
  });

  test("a whole copy that cannot be read costs nothing", () => {
    for (const copy of [0, 1]) {
      const set = withTable();
      const start = COPIES[copy]!;
      set.bench.fault = ({ sector }) => sector >= start && sector < start + 3;
      expect(runSync(set.copies.read())).toBe("loaded");
      expect(set.copies.areWhole[copy]).toBe(false);
      verifySectors(imageOf(set), Buffer.concat(set.sectors), 0, "the table");
    }
  });

  test("copies complement each other sector by sector", () => {
    for (let pattern = 0; pattern < 8; pattern++) {
      const set = withTable();
      for (const index of [0, 1, 2]) at(set.disk, (pattern >> index) & 1, index).fill(7);
      runSync(set.copies.read());
      verifySectors(imageOf(set), Buffer.concat(set.sectors), 0, `pattern ${pattern}`);
    }
  });

  test("of two editions the later one counts, whichever copy it is in, across the wrap", () => {
    const pairs = [[5, 6], [2 ** 32 - 1, 0], [2 ** 32 - 1, 15], [2 ** 31, 2 ** 31 + 1]] as const;
    for (const [sequence, later] of pairs) {
      for (const copy of [0, 1]) {
        const set = withTable();
        at(set.disk, copy, 1).set(sectorByHand({ sequence, slots: [[11, SPARE + 31]] }));
        at(set.disk, 1 - copy, 1).set(
          sectorByHand({ sequence: later, slots: [[22, SPARE + 31]] }),
        );
        runSync(set.copies.read());
        expect(set.copies.sector(1).slot(0, SPARE + 31)).toBe(22);
        expect(set.copies.areWhole[copy]).toBe(false);
      }
    }
  });
});

describe("BBR-4 what takes a guess is refused, and nothing is written", () => {
  test.each(Object.entries(DAMAGES).slice(0, 7))("both copies of a sector %s", (name, damage) => {
    for (const index of [0, 1, 2]) {
      const set = withTable();
      for (const copy of [0, 1]) damage(at(set.disk, copy, index), Prng.fromSeed(`${copy}`));
      const isBlank = name === "zeroed";
      expectRefusal(
        set,
        isBlank
          ? "1 of its 3 sectors are zeroes in both copies"
          : `of its sector ${index} the first copy `,
      );
    }
  });

  test("one copy zeroes and the other unreadable: it may have been a table", () => {
    const set = setUp();
    set.bench.fault = ({ sector }) => sector === COPIES[1];
    expectRefusal(set, "of its sector 0 the first copy is zeroes, the second cannot be read");
  });

  test("every sector that is lost is named", () => {
    const set = withTable();
    for (const index of [0, 2]) for (const copy of [0, 1]) at(set.disk, copy, index).fill(1);
    expectRefusal(set, /of its sector 0 the first copy begins .*; of its sector 2 the first copy/);
  });

  test("two copies of one edition that differ", () => {
    for (const index of [0, 1, 2]) {
      const set = withTable();
      const slots = [[77, SPARE + index * 31]] as const;
      at(set.disk, 1, index).set(sectorByHand({ sequence: 5 + index, slots }));
      expectRefusal(
        set,
        `both copies of its sector ${index} claim to be edition ${5 + index}, and differ`,
      );
    }
  });

  test("two editions half the numbers apart: neither is the later", () => {
    const set = withTable();
    at(set.disk, 1, 1).set(sectorByHand({ sequence: 6 + 2 ** 31 }));
    expectRefusal(set, "are editions 6 and 2147483654, and neither is the later");
  });
});

test("a failure that is not the medium's is passed on, not taken for damage", () => {
  const { disk, copies } = withTable();
  const asynchronous = new TableCopies({
    device: disk.slow,
    copySectors: COPIES,
    spareCount: 80,
    slotFault: () => null,
  });
  expect(() => runSync(asynchronous.read())).toThrow(expect.objectContaining({ code: "ENOTSUP" }));
  disk.device.closeSync();
  expect(() => runSync(copies.read())).toThrow(expect.objectContaining({ code: "ESHUTDOWN" }));
});

test("a long table is read in pieces, and block by block only where one fails", () => {
  const spareCount = 31 * 300;
  const copySectors = [100, 500] as const;
  const set = setUp({ spareCount, copySectors });
  runSync(set.copies.read());
  runSync(set.copies.mend());
  set.bench.trace = [];
  set.bench.fault = ({ kind, sector, sectorCount }) =>
    kind === "read" && sector <= 300 && 300 < sector + sectorCount;
  const next = again(set, { spareCount, copySectors });
  expect(runSync(next.copies.read())).toBe("loaded");
  const trace = set.bench.takeTrace();
  expect(trace.filter((words) => !words.endsWith("+1"))).toEqual([
    "disk read 100+128",
    "disk read 228+128",
    "disk read 356+44",
    "disk read 500+128",
    "disk read 628+128",
    "disk read 756+44",
  ]);
  expect(trace.length).toBe(6 + 128);
  expect(next.copies.areWhole).toEqual([false, true]);
});

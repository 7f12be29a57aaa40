/** One sector of a bad-block table, against sectors made by hand. */
import { describe, expect, test } from "vitest";
import {
  isLater,
  SLOTS_PER_SECTOR,
  TableSector,
} from "../../../../src/exception/relocation/table_sector.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import {
  checksumByHand,
  NO_SECTOR,
  sectorByHand,
  sequenceWithoutChecksum,
  withChecksum,
} from "./tables.ts";

const SPARE = 100_000;
const spareOf = (index: number) => SPARE + index * 8;

describe("EVMS's format", () => {
  const parts = {
    sequence: 7,
    slots: { 0: [0, SPARE], 1: [NO_SECTOR, spareOf(1)], 3: [2 ** 40, spareOf(3)] },
  } as const;

  test("a sector made by hand is understood", () => {
    const sector = new TableSector(sectorByHand(parts));
    expect([sector.frameFault(), sector.sequence, sector.usedCount]).toEqual([null, 7, 4]);
    const slots = [0, 1, 2, 3, 30].map((index) => sector.slot(index, spareOf(index)));
    expect(slots).toEqual([0, "retired", "free", 2 ** 40, "free"]);
    expect([sector.isBlank, sector.isEmpty]).toEqual([false, false]);
  });

  test("the same slots are written as the same bytes", () => {
    const bytes = new Uint8Array(512);
    const sector = new TableSector(bytes);
    sector.setSlot(3, spareOf(3), 2 ** 40);
    sector.setSlot(0, spareOf(0), 0);
    sector.setSlot(2, spareOf(2), 5);
    sector.setSlot(2, spareOf(2), "free");
    sector.setSlot(1, spareOf(1), "retired");
    sector.seal(7);
    verifySectors(bytes, sectorByHand(parts), 0, "the sector");
  });

  test("the bytes are these, on a machine of either endianness", () => {
    const bytes = new Uint8Array(512);
    const sector = new TableSector(bytes);
    sector.setSlot(0, 0x01020304, 0x0a0b0c0d);
    sector.seal(0x11223344);
    const hex = (from: number, to: number) =>
      [...bytes.subarray(from, to)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    expect([hex(0, 4), hex(8, 12), hex(12, 16), hex(16, 24), hex(24, 32)]).toEqual([
      "54726242",
      "44332211",
      "01000000",
      "0d0c0b0a00000000",
      "0403020100000000",
    ]);
    expect(new DataView(bytes.buffer).getUint32(4, true)).toBe(checksumByHand(bytes));
    expect(bytes.subarray(32).every((byte) => byte === 0)).toBe(true);
  });

  test("a sector lies in 512 bytes of a larger buffer, and touches no others", () => {
    const buffer = new Uint8Array(1536).fill(0xee);
    const bytes = buffer.subarray(512, 1024).fill(0);
    const sector = new TableSector(bytes);
    for (let index = 0; index < SLOTS_PER_SECTOR; index++) {
      sector.setSlot(index, spareOf(index), index);
    }
    sector.seal(1);
    const others = [...buffer.subarray(0, 512), ...buffer.subarray(1024)];
    expect(others.every((byte) => byte === 0xee)).toBe(true);
    expect([sector.usedCount, sector.frameFault()]).toEqual([31, null]);
  });

  test("slots in use are counted to the last one that is not free, holes included", () => {
    const prng = Prng.fromSeed("slots in use");
    for (let round = 0; round < 200; round++) {
      const places = Array.from({ length: SLOTS_PER_SECTOR }, (_, at) => at)
        .filter(() => prng.bool(0.2));
      const slots = Object.fromEntries(places.map((at) => [at, [at, spareOf(at)] as const]));
      const bytes = new Uint8Array(512);
      const sector = new TableSector(bytes);
      for (const at of prng.shuffle(places)) sector.setSlot(at, spareOf(at), at);
      sector.seal(round);
      verifySectors(bytes, sectorByHand({ sequence: round, slots }), 0, `round ${round}`);
      expect(sector.isEmpty).toBe(places.length === 0);
    }
  });
});

describe("the frame", () => {
  test("every flipped bit is noticed", () => {
    const bytes = sectorByHand({ slots: [[5, SPARE]] });
    const sector = new TableSector(bytes);
    for (let bit = 0; bit < 4096; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      if (sector.frameFault() === null) throw new Error(`bit ${bit} is not noticed`);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(sector.frameFault()).toBeNull();
  });

  test("what is wrong is said with what was found and what was wanted", () => {
    const foreign = new TableSector(sectorByHand({ signature: 0x12345678 }));
    expect(foreign.frameFault()).toBe("begins with 0x12345678, want 0x42627254");
    const bytes = sectorByHand({ slots: [[5, SPARE]] });
    const right = checksumByHand(bytes).toString(16);
    new DataView(bytes.buffer).setUint32(4, 0xabc, true);
    expect(new TableSector(bytes).frameFault()).toBe(`has checksum 0xabc, but 0x${right} is right`);
    new DataView(bytes.buffer).setUint32(4, 0, true);
    expect(new TableSector(bytes).frameFault()).toBe("has no checksum");
  });

  test("a checksum of 0 is none, even where it would be right, and is never written", () => {
    const parts = { slots: [[5, SPARE], [6, spareOf(1)]] } as const;
    const sequence = sequenceWithoutChecksum(parts);
    const bytes = sectorByHand({ ...parts, sequence });
    expect(checksumByHand(bytes)).toBe(0);
    const sector = new TableSector(bytes);
    expect(sector.frameFault()).toBe("has no checksum");
    sector.seal(sequence);
    expect([sector.frameFault(), sector.sequence]).toEqual([null, (sequence + 1) >>> 0]);
  });

  test("zeroes are blank, and no other sector is", () => {
    const bytes = new Uint8Array(512);
    const sector = new TableSector(bytes);
    expect([sector.isBlank, sector.isEmpty]).toEqual([true, true]);
    for (let at = 0; at < 512; at++) {
      bytes[at] = 1;
      if (sector.isBlank) throw new Error(`byte ${at} is not looked at`);
      bytes[at] = 0;
    }
  });

  test("whether slots are free is seen from the slots, not from what the sector says", () => {
    expect(new TableSector(sectorByHand({ usedCount: 9 })).isEmpty).toBe(true);
    expect(new TableSector(sectorByHand({ usedCount: 0, slots: [[5, SPARE]] })).isEmpty).toBe(
      false,
    );
  });
});

describe("slots", () => {
  test("one that is not for its own spare makes no sense", () => {
    const sector = new TableSector(sectorByHand({ slots: [[5, spareOf(1)], [NO_SECTOR, 7]] }));
    expect([sector.slot(0, SPARE), sector.slot(1, spareOf(1))]).toEqual([null, null]);
    expect([sector.describeSlot(0), sector.describeSlot(2)]).toEqual([
      `sector 5 in spare sector ${spareOf(1)}`,
      "sector 0 in spare sector 0",
    ]);
  });

  test("sectors are numbers as far as numbers are exact: up to 2^53 - 1", () => {
    const slots = [2n ** 53n - 2n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 2n]
      .map((bad, index) => [bad, spareOf(index)] as const);
    const sector = new TableSector(sectorByHand({ slots }));
    expect(slots.map((_, index) => sector.slot(index, spareOf(index)))).toEqual([
      2 ** 53 - 2,
      2 ** 53 - 1,
      null,
      null,
    ]);
  });

  test("a bad sector without a spare makes no sense", () => {
    const sector = new TableSector(withChecksum(sectorByHand({ slots: [[5, 0]] })));
    expect([sector.slot(0, SPARE), sector.isEmpty]).toEqual([null, false]);
  });
});

test("later is later across the wrap at 2^32, half way round at most", () => {
  const pairs: [number, number, boolean][] = [
    [1, 0, true],
    [0, 1, false],
    [5, 5, false],
    [0, 2 ** 32 - 1, true],
    [2 ** 32 - 1, 0, false],
    [15, 2 ** 32 - 1, true],
    [2 ** 31 - 1, 0, true],
    [2 ** 31, 0, false],
    [0, 2 ** 31, false],
    [2 ** 31 + 1, 0, false],
    [0, 2 ** 31 + 1, true],
  ];
  for (const [one, other, wanted] of pairs) {
    expect(isLater(one, other), `${one} after ${other}`).toBe(wanted);
  }
});

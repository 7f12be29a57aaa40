import { expect, test } from "vitest";
import { patternOf } from "../../../src/testing/pattern.ts";
import { Prng } from "../../../src/testing/prng.ts";
import {
  type CutManner,
  VolatileSectors,
  type VolatileWrite,
} from "../../../src/testing/volatile_sectors.ts";

const COUNT = 4;

function zeroed(): VolatileSectors {
  return new VolatileSectors(new Uint8Array(COUNT * 512));
}

/** Lands a write of a stamp, and answers it unless it is to stay under way. */
function land(
  sectors: VolatileSectors,
  stamp: number,
  sector = 0,
  sectorCount = COUNT,
  isAnswered = true,
): VolatileWrite {
  const write: VolatileWrite = { answeredAt: Infinity };
  sectors.land(write, patternOf(stamp, sector, sectorCount), sector);
  if (isAnswered) write.answeredAt = sectors.now();
  return write;
}

/** The stamps of all sectors; zeroes are 0. */
function stampsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from(
    { length: bytes.length / 512 },
    (_, sector) => view.getUint32(sector * 512 + 4, true),
  );
}

/** Everything that many cuts leave, as text. */
function outcomes(sectors: VolatileSectors, manner?: CutManner): Set<string> {
  const prng = Prng.fromSeed("cuts");
  const found = new Set<string>();
  for (let cut = 0; cut < 2000; cut++) {
    found.add(stampsOf(sectors.afterCut(prng, manner)).join(""));
  }
  return found;
}

test("reads see the newest version, and a cut changes nothing", () => {
  const sectors = zeroed();
  land(sectors, 1);
  land(sectors, 2, 1, 2);
  outcomes(sectors);
  const bytes = new Uint8Array(COUNT * 512);
  sectors.read(bytes, 0);
  expect(stampsOf(bytes)).toEqual([1, 2, 2, 1]);
  expect(sectors.volatileCount).toBe(COUNT);
});

test("a sector is found with any of its versions, every sector for itself", () => {
  const sectors = zeroed();
  land(sectors, 1, 0, 2);
  land(sectors, 2, 0, 2);
  expect(outcomes(sectors, "by sector")).toEqual(
    new Set(["0000", "0100", "0200", "1000", "1100", "1200", "2000", "2100", "2200"]),
  );
});

test("each manner of a cut leaves what its name says", () => {
  const sectors = zeroed();
  land(sectors, 1, 0, 2);
  land(sectors, 2, 1, 2);
  expect(outcomes(sectors, "nothing")).toEqual(new Set(["0000"]));
  expect(outcomes(sectors, "everything")).toEqual(new Set(["1220"]));
  expect(outcomes(sectors, "by write")).toEqual(new Set(["0000", "1100", "0220", "1220"]));
  expect(outcomes(sectors, "one")).toEqual(new Set(["1100", "0220"]));
  expect(outcomes(sectors, "all but one")).toEqual(new Set(["1100", "0220"]));
});

test("a flush makes durable what was answered before it began, and nothing else", () => {
  const sectors = zeroed();
  land(sectors, 1);
  const under = land(sectors, 2, 0, 1, false);
  const moment = sectors.now();
  land(sectors, 3, 1, 1);
  under.answeredAt = sectors.now();
  sectors.settle(moment);
  expect(outcomes(sectors)).toEqual(new Set(["1111", "2111", "1311", "2311"]));
  expect(sectors.volatileCount).toBe(2);
});

test("a flush makes an older write durable where it was overtaken by one under way", () => {
  const sectors = zeroed();
  land(sectors, 1, 0, 1);
  land(sectors, 2, 0, 1, false);
  sectors.settle(sectors.now());
  expect(outcomes(sectors)).toEqual(new Set(["1000", "2000"]));
});

test("a durable write settles itself and what it replaced, and no other sector", () => {
  const sectors = zeroed();
  land(sectors, 1);
  const durable = land(sectors, 2, 1, 2, false);
  land(sectors, 3, 2, 1);
  sectors.settleWrite(durable, 1, 2);
  expect(outcomes(sectors, "nothing")).toEqual(new Set(["0220"]));
  expect(outcomes(sectors, "everything")).toEqual(new Set(["1231"]));
});

test("without volatile sectors every cut leaves the same", () => {
  const sectors = new VolatileSectors(patternOf(7, 0, COUNT));
  expect(outcomes(sectors)).toEqual(new Set(["7777"]));
});

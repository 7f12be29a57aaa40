import { expect, test } from "vitest";
import { patternOf } from "../../../src/testing/pattern.ts";
import { Prng } from "../../../src/testing/prng.ts";
import { SectorVersions, type VolatileWrite } from "../../../src/testing/sector_versions.ts";

/** Lands a write of one sector, answered. */
function land(versions: SectorVersions, stamp: number, sector: number): VolatileWrite {
  const write: VolatileWrite = { answeredAt: Infinity };
  versions.land(write, patternOf(stamp, sector, 1), sector);
  write.answeredAt = versions.now();
  return write;
}

/** What is told, as `sector:stamp`. */
function told(tell: (put: (sector: number, bytes: Uint8Array) => void) => void): string[] {
  const list: string[] = [];
  tell((sector, bytes) => list.push(`${sector}:${new DataView(bytes.buffer).getUint32(4, true)}`));
  return list;
}

test("what was answered before a flush began is told, newest only, and is volatile no more", () => {
  const versions = new SectorVersions();
  land(versions, 1, 7);
  land(versions, 2, 7);
  const moment = versions.now();
  land(versions, 3, 9);
  expect(told((put) => versions.settle(moment, put))).toEqual(["7:2"]);
  expect(versions.sectorCount).toBe(1);
  expect(versions.newest(7)).toBeUndefined();
  expect(versions.newest(9)).toBeDefined();
});

test("a durable write takes along what it replaced, and leaves what replaced it", () => {
  const versions = new SectorVersions();
  land(versions, 1, 0);
  const second = land(versions, 2, 0);
  land(versions, 3, 0);
  expect(told((put) => versions.settleWrite(second, 0, 1, put))).toEqual(["0:2"]);
  expect(told((put) => versions.settle(versions.now(), put))).toEqual(["0:3"]);
});

test("a cut tells what is left and changes nothing", () => {
  const versions = new SectorVersions();
  land(versions, 1, 0);
  land(versions, 2, 1);
  const prng = Prng.fromSeed("cut");
  expect(told((put) => versions.afterCut(prng, put, "nothing"))).toEqual([]);
  expect(told((put) => versions.afterCut(prng, put, "everything"))).toEqual(["0:1", "1:2"]);
  expect(told((put) => versions.afterCut(prng, put, "one"))).toHaveLength(1);
  expect(versions.sectorCount).toBe(2);
});

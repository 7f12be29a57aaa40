import { expect, test } from "vitest";
import {
  FOREIGN_MARK,
  markOf,
  SectorMarks,
} from "../../../../../demo/engine/world/sector_marks.ts";
import { patternOf, Prng } from "../../../../../src/testing/mod.ts";

test("a sector says which write it is of; zeroes are of none, all else is a hash", () => {
  expect(markOf(new Uint8Array(512))).toBe(0);
  expect(markOf(patternOf(7, 3, 1))).toBe(7);
  const noise = Prng.fromSeed("noise").bytes(1024);
  expect(markOf(noise)).toBeGreaterThanOrEqual(FOREIGN_MARK);
  expect(markOf(noise, 512)).not.toBe(markOf(noise));
  // A seed that no write of the page can have.
  expect(markOf(patternOf(FOREIGN_MARK, 0, 1))).toBeGreaterThanOrEqual(FOREIGN_MARK);
});

test("a chunk has the mark of its sectors, or a hash of different ones", () => {
  const marks = new SectorMarks(10);
  marks.note(patternOf(1, 0, 8), 0);
  expect(marks.chunkMark(0, 8)).toBe(1);
  marks.note(patternOf(2, 3, 1), 3);
  const torn = marks.chunkMark(0, 8);
  expect(torn).toBeGreaterThanOrEqual(FOREIGN_MARK);
  expect(marks.chunkMark(0, 2)).toBe(1);
  expect(marks.chunkMark(8, 8)).toBe(0); // Cut short by the device's end.
  marks.note(patternOf(2, 0, 8), 0);
  expect(marks.chunkMark(0, 8)).toBe(2);
  expect(torn).not.toBe(2);
});

test("what has changed is told once, and as all when it is too much to tell", () => {
  const marks = new SectorMarks(1000);
  marks.note(new Uint8Array(1024), 6);
  expect(marks.takeChanged()).toEqual([{ sector: 6, sectorCount: 2 }]);
  expect(marks.takeChanged()).toEqual([]);
  for (let sector = 0; sector < 1000; sector++) marks.note(patternOf(1, sector, 1), sector);
  expect(marks.takeChanged()).toBeNull();
});

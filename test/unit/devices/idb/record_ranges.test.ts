import { expect, test } from "vitest";
import { RecordRanges } from "../../../../src/devices/idb/record_ranges.ts";
import { Prng } from "../../../../src/testing/mod.ts";

function rangesOf(...pairs: [number, number][]): RecordRanges {
  const ranges = new RecordRanges();
  for (const [first, end] of pairs) ranges.add(first, end);
  return ranges;
}

const listOf = (ranges: RecordRanges) => [...ranges].map(({ first, end }) => [first, end]);

test("ranges that touch or overlap become one, whatever order they come in", () => {
  expect(listOf(rangesOf([0, 2], [4, 6], [2, 4]))).toEqual([[0, 6]]);
  expect(listOf(rangesOf([4, 6], [0, 2], [3, 4]))).toEqual([[0, 2], [3, 6]]);
  expect(listOf(rangesOf([1, 2], [3, 4], [5, 6], [0, 9]))).toEqual([[0, 9]]);
  expect(listOf(rangesOf([0, 9], [3, 4]))).toEqual([[0, 9]]);
});

test("an empty range is none", () => {
  expect(rangesOf([3, 3], [4, 2]).rangeCount).toBe(0);
});

test("a range reaches from its first record to the one before its end", () => {
  const ranges = rangesOf([10, 20], [30, 31]);
  const within = [9, 10, 19, 20, 29, 30, 31].map((index) => ranges.has(index));
  expect(within).toEqual([false, true, true, false, false, true, false]);
});

test("a set is added to another whole, and stays as it is", () => {
  const ranges = rangesOf([0, 2]);
  const others = rangesOf([1, 5], [8, 9]);
  ranges.addAll(others);
  expect(listOf(ranges)).toEqual([[0, 5], [8, 9]]);
  expect(listOf(others)).toEqual([[1, 5], [8, 9]]);
});

test("after any additions the set has what a list of marks has, sorted and apart", () => {
  const prng = Prng.fromSeed("record ranges");
  for (let round = 0; round < 50; round++) {
    const ranges = new RecordRanges();
    const marks = new Uint8Array(60);
    for (let addition = 0; addition < 12; addition++) {
      const first = prng.int(60);
      const end = Math.min(60, first + prng.int(9));
      ranges.add(first, end);
      marks.fill(1, first, end);
      marks.forEach((mark, index) => expect(ranges.has(index)).toBe(mark === 1));
      const bounds = listOf(ranges).flat();
      expect(bounds).toEqual([...new Set(bounds)].sort((one, other) => one! - other!));
    }
  }
});

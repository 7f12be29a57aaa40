import { describe, expect, test } from "vitest";
import { Prng } from "../../../src/testing/prng.ts";

test("the same seed gives the same numbers for ever", () => {
  const prng = Prng.fromSeed("cowdisk");
  // A seed that was printed years ago must replay: these numbers do not change.
  expect([prng.uint32(), prng.uint32(), prng.uint32()]).toEqual([928732944, 984023283, 3692135725]);
  expect([prng.int(10), prng.int(2 ** 53)]).toEqual([6, 4976637407670591]);
  expect([...prng.bytes(3)]).toEqual([160, 229, 238]);
  const zero = Prng.fromSeed(0);
  expect([zero.uint32(), zero.uint32()]).toEqual([2577536409, 3375923866]);
});

test("a seed is the same as a number and as text, and different seeds differ", () => {
  expect(Prng.fromSeed(7).uint32()).toBe(Prng.fromSeed("7").uint32());
  const firsts = ["", "0", "1", "a", "b", "ab", "ba", "cowdisk", "cowdisk/1"].map((seed) =>
    Prng.fromSeed(seed).uint32()
  );
  expect(new Set(firsts).size).toBe(firsts.length);
});

test("every number below the limit is drawn about equally often, and none at it", () => {
  const prng = Prng.fromSeed("even");
  const counts = new Array<number>(7).fill(0);
  for (let draw = 0; draw < 70_000; draw++) counts[prng.int(7)]!++;
  expect(counts.length).toBe(7);
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test("large numbers are drawn to their last bit", () => {
  const prng = Prng.fromSeed("large");
  let ones = 0;
  for (let draw = 0; draw < 1000; draw++) {
    const value = prng.int(2 ** 53);
    expect(Number.isSafeInteger(value)).toBe(true);
    ones += value % 2;
  }
  expect(ones).toBeGreaterThan(400);
  expect(ones).toBeLessThan(600);
});

describe("limits", () => {
  test("one number below 1 is 0, and there are no numbers below 0 or none at all", () => {
    const prng = Prng.fromSeed(1);
    expect(prng.int(1)).toBe(0);
    for (const below of [0, -1, NaN, 2 ** 53 + 2]) {
      expect(() => prng.int(below)).toThrow(RangeError);
    }
  });

  test("a range includes both of its ends", () => {
    const prng = Prng.fromSeed(1);
    const drawn = new Set<number>();
    for (let draw = 0; draw < 200; draw++) drawn.add(prng.intBetween(-1, 1));
    expect([...drawn].sort((a, b) => a - b)).toEqual([-1, 0, 1]);
    expect(prng.intBetween(5, 5)).toBe(5);
  });
});

test("a coin falls as it is weighted", () => {
  const prng = Prng.fromSeed("coin");
  let heads = 0;
  for (let toss = 0; toss < 10_000; toss++) if (prng.bool(0.2)) heads++;
  expect(Math.abs(heads - 2000)).toBeLessThan(200);
  expect(prng.bool(0)).toBe(false);
  expect(prng.bool(1)).toBe(true);
});

test("bytes are filled to the end, whatever their number, and not beyond", () => {
  for (const byteCount of [0, 1, 2, 3, 4, 5, 511]) {
    const buffer = new Uint8Array(byteCount + 2);
    Prng.fromSeed(3).fill(buffer.subarray(1, 1 + byteCount));
    expect([buffer[0], buffer.at(-1)]).toEqual([0, 0]);
    expect(buffer.slice(1, 1 + byteCount)).toEqual(Prng.fromSeed(3).bytes(byteCount));
  }
  expect(new Set(Prng.fromSeed(3).bytes(4096)).size).toBe(256);
});

test("shuffling keeps every item and reaches every order", () => {
  const prng = Prng.fromSeed("shuffle");
  const orders = new Set<string>();
  for (let round = 0; round < 300; round++) orders.add(prng.shuffle(["a", "b", "c"]).join(""));
  expect([...orders].sort()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"]);
});

test("names are picked by weight, and those of weight 0 never", () => {
  const prng = Prng.fromSeed("weights");
  const counts = { read: 0, write: 0, never: 0 };
  for (let pick = 0; pick < 10_000; pick++) {
    counts[prng.weighted({ read: 3, write: 1, never: 0 })]++;
  }
  expect(counts.never).toBe(0);
  expect(Math.abs(counts.read - 7500)).toBeLessThan(300);
  expect(() => prng.weighted({ never: 0 })).toThrow(RangeError);
});

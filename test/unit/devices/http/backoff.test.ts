import { expect, test } from "vitest";
import { Backoff } from "../../../../src/devices/http/backoff.ts";

test("the delay doubles up to its bound", () => {
  const backoff = new Backoff({ delayMs: 100, delayMsMax: 700 });
  expect([1, 2, 3, 4, 5, 2000].map((count) => backoff.delayMs(count)))
    .toEqual([100, 200, 400, 700, 700, 700]);
});

test("jitter takes away up to half of it, whatever is drawn", () => {
  const delayOf = (drawn: number) => new Backoff({ delayMs: 100, jitter: () => drawn }).delayMs(1);
  expect(delayOf(0)).toBe(100);
  expect(delayOf(0.5)).toBe(75);
  expect(delayOf(1)).toBe(50);
  expect(delayOf(9)).toBe(50);
  expect(delayOf(-9)).toBe(100);
});

test("nobody comes back earlier than the server asks, and later if the back-off is longer", () => {
  const backoff = new Backoff({ delayMs: 100, delayMsMax: 5000, jitter: () => 1 });
  expect(backoff.delayMs(1, 2000)).toBe(2000);
  expect(backoff.delayMs(1, 0)).toBe(50);
  expect(backoff.delayMs(1, 5000)).toBe(5000);
});

test("a server that asks for more than the bound is not waited for", () => {
  expect(new Backoff({ delayMsMax: 5000 }).delayMs(1, 5001)).toBe(null);
});

test("numbers that make no sense are refused", () => {
  for (const attemptsMax of [0, -1, 1.5, NaN, Infinity]) {
    expect(() => new Backoff({ attemptsMax })).toThrow(RangeError);
  }
  for (const delayMs of [-1, NaN, 40_000]) {
    expect(() => new Backoff({ delayMs })).toThrow(RangeError);
  }
  expect(() => new Backoff({ delayMsMax: Infinity })).toThrow(RangeError);
});

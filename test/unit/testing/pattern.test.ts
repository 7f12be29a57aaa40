import { expect, test } from "vitest";
import { describeSector, fillPattern, patternOf } from "../../../src/testing/pattern.ts";

function differingBytes(a: Uint8Array, b: Uint8Array): number {
  return a.filter((byte, index) => byte !== b[index]).length;
}

test("a pattern of many sectors is the patterns of each", () => {
  const whole = patternOf(3, 100, 5);
  for (let index = 0; index < 5; index++) {
    const sector = whole.subarray(index * 512, (index + 1) * 512);
    expect(sector).toEqual(patternOf(3, 100 + index, 1));
  }
});

test("sectors of another write or another place differ nearly everywhere", () => {
  const one = patternOf(1, 7, 1);
  const others = [
    patternOf(2, 7, 1),
    patternOf(1, 8, 1),
    patternOf(7, 1, 1),
    patternOf(1, 7 + 2 ** 32, 1),
    patternOf(1 + 2 ** 31, 7, 1),
  ];
  for (const other of others) {
    expect(differingBytes(one.subarray(16), other.subarray(16))).toBeGreaterThan(460);
    expect(differingBytes(one.subarray(0, 16), other.subarray(0, 16))).toBeGreaterThan(0);
  }
});

test("a pattern is never zeroes, not even of sector 0 of write 0", () => {
  const zeroes = patternOf(0, 0, 1).filter((byte) => byte === 0).length;
  expect(zeroes).toBeLessThan(40);
});

test("a pattern is filled into its view, at any alignment", () => {
  const buffer = new Uint8Array(512 + 6);
  fillPattern(buffer.subarray(3, 515), 1, 9);
  expect(buffer.subarray(3, 515)).toEqual(patternOf(1, 9, 1));
  expect([...buffer.subarray(0, 3), ...buffer.subarray(515)]).toEqual([0, 0, 0, 0, 0, 0]);
});

test("a sector tells what it holds", () => {
  expect(describeSector(patternOf(3, 7, 1))).toBe("sector 7 of write 3");
  expect(describeSector(patternOf(3, 2 ** 40, 1))).toBe("sector 1099511627776 of write 3");
  expect(describeSector(new Uint8Array(512))).toBe("zeroes");
  expect(describeSector(new Uint8Array(512).fill(165))).toBe("nothing but bytes of 165");
  expect(describeSector(new Uint8Array(512).fill(1, 5))).toBe("bytes of no pattern");
  const torn = patternOf(3, 7, 1);
  torn.set(patternOf(4, 7, 1).subarray(256), 256);
  expect(describeSector(torn)).toBe("sector 7 of write 3, torn at byte 256");
});

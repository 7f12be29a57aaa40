import { expect, test } from "vitest";
import { eachStretch } from "../../../src/nbd/zero_stretches.ts";

function stretches(bytes: Uint8Array, offsetBytes: number): [number, number, boolean][] {
  const all: [number, number, boolean][] = [];
  eachStretch(bytes, offsetBytes, (...stretch) => all.push(stretch));
  return all;
}

test("a buffer is visited whole, in order, as stretches that alternate", () => {
  const bytes = new Uint8Array(5 * 4096);
  bytes[4096] = 1;
  bytes[3 * 4096 - 1] = 1;
  expect(stretches(bytes, 0)).toEqual([
    [0, 4096, true],
    [4096, 3 * 4096, false],
    [3 * 4096, 5 * 4096, true],
  ]);
  expect(stretches(new Uint8Array(512), 0)).toEqual([[0, 512, true]]);
  expect(stretches(new Uint8Array(512).fill(1), 4096)).toEqual([[0, 512, false]]);
  expect(stretches(new Uint8Array(0), 0)).toEqual([]);
});

test("blocks are aligned on the device, not in the buffer", () => {
  const bytes = new Uint8Array(8192);
  bytes[3583] = 1;
  expect(stretches(bytes, 512)).toEqual([[0, 3584, false], [3584, 8192, true]]);
});

test("what is called zero is nothing but zeroes, wherever the one byte lies", () => {
  for (let at = 0; at < 4096 * 3; at += 61) {
    const bytes = new Uint8Array(4096 * 3);
    bytes[at] = 0x80;
    const zeroBytes = stretches(bytes, 0).filter(([, , isZero]) => isZero);
    for (const [from, to] of zeroBytes) expect(at < from || at >= to).toBe(true);
    expect(zeroBytes.reduce((sum, [from, to]) => sum + to - from, 0)).toBe(8192);
  }
});

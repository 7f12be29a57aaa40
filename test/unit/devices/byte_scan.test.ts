import { expect, test } from "vitest";
import { isZeroBytes } from "../../../src/devices/byte_scan.ts";

test("one byte anywhere, at any alignment, is found", () => {
  for (const offset of [0, 1, 2, 3, 4]) {
    const bytes = new Uint8Array(new ArrayBuffer(600), offset, 512);
    for (let at = 0; at < 512; at++) {
      expect(isZeroBytes(bytes, 0, 512)).toBe(true);
      bytes[at] = 0x80;
      expect(isZeroBytes(bytes, 0, 512)).toBe(false);
      bytes[at] = 0;
    }
  }
});

test("bytes outside the stretch do not count", () => {
  const bytes = new Uint8Array(3 * 512).fill(1);
  bytes.fill(0, 512, 1024);
  expect(isZeroBytes(bytes, 512, 1024)).toBe(true);
  expect(isZeroBytes(bytes, 496, 1024)).toBe(false);
  expect(isZeroBytes(bytes, 512, 1040)).toBe(false);
});

test("no bytes are all zero", () => {
  expect(isZeroBytes(new Uint8Array([1]), 0, 0)).toBe(true);
});

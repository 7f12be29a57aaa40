import { expect, test } from "vitest";
import {
  readUint16,
  readUint32,
  readUint64,
  writeUint16,
  writeUint32,
  writeUint64,
} from "../../../src/nbd/protocol.ts";
import { u32, u64 } from "./dialogue.ts";

test("words of 64 bits are written as the runtime writes them, and read back, up to 2^53", () => {
  for (const value of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER]) {
    const bytes = new Uint8Array(9);
    writeUint64(bytes, 1, value);
    expect([...bytes]).toEqual([0, ...u64(value)]);
    expect(readUint64(bytes, 1)).toBe(value);
  }
});

test("a word that no device reaches reads as beyond all of them", () => {
  expect(readUint64(new Uint8Array(8).fill(255), 0)).toBeGreaterThan(
    Number.MAX_SAFE_INTEGER,
  );
});

test("words of 16 and 32 bits are big-endian, to their last bit", () => {
  const bytes = new Uint8Array(8);
  for (const value of [0, 1, 0x1234, 0x8000, 0xffff]) {
    writeUint16(bytes, 1, value);
    expect([...bytes.subarray(0, 4)]).toEqual([0, value >> 8, value & 255, 0]);
    expect(readUint16(bytes, 1)).toBe(value);
  }
  for (const value of [0, 0x12345678, 0x7fffffff, 0x80000000, 0xffffffff]) {
    writeUint32(bytes, 3, value);
    expect([...bytes.subarray(3, 7)]).toEqual([...u32(value)]);
    expect(readUint32(bytes, 3)).toBe(value);
  }
});

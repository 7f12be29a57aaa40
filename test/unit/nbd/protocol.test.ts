import { expect, test } from "vitest";
import { readUint64, viewOf, writeUint64 } from "../../../src/nbd/protocol.ts";
import { u64 } from "./dialogue.ts";

test("words of 64 bits are written as the runtime writes them, and read back, up to 2^53", () => {
  for (const value of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER]) {
    const bytes = new Uint8Array(9);
    const view = viewOf(bytes.subarray(1));
    writeUint64(view, 0, value);
    expect([...bytes.subarray(1)]).toEqual([...u64(value)]);
    expect(readUint64(view, 0)).toBe(value);
  }
});

test("a word that no device reaches reads as beyond all of them", () => {
  expect(readUint64(viewOf(new Uint8Array(8).fill(255)), 0)).toBeGreaterThan(
    Number.MAX_SAFE_INTEGER,
  );
});

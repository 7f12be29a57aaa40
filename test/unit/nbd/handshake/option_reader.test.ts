import { expect, test } from "vitest";
import {
  decodeName,
  readContextRequest,
  readInfoRequest,
} from "../../../../src/nbd/handshake/option_reader.ts";
import { contexts, info } from "../dialogue.ts";

test("what is whole is read", () => {
  expect(readInfoRequest(info("disk", 3, 1))).toEqual({ name: "disk", infos: [3, 1] });
  expect(readInfoRequest(info(""))).toEqual({ name: "", infos: [] });
  expect(readContextRequest(contexts("ä", "base:", "x"))).toEqual({
    name: "ä",
    queries: ["base:", "x"],
  });
});

test("what is cut anywhere, or has something behind it, is refused", () => {
  for (
    const [read, whole] of [
      [readInfoRequest, info("disk", 3, 1)],
      [readContextRequest, contexts("disk", "base:allocation", "x")],
    ] as const
  ) {
    for (let length = 0; length < whole.length; length++) {
      expect(read(whole.subarray(0, length))).toBe(null);
    }
    expect(read(new Uint8Array([...whole, 0]))).toBe(null);
  }
});

test("a length of 4 GiB or a count of four thousand million costs nothing", () => {
  const name = info("disk", 3);
  name.writeUInt32BE(0xffffffff, 0);
  expect(readInfoRequest(name)).toBe(null);
  const many = contexts("", "x");
  many.writeUInt32BE(0xffffffff, 4);
  expect(readContextRequest(many)).toBe(null);
});

test("a name is text, and not too long", () => {
  expect(decodeName(new TextEncoder().encode("x".repeat(4096)))?.length).toBe(4096);
  expect(decodeName(new Uint8Array(4097).fill(65))).toBe(null);
  expect(decodeName(Uint8Array.of(0xc3, 0x28))).toBe(null);
});

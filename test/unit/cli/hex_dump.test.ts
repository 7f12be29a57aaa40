import { expect, test } from "vitest";
import { HexDump } from "../../../src/cli/hex_dump.ts";

function dumpOf(offsetBytes: number, ...pieces: readonly Uint8Array[]): string {
  let text = "";
  const dump = new HexDump(offsetBytes, (line) => text += line);
  for (const piece of pieces) dump.add(piece);
  dump.end();
  return text;
}

test("a line is an offset, sixteen bytes, and what can be printed of them", () => {
  const bytes = Uint8Array.from({ length: 20 }, (_, index) => 0x1a + index * 6);
  expect(dumpOf(0x1000, bytes)).toBe(
    "00001000  1a 20 26 2c 32 38 3e 44  4a 50 56 5c 62 68 6e 74  |. &,28>DJPV\\bhnt|\n" +
      "00001010  7a 80 86 8c                                       |z...|\n" +
      "00001014\n",
  );
});

test("lines like the one before are one star, and the end is told", () => {
  const bytes = new Uint8Array(100);
  bytes[70] = 0x41;
  expect(dumpOf(0, bytes).split("\n").map((line) => line.slice(0, 8))).toEqual([
    ...["00000000", "*", "00000040", "00000050", "00000060", "00000064", ""],
  ]);
  expect(dumpOf(0)).toBe("00000000\n");
});

test("how bytes come in pieces does not show", () => {
  const bytes = Uint8Array.from({ length: 200 }, (_, index) => index < 90 ? 7 : index);
  const whole = dumpOf(0, bytes);
  for (const size of [1, 3, 16, 17, 64]) {
    const pieces = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
    expect(dumpOf(0, ...pieces)).toBe(whole);
  }
});

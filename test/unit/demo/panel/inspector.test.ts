/** A hex dump that fits. */
import { expect, test } from "vitest";
import { HexDump } from "../../../../src/cli/hex_dump.ts";
import { narrowDump } from "../../../../demo/view/panel/inspector.ts";

test("a dump of sixteen bytes a line becomes one of eight, byte for byte", () => {
  let dump = "";
  const lines = new HexDump(0x40, (line) => dump += line);
  lines.add(Uint8Array.from({ length: 32 }, (_, index) => 0x5b + index));
  lines.end();
  expect(narrowDump(dump).split("\n")).toEqual([
    "00000040  5b 5c 5d 5e 5f 60 61 62  |[\\]^_`ab|",
    "00000048  63 64 65 66 67 68 69 6a  |cdefghij|",
    "00000050  6b 6c 6d 6e 6f 70 71 72  |klmnopqr|",
    "00000058  73 74 75 76 77 78 79 7a  |stuvwxyz|",
    "00000060",
    "",
  ]);
});

test("what is no such line stays as it is", () => {
  for (const text of ["", "*", "00000010  7a 80  |z.|", "free"]) {
    expect(narrowDump(text)).toBe(text);
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { formatConcise, parseConcise } from "../../../../src/mapper/dmsetup/concise.ts";

test("devices are told apart by semicolons, fields and lines by commas", () => {
  assertEquals(
    parseConcise("a,,,,0 8 zero;b, ,7, ro,0 8 linear 7:0 0,8 8 error\n"),
    [
      { name: "a", minor: null, isReadOnly: false, lines: ["0 8 zero"] },
      {
        name: "b",
        minor: 7,
        isReadOnly: true,
        lines: ["0 8 linear 7:0 0", "8 8 error\n"],
      },
    ],
  );
  assertEquals(parseConcise(""), []);
});

test("what is written is read back, whatever is in it", () => {
  const devices = [
    {
      name: "a,b;c\\",
      minor: 0,
      isReadOnly: false,
      lines: ["0 8 linear odd\\;name 0", "8 8 zero "],
    },
    { name: "empty", minor: 12, isReadOnly: true, lines: [] },
  ];
  assertEquals(parseConcise(formatConcise(devices)), devices);
});

test("what is no device is refused, in dmsetup's words where it has some", () => {
  for (
    const [text, sentence] of [
      ["a,,,rw", "Five comma-separated fields are required for each device"],
      ["a,,,rx,0 8 zero", "Invalid flags parameter 'rx' must be 'ro' or 'rw' or empty."],
      ["a,,,,0 8 zero\\", "Backslash must be followed by another character at end of string."],
      ["a,,x,,0 8 zero", 'Cannot use "x" as a minor number'],
      ["a,u-1,,,0 8 zero", 'Cannot give "a" the UUID "u-1": devices have none here'],
    ] as const
  ) {
    assertThrows(() => parseConcise(text), Error, sentence);
  }
});

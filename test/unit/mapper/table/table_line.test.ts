import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { formatLine, formatTable, parseTable } from "../../../../src/mapper/table/table_line.ts";

test("a line is a first sector, a length, a type and arguments", () => {
  assertEquals(parseTable("0 4096 snapshot /dev/vda /dev/vdb P 8"), [
    {
      startSector: 0,
      sectorCount: 4096,
      type: "snapshot",
      words: ["/dev/vda", "/dev/vdb", "P", "8"],
    },
  ]);
});

test("lines are separated by newlines and semicolons; empty ones and comments are passed over", () => {
  const zero = { startSector: 8, sectorCount: 8, type: "zero", words: [] };
  const table = "# a table\n\n 0 8 error # dead ;\t8   8 zero\n;;\n";
  assertEquals(parseTable("8 8 zero;8 8 zero\n8 8 zero"), [zero, zero, zero]);
  assertEquals(parseTable(table), [
    { startSector: 0, sectorCount: 8, type: "error", words: [] },
    zero,
  ]);
  assertEquals(parseTable(""), []);
});

test("a backslash makes a separator part of a word", () => {
  const [line] = parseTable("0 8 linear /dev/a\\ b\\;c\\#d\\\\ 0");
  assertEquals(line?.words, ["/dev/a b;c#d\\", "0"]);
});

test("what is written is read back", () => {
  const lines = parseTable("0 8 linear /dev/a\\ b\\;c\\#d\\\\ 7;8 8 zero");
  assertEquals(parseTable(formatTable(lines)), lines);
  assertEquals(formatTable(parseTable("0 8 linear /dev/vda 7")), "0 8 linear /dev/vda 7");
});

test("dm writes the separator before arguments that are not there", () => {
  assertEquals(formatLine(0, 4096, "snapshot-origin", ""), "0 4096 snapshot-origin ");
});

test("a line that is none is refused with a sentence that quotes it", () => {
  const wrong: [string, string][] = [
    ["0", 'Cannot read the table line "0": want a first sector, a length, a type, and arguments'],
    [
      "0 8",
      'Cannot read the table line "0 8": want a first sector, a length, a type, and arguments',
    ],
    [
      "x 8 zero",
      'Cannot read the first sector in the table line "x 8 zero": "x" is no number of sectors',
    ],
    [
      "0 -8 zero",
      'Cannot read the length in the table line "0 -8 zero": "-8" is no number of sectors',
    ],
    [
      "0 1e3 zero",
      'Cannot read the length in the table line "0 1e3 zero": "1e3" is no number of sectors',
    ],
    [
      "0 99999999999999999999 zero",
      'Cannot read the length in the table line "0 99999999999999999999 zero": ' +
      "99999999999999999999 is more sectors than a device can have",
    ],
  ];
  for (const [table, message] of wrong) {
    const error = assertThrows(() => parseTable(table), BlockDeviceError, message);
    assertEquals(error.code, "EINVAL");
  }
});

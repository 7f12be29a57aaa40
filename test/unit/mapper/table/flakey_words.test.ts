import { assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "vitest";
import { parseFlakeyFeatures } from "../../../../src/mapper/table/flakey_words.ts";
import { formatFeatures } from "../../../../src/targets/fault/flakey_features.ts";
import { TargetError } from "../../../../src/targets/target_error.ts";

const parse = (text: string) => parseFlakeyFeatures(text === "" ? [] : text.split(" "));

test("what was formatted is parsed to the same", () => {
  const lines = [
    "0",
    "1 drop_writes",
    "2 error_reads error_writes",
    "5 corrupt_bio_byte 32 r 1 0",
    "6 error_reads corrupt_bio_byte 224 w 0 32",
    "4 random_read_corrupt 1 random_write_corrupt 1000000000",
    "9 corrupt_bio_byte 4294967295 w 255 4294967295 random_read_corrupt 5 random_write_corrupt 6",
  ];
  for (const line of lines) assertEquals(formatFeatures(parse(line)), line);
});

test("words are the same in any case and order, and those behind the count are ignored", () => {
  assertEquals(parse(""), {});
  assertEquals(parse("0 drop_writes"), {});
  assertEquals(parse("1 DROP_Writes error_reads nonsense"), { dropWrites: true });
  assertEquals(parse("6 Corrupt_Bio_Byte 1 W 2 3 error_reads"), {
    corruptByte: { nthByte: 1, direction: "w", value: 2, flags: 3 },
    errorReads: true,
  });
});

describe("refused with dm's text", () => {
  test.each([
    ["x", "Invalid number of feature args"],
    ["12 drop_writes", "Invalid number of feature args"],
    ["1", "Invalid number of feature args"],
    ["2 drop_writes", "Invalid number of feature args"],
    ["1 drop_reads", "Unrecognised flakey feature requested"],
    ["2 error_reads error_reads", "Feature error_reads duplicated"],
    ["2 drop_writes drop_writes", "Feature drop_writes duplicated"],
    ["2 error_writes error_writes", "Feature error_writes duplicated"],
    [
      "2 drop_writes error_writes",
      "Feature error_writes conflicts with feature drop_writes",
    ],
    [
      "2 error_writes drop_writes",
      "Feature drop_writes conflicts with feature error_writes",
    ],
    ["1 corrupt_bio_byte 1 r 1 0", "Feature corrupt_bio_byte requires 4 parameters"],
    ["4 corrupt_bio_byte 1 r 1", "Feature corrupt_bio_byte requires 4 parameters"],
    [
      "10 corrupt_bio_byte 1 r 1 0 corrupt_bio_byte 1 r 1 0",
      "Feature corrupt_bio_byte duplicated",
    ],
    ["1 random_read_corrupt", "Feature random_read_corrupt requires a parameter"],
    ["1 random_write_corrupt", "Feature random_write_corrupt requires a parameter"],
    ["4 random_read_corrupt 1 random_read_corrupt 1", "Feature random_read_corrupt duplicated"],
    ["4 random_write_corrupt 1 random_write_corrupt 1", "Feature random_write_corrupt duplicated"],
  ])("%s", (line, reason) => {
    const error = assertThrows(() => parse(line), TargetError, line);
    assertEquals([error.code, error.reason], ["EINVAL", reason]);
  });
});

test("a rate of 0 is none, so it may be given again", () => {
  const line = "4 random_read_corrupt 0 random_read_corrupt 7";
  assertEquals(parse(line), { readCorruptionPerBillion: 7 });
});

test("what is no number is left to those who know its range", () => {
  assertEquals(parse("5 corrupt_bio_byte x q -1 0x1").corruptByte, {
    nthByte: NaN,
    direction: "q" as "r",
    value: NaN,
    flags: NaN,
  });
  assertEquals(parse("2 random_read_corrupt 1.5"), { readCorruptionPerBillion: NaN });
});

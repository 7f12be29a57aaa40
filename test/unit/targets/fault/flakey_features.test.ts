import { assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "vitest";
import {
  type ByteCorruption,
  type FlakeyFeatures,
  formatFeatures,
  settleFeatures,
} from "../../../../src/targets/fault/flakey_features.ts";
import { TargetError } from "../../../../src/targets/target_error.ts";

const read: ByteCorruption = { nthByte: 32, direction: "r", value: 1, flags: 0 };
const write: ByteCorruption = { nthByte: 224, direction: "w", value: 0, flags: 32 };

test("without features, every request fails", () => {
  const all = { errorReads: true, errorWrites: true };
  assertEquals(settleFeatures({}), all);
  assertEquals(settleFeatures({ readCorruptionPerBillion: 0, dropWrites: false }), all);
});

test("features are written in dm's order behind the count of their words", () => {
  const written: [FlakeyFeatures, string][] = [
    [{ errorReads: true, errorWrites: true }, "2 error_reads error_writes"],
    [{ dropWrites: true, errorReads: true }, "2 error_reads drop_writes"],
    [{ corruptByte: read }, "5 corrupt_bio_byte 32 r 1 0"],
    [{ corruptByte: write, errorReads: true }, "6 error_reads corrupt_bio_byte 224 w 0 32"],
    [
      { writeCorruptionPerBillion: 1, readCorruptionPerBillion: 1e9 },
      "4 random_read_corrupt 1000000000 random_write_corrupt 1",
    ],
    [{ dropWrites: true, readCorruptionPerBillion: 0 }, "1 drop_writes"],
  ];
  for (const [features, words] of written) {
    assertEquals(formatFeatures(settleFeatures(features)), words);
  }
});

describe("what cannot be is refused with dm's text", () => {
  const incompatible = (feature: string, direction: string) =>
    `${feature} is incompatible with random_${direction.toLowerCase()}_corrupt or ` +
    `corrupt_bio_byte with the ${direction} flag set`;
  const refused: [FlakeyFeatures, string][] = [
    [
      { dropWrites: true, errorWrites: true },
      "Feature error_writes conflicts with feature drop_writes",
    ],
    [{ dropWrites: true, corruptByte: write }, incompatible("drop_writes", "WRITE")],
    [{ dropWrites: true, writeCorruptionPerBillion: 1 }, incompatible("drop_writes", "WRITE")],
    [{ errorWrites: true, corruptByte: write }, incompatible("error_writes", "WRITE")],
    [{ errorWrites: true, writeCorruptionPerBillion: 1 }, incompatible("error_writes", "WRITE")],
    [{ errorReads: true, corruptByte: read }, incompatible("error_reads", "READ")],
    [{ errorReads: true, readCorruptionPerBillion: 1 }, incompatible("error_reads", "READ")],
    [{ readCorruptionPerBillion: 1e9 + 1 }, "Invalid random corrupt argument"],
    [{ writeCorruptionPerBillion: NaN }, "Invalid random corrupt argument"],
    [{ corruptByte: { ...read, nthByte: 0 } }, "Invalid corrupt bio byte"],
    [{ corruptByte: { ...read, nthByte: 2 ** 32 } }, "Invalid corrupt bio byte"],
    [
      { corruptByte: { ...read, value: 256 } },
      "Invalid corrupt value to write into bio byte (0-255)",
    ],
    [{ corruptByte: { ...read, flags: -1 } }, "Invalid corrupt bio flags mask"],
    [{ corruptByte: { ...read, flags: 2 ** 32 } }, "Invalid corrupt bio flags mask"],
    [
      { corruptByte: { ...read, direction: "x" as "r" } },
      "Invalid corrupt bio direction (r or w)",
    ],
  ];
  test.each(refused)("%o", (features, reason) => {
    const error = assertThrows(() => settleFeatures(features), TargetError);
    assertEquals([error.code, error.reason], ["EINVAL", reason]);
  });
});

test("the limits themselves are accepted", () => {
  for (const nthByte of [1, 2 ** 32 - 1]) {
    for (const value of [0, 255]) {
      for (const flags of [0, 2 ** 32 - 1]) {
        const features = { corruptByte: { nthByte, direction: "w", value, flags } } as const;
        assertEquals(settleFeatures(features), features);
      }
    }
  }
  assertEquals(settleFeatures({ readCorruptionPerBillion: 1e9 }).readCorruptionPerBillion, 1e9);
});

test("corruption of one direction goes with failures of the other", () => {
  const pairs: FlakeyFeatures[] = [
    { errorReads: true, corruptByte: write },
    { errorWrites: true, corruptByte: read },
    { dropWrites: true, readCorruptionPerBillion: 5 },
    { errorReads: true, errorWrites: true },
  ];
  for (const features of pairs) assertEquals(settleFeatures(features), features);
});

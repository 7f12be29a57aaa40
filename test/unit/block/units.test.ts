import { describe, expect, test } from "vitest";
import {
  bytesToSectors,
  chunkOf,
  divCeil,
  formatSize,
  isAligned,
  isPowerOfTwo,
  parseSize,
  SECTOR_BYTES,
  SECTORS_MAX,
  sectorsToBytes,
} from "../../../src/block/units.ts";

describe("sizes as people write them", () => {
  const table: [string, number][] = [
    ["0", 0],
    ["512", 512],
    ["512b", 512],
    ["512B", 512],
    ["8s", 4096],
    ["8 s", 4096],
    ["1k", 1024],
    ["4K", 4096],
    ["4KB", 4096],
    ["4KiB", 4096],
    ["4 kib", 4096],
    ["1.5M", 1.5 * 2 ** 20],
    ["1M", 2 ** 20],
    ["2G", 2 ** 31],
    ["1T", 2 ** 40],
    ["0.5P", 2 ** 49],
    ["1PiB", 2 ** 50],
    [" 16M ", 2 ** 24],
  ];
  for (const [text, byteCount] of table) {
    test(`"${text}" is ${byteCount} bytes`, () => expect(parseSize(text)).toBe(byteCount));
  }

  for (
    const text of ["", "K", "4X", "4Ki", "-1", "+1", "1e3", "4K4", "1.K", ".5K", "0x10", "8sb"]
  ) {
    test(`"${text}" is no size`, () => {
      expect(() => parseSize(text)).toThrow(
        new RangeError(
          `Cannot read the size "${text}": want a number with K, M, G, T, P or s behind it`,
        ),
      );
    });
  }

  for (const text of ["0.5", "1.3K", "9007199254740992", "9P"]) {
    test(`"${text}" is no whole number of bytes below 2^53`, () => {
      expect(() => parseSize(text)).toThrow(RangeError);
    });
  }
});

describe("sizes as people read them", () => {
  const table: [number, string][] = [
    [0, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [1536, "1.50 KiB"],
    [10.25 * 1024, "10.3 KiB"],
    [2 ** 20, "1 MiB"],
    [1.5 * 2 ** 30, "1.50 GiB"],
    [2 ** 40, "1 TiB"],
    [2 ** 50, "1 PiB"],
    [2 ** 53, "8 PiB"],
    [2 ** 60, "1024 PiB"],
  ];
  for (const [byteCount, text] of table) {
    test(`${byteCount} bytes are ${text}`, () => expect(formatSize(byteCount)).toBe(text));
  }

  test("every unit that is printed is read back as the same size", () => {
    for (let power = 0; power <= 50; power += 10) {
      expect(parseSize(formatSize(2 ** power))).toBe(2 ** power);
    }
  });
});

test("an address past 2^31 is divided as exactly as a small one", () => {
  for (const sector of [0, 7, 8, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 9, SECTORS_MAX - 1]) {
    for (const chunkSectors of [1, 8, 128, 2 ** 20]) {
      const want = Number(BigInt(sector) / BigInt(chunkSectors));
      expect(chunkOf(sector, chunkSectors)).toBe(want);
      expect(isAligned(sector, chunkSectors)).toBe(want * chunkSectors === sector);
    }
  }
});

test("the largest device still has an exact byte behind its last sector", () => {
  expect(Number.isSafeInteger(sectorsToBytes(SECTORS_MAX))).toBe(true);
  expect(Number.isSafeInteger(sectorsToBytes(SECTORS_MAX + 1))).toBe(false);
  expect(bytesToSectors(sectorsToBytes(SECTORS_MAX))).toBe(SECTORS_MAX);
});

test("bytes are rounded down to sectors, a quotient is rounded up", () => {
  expect([0, 1, 511, 512, 513].map(bytesToSectors)).toEqual([0, 0, 0, 1, 1]);
  expect([0, 1, 7, 8, 9, 16].map((bits) => divCeil(bits, 8))).toEqual([0, 1, 1, 1, 2, 2]);
  expect(SECTOR_BYTES).toBe(512);
});

test("the powers of two are 1, 2, 4, … and nothing else", () => {
  for (let power = 0; power < 53; power++) expect(isPowerOfTwo(2 ** power)).toBe(true);
  for (const value of [0, -1, -2, 3, 6, 2 ** 31 + 1, 2 ** 52 + 2 ** 51, 0.5, NaN, Infinity]) {
    expect(isPowerOfTwo(value), String(value)).toBe(false);
  }
});

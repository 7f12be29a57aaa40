import { expect, test } from "vitest";
import { checked } from "../../../src/block/checked.ts";
import {
  blockSizes,
  exportBytes,
  findExport,
  isWritable,
  requireExports,
  transmissionFlags,
} from "../../../src/nbd/export.ts";
import { memoryExports } from "./dialogue.ts";

const [disk] = memoryExports(16);
const other = { ...disk, name: "../disk", description: "" };

test("a name is found whole or not at all; no name is the first", () => {
  const exports = [disk, other];
  expect(findExport(exports, "disk")).toBe(disk);
  expect(findExport(exports, "../disk")).toBe(other);
  expect(findExport(exports, "")).toBe(disk);
  for (const name of ["dis", "Disk", "/disk", "../../disk", "disk\0"]) {
    expect(findExport(exports, name)).toBe(null);
  }
  expect(findExport([], "")).toBe(null);
});

test("exports that cannot be told apart or named are refused", () => {
  requireExports([disk, other]);
  expect(() => requireExports([])).toThrow(RangeError);
  expect(() => requireExports([disk, disk])).toThrow(/two exports of the name "disk"/);
  requireExports([{ ...disk, name: "ä".repeat(2048) }]);
  expect(() => requireExports([{ ...disk, name: "ä".repeat(2049) }])).toThrow(/found 4098 bytes/);
  expect(() => requireExports([{ ...disk, description: "x".repeat(4097) }])).toThrow(/4097/);
});

test("what an export can do follows from its device", () => {
  expect(exportBytes(disk)).toBe(8192);
  expect(isWritable(disk)).toBe(true);
  // flags, flush, fua, trim, write zeroes, multi-conn, cache, fast zero; df with structured replies
  expect(transmissionFlags(disk, "simple")).toBe(0b1101_0110_1101);
  expect(transmissionFlags(disk, "structured")).toBe(0b1101_1110_1101);
  const readOnly = { ...disk, isReadOnly: true };
  expect(isWritable(readOnly)).toBe(false);
  expect(transmissionFlags(readOnly, "structured")).toBe(0b0101_1000_1111);
});

test("any byte will do, and block sizes are powers of two in order, whatever the device prefers", () => {
  const device = (logicalSectors: number, preferredSectors: number) =>
    checked({
      name: "odd",
      sectorCount: 2 ** 20,
      limits: { logicalSectors, preferredSectors },
      supports: { write: true, discard: false, discardZeroes: false, permanence: false },
      readSync() {},
      writeSync() {},
      flushSync() {},
      closeSync() {},
    });
  const sizes = (logical: number, preferred: number) =>
    Object.values(blockSizes({ ...disk, device: device(logical, preferred) }));
  expect(sizes(1, 1)).toEqual([1, 4096, 2 ** 25]);
  expect(sizes(8, 24)).toEqual([1, 8192, 2 ** 25]);
  expect(sizes(1, 2 ** 20)).toEqual([1, 2 ** 25, 2 ** 25]);
});

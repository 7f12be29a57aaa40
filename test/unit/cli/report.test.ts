import { expect, test } from "vitest";
import {
  formatPairs,
  formatReport,
  linesOf,
  reportOf,
  tableWord,
} from "../../../src/cli/report.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { openSnapshotSync } from "../../../src/mapper/stack.ts";

test("a table names its devices so that dm reads them as one word", () => {
  const disk = createMemoryDevice({ sectorCount: 8, name: "my disk;1 #2\\" });
  expect(tableWord(disk)).toBe("my\\ disk\\;1\\ \\#2\\\\");
});

test("a device's lines are dm's", () => {
  const origin = createMemoryDevice({ sectorCount: 80, name: "disk" });
  const cow = createMemoryDevice({ sectorCount: 160, name: "cow" });
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 8 });
  snapshot.writeSync(new Uint8Array(512), 9);
  expect(linesOf(snapshot)).toEqual({
    table: "0 80 snapshot disk cow P 8",
    status: "0 80 snapshot 24/160 16",
  });
  const report = reportOf(snapshot, 8, 1);
  expect(report).toMatchObject({ state: "active", usedPercent: 15, exceptions: 1 });
  expect(formatReport(report)).toMatch(/^used +15\.0 %$/m);
});

test("a snapshot that is full is in dm's state, without a percentage", () => {
  const origin = createMemoryDevice({ sectorCount: 80, name: "disk" });
  const cow = createMemoryDevice({ sectorCount: 16, name: "cow" });
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 8, store: "P" });
  expect(() => snapshot.writeSync(new Uint8Array(512), 0)).toThrow();
  const report = reportOf(snapshot, 8, 0);
  expect(report).toMatchObject({ state: "Invalid", usedPercent: null });
  expect(formatReport(report)).toMatch(/^used +Invalid$/m);
});

test("a device without a table has no lines", () => {
  expect(() => linesOf(new MappedDevice("bare"))).toThrow(/"bare" has no table/);
});

test("values stand under each other", () => {
  expect(formatPairs([["a", "1"], ["long", "2"]])).toBe("a     1\nlong  2\n");
});

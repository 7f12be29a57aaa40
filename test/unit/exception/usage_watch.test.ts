import { expect, test } from "vitest";
import { usagePercent, UsageWatch } from "../../../src/exception/usage_watch.ts";

const usageOf = (allocatedSectors: number, metadataSectors = 16, totalSectors = 1000) => ({
  allocatedSectors,
  metadataSectors,
  totalSectors,
});

test("percent follow libdm: 0 with metadata alone, 100 when all is allocated", () => {
  expect(usagePercent(usageOf(16))).toBe(0);
  expect(usagePercent(usageOf(24))).toBe(2.4);
  expect(usagePercent(usageOf(1000))).toBe(100);
  expect(usagePercent(usageOf(0, 0))).toBe(0);
});

test("every watermark that is passed is told once, in ascending order", () => {
  const watch = new UsageWatch([80, 50]);
  const marks = (allocated: number) =>
    watch.see(usageOf(allocated)).map((event) => event.kind === "usage" && event.percent);
  expect([499, 500, 501, 799, 800, 1000].map(marks)).toEqual([[], [50], [], [], [80], []]);
});

test("a jump over several watermarks tells them all", () => {
  const events = new UsageWatch([50, 80, 95]).see(usageOf(960));
  expect(events).toEqual([50, 80, 95].map((percent) => ({
    kind: "usage",
    percent,
    usage: usageOf(960),
  })));
});

test("after usage fell below a watermark it counts again", () => {
  const watch = new UsageWatch([50]);
  expect(watch.see(usageOf(600)).length).toBe(1);
  expect(watch.see(usageOf(600, 16, 2000)).length).toBe(0);
  expect(watch.see(usageOf(1000, 16, 2000)).length).toBe(1);
});

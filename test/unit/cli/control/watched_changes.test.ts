import { expect, test } from "vitest";
import {
  changesBetween,
  formatMoment,
  ratesBetween,
} from "../../../../src/cli/control/watched_changes.ts";
import { report } from "./reports.ts";

const [origin, odd] = report.devices as [typeof report.devices[0], typeof report.devices[0]];
const later = {
  ...report,
  timeMs: 3000,
  devices: [
    { ...origin, traffic: { requestCount: 300, readBytes: 4096, writtenBytes: 1_056_768 } },
    odd,
  ],
};

test("rates are differences by time, and never less than nothing", () => {
  expect(ratesBetween(report, later)).toEqual({
    requestsPerSecond: 100,
    readBytesPerSecond: 0,
    writtenBytesPerSecond: 524_288,
  });
  const nothing = { requestsPerSecond: 0, readBytesPerSecond: 0, writtenBytesPerSecond: 0 };
  expect(ratesBetween(null, later)).toEqual(nothing);
  expect(ratesBetween(later, later)).toEqual(nothing);
  expect(ratesBetween(report, { ...later, devices: [odd] })).toEqual(nothing);
});

test("a moment is the rates and the tables", () => {
  expect(formatMoment(later, ratesBetween(report, later))).toMatch(
    /^2 clients, 100 requests\/s, 0 B\/s read, 512 KiB\/s written\n\nname .*\n\nname .*\nmerge of m: .*\n$/s,
  );
});

test("a line for each thing that is no longer as it was, none for the rest", () => {
  expect(changesBetween(null, report)).toEqual([
    "clients: 2",
    "origin: merging, 25.0 % used, 10 exceptions",
    "a?b: active",
    "merge of m: under way, 30 of 40 chunks",
  ]);
  expect(changesBetween(report, later)).toEqual([]);
  const merged = { ...origin, state: "active", usage: null };
  expect(changesBetween(report, { ...report, clientCount: 3, devices: [merged], merge: null }))
    .toEqual(["clients: 3", "origin: active", "a?b: gone", "merge of m: gone"]);
});

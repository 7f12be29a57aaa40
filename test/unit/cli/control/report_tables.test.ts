import { expect, test } from "vitest";
import {
  deviceWords,
  formatExports,
  formatUsages,
  mergeLine,
  nameOf,
} from "../../../../src/cli/control/report_tables.ts";
import { report } from "./reports.ts";

test("tables are for people", () => {
  expect(formatExports(report)).toBe(
    "name    number  size   target          state    COW image\n" +
      "origin  253:0   1 MiB  snapshot-merge  merging  /srv/m.cow\n" +
      "a?b     253:1   1 MiB  zero, error     active\n",
  );
});

test("usage is dm's numbers and what they mean; a merge is a line", () => {
  expect(formatUsages(report)).toBe(
    "name    state    used    exceptions  chunk  sectors\n" +
      "origin  merging  25.0 %  10          4 KiB  256/1024 16\n" +
      "merge of m: under way, 30 of 40 chunks\n",
  );
  expect(formatUsages({ ...report, devices: [], merge: null })).toBe("no snapshots\n");
});

test("a device in a few words, without what would draw by itself", () => {
  const [origin, odd] = report.devices as [typeof report.devices[0], typeof report.devices[0]];
  expect([deviceWords(origin), deviceWords(odd)])
    .toEqual(["merging, 25.0 % used, 10 exceptions", "active"]);
  expect(nameOf(odd)).toBe("a?b");
  expect(mergeLine({ name: "\x1b", state: "failed", chunkCount: 2, chunksLeft: 2 }))
    .toBe("merge of ?: failed, 0 of 2 chunks");
});

import { expect, test } from "vitest";
import { type AsyncDisk, closedDisk } from "../../../src/disk/async_disk.ts";
import type { Disk } from "../../../src/disk/disk.ts";

/** All that a disk of this thread has beside. The compiler refuses a list that is not the whole. */
const ONLY_HERE: Record<Exclude<keyof Disk, keyof AsyncDisk>, true> = {
  snapshotSync: true,
  rollbackSync: true,
  usageSync: true,
  check: true,
};

test("what a disk has only in its own thread is done at once", () => {
  for (const name of Object.keys(ONLY_HERE)) expect(name).toMatch(/Sync$|^check$/);
});

test("a closed disk says its name", () => {
  expect(closedDisk("windows")).toMatchObject({
    code: "ESHUTDOWN",
    message: 'Cannot use the disk "windows": it is closed',
  });
});

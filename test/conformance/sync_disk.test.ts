/// <reference lib="dom" />
/** A disk behind a ring is a block device to a thread that blocks, whatever device it is over. */
import { afterAll, describe, expect, test } from "vitest";
import { SuiteClient } from "./sync_disk/suite_client.ts";
import type { SuiteOrder } from "./sync_disk/suite.worker.ts";

const open = (path: string) => new Worker(new URL(path, import.meta.url), { type: "module" });

const KINDS: Readonly<Record<string, Omit<SuiteOrder, "io">>> = {
  "memory": { kind: "memory" },
  "memory, in parts of three sectors": {
    kind: "memory",
    server: { slotCount: 2, areaBytes: 1536 },
    sectorCounts: [7, 101],
  },
  "memory, in place in the client's heap": { kind: "memory", isInPlace: true },
  "memory, by a server that never blocks": { kind: "memory", server: { lingerMs: 0 } },
  "memory that is only read": { kind: "read-only" },
  "a snapshot": { kind: "snapshot", sectorCounts: [7, 301] },
  "blocks of 4 KiB, in parts of one": {
    kind: "4K",
    server: { areaBytes: 7 * 1024 },
    sectorCounts: [8, 808],
  },
  "a device that takes its time": { kind: "asynchronous" },
  "a file": { kind: "file", canReopen: true, sectorCounts: [1, 301] },
};

describe.each(Object.entries(KINDS))("a disk behind a ring: %s", async (_name, order) => {
  const suite = await SuiteClient.start(
    open("./sync_disk/suite.worker.ts"),
    open("./sync_disk/io.worker.ts"),
    order,
  );
  afterAll(() => suite.end());
  test.each(suite.laws)("%s", async (law) => {
    expect(await suite.try(law)).toBeUndefined();
  });
});

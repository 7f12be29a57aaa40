import { expect, test } from "vitest";
import { withBeat } from "../../../../../demo/engine/play/bill.ts";
import { newWorld } from "../../../../../demo/engine/world/world.ts";

test("copies, commits and flushes cost; reading does not, nor what a new store is made of", () => {
  let { bill } = newWorld(8, 8);
  const beats = ["read-old", "copy-out", "flush", "commit", "in-place", "merge-copy"] as const;
  for (const kind of beats) bill = withBeat(bill, { kind, sectorCount: 8 }, "write");
  bill = withBeat(bill, { kind: "commit", sectorCount: 8 }, "snapshot");
  bill = withBeat(bill, { kind: "merge-commit", sectorCount: 1 }, "merge");
  expect(bill).toEqual({
    copiedSectors: 16,
    writtenSectors: 0,
    fullCopySectors: 0,
    commits: 2,
    flushes: 1,
  });
});

/** Events reach whoever embeds a snapshot, with what happened and not only that something did. */
import { assertEquals } from "@std/assert";
import { test } from "vitest";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import type { TableEvent } from "../../../src/exception/mod.ts";
import { openMergeSync, openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";

const CHUNK = new Uint8Array(4096).fill(7);

/** An origin, a COW device with room for `chunkCount` chunks of data, and the events of both. */
function setUp(chunkCount: number) {
  const origin = openOrigin(createMemoryDevice({ sectorCount: 1024 }));
  const cow = createMemoryDevice({ sectorCount: (2 + chunkCount) * 8 });
  const events: string[] = [];
  const onEvent = (event: TableEvent) => {
    events.push(event.kind === "usage" ? `${event.percent} %` : event.kind);
  };
  return { options: { origin, cow, chunkSectors: 8, onEvent }, origin, events };
}

test("every watermark is told once, and the end", () => {
  const { options, origin, events } = setUp(8);
  const snapshot = openSnapshotSync({ ...options, watermarksPercent: [30, 60, 100] });
  for (let chunk = 0; chunk < 9; chunk++) origin.writeSync(CHUNK, chunk * 8);
  assertEquals(events, ["30 %", "60 %", "100 %", "invalid"]);
  assertEquals(snapshot.eventNumber, 4);
  assertEquals(snapshot.activeTargets?.[0]?.status(), "Invalid");
});

test("an overflow is told, and reads go on", () => {
  const { options, events } = setUp(1);
  const snapshot = openSnapshotSync({ ...options, store: "PO", watermarksPercent: [] });
  snapshot.writeSync(CHUNK, 0);
  try {
    snapshot.writeSync(CHUNK, 8);
  } catch { /* It is full; that is the point. */ }
  assertEquals(events, ["overflow"]);
  const chunk = new Uint8Array(4096);
  snapshot.readSync(chunk, 0);
  assertEquals(chunk, CHUNK);
});

test("the end of a merge is told", () => {
  const { options, events } = setUp(4);
  const snapshot = openSnapshotSync({ ...options, watermarksPercent: [] });
  snapshot.writeSync(CHUNK, 0);
  snapshot.closeSync();
  openMergeSync(options);
  assertEquals(events, ["merged"]);
});

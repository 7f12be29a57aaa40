/// <reference lib="dom" />
/** The memory device and the snapshot stack, where they were made to run: in a page. */
import { describe, expect, inject, test } from "vitest";
import { createMemoryDevice, openOrigin, openSnapshotSync } from "../../src/mod.ts";
import { Arena } from "../../src/kernel/mod.ts";
import { deviceSuite } from "../../src/testing/mod.ts";

test("the page is isolated where the project says so, and only there", () => {
  expect(globalThis.crossOriginIsolated).toBe(inject("isIsolated"));
});

describe("a memory device in a page", async () => {
  await deviceSuite({ test, create: (sectorCount) => createMemoryDevice({ sectorCount }) });
});

test("a snapshot keeps what the origin held before it", () => {
  const origin = openOrigin(createMemoryDevice({ sectorCount: 2048 }));
  const cow = createMemoryDevice({ sectorCount: 1024 });
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 8 });
  origin.writeSync(new Uint8Array(512).fill(7), 0);

  const sector = new Uint8Array(512).fill(9);
  snapshot.readSync(sector, 0);
  expect(sector).toEqual(new Uint8Array(512));
  origin.readSync(sector, 0);
  expect(sector).toEqual(new Uint8Array(512).fill(7));
});

test("an arena's memory can be posted exactly where the page is isolated", () => {
  const arena = Arena.create({ bytesMax: 1 << 20 });
  const { port1 } = new MessageChannel();
  const post = () => port1.postMessage(arena.memory.buffer);
  if (globalThis.crossOriginIsolated) expect(post).not.toThrow();
  else expect(post).toThrow(/crossOriginIsolated|could not be cloned/);
  port1.close();
});

/**
 * Beginnings and ends that kernels stumbled over: suspension, discards, and the end of large tables.
 */
import { describe, expect, test } from "vitest";
import { type Plan, runSync } from "../../src/block/plan.ts";
import { createMemoryDevice, type MemoryDevice } from "../../src/devices/memory.ts";
import { AreaLayout, encodeEntry, encodeHeader } from "../../src/exception/store/disk_format.ts";
import { openOrigin, openSnapshotSync } from "../../src/mapper/stack.ts";
import { Origin } from "../../src/targets/origin.ts";
import { planSnapshotOrigin } from "../../src/targets/snapshot_origin.ts";
import { patternOf } from "../../src/testing/pattern.ts";
import { verifySectors } from "../../src/testing/verify.ts";
import { quiet } from "../unit/exception/rig.ts";
import { createRig, filled } from "../unit/mapper/rig.ts";
import { layers, Stack, statusOf } from "../unit/targets/rig.ts";

describe("an origin that is suspended twice without a resumption between (CVE-2024-26880)", () => {
  test("goes on as one origin, and guards its snapshots", async () => {
    const stack = new Stack();
    const { device, status } = await stack.snapshot();
    for (let count = 0; count < 3; count++) {
      runSync(stack.origin.suspend());
      runSync(stack.origin.suspend());
      runSync(stack.origin.load([runSync(planSnapshotOrigin({ origin: stack.disk.device }))]));
      runSync(stack.origin.suspend());
      expect(Origin.of(stack.disk.device).members.length).toBe(1);
      runSync(stack.origin.resume());
      await stack.write(stack.origin, 2 + count, count * 20, 10);
      expect(status()).toBe(`${16 + 8 * [2, 4, 6][count]!}/600 16`);
      await stack.verify(device, layers(200));
    }
    runSync(stack.origin.suspend());
    runSync(stack.origin.suspend());
    await stack.origin.close();
    await device.close();
    expect(Origin.of(stack.disk.device).members).toEqual([]);
  });

  test("by dm's verbs, and its removal is refused or done, never half done", () => {
    const { mapper } = createRig();
    mapper.createSync("origin", "0 2048 snapshot-origin 254:0");
    mapper.createSync("snap", "0 2048 snapshot 254:0 254:16 P 8");
    mapper.suspendSync("origin");
    mapper.suspendSync("origin");
    mapper.loadSync("origin", "0 2048 snapshot-origin 254:0");
    mapper.suspendSync("origin");
    mapper.resumeSync("origin");
    mapper.resumeSync("origin");
    mapper.device("origin").writeSync(filled(8, 7), 0);
    const bytes = new Uint8Array(8 * 512);
    mapper.device("snap").readSync(bytes, 0);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(mapper.status("snap")).toEqual(["0 2048 snapshot 24/4096 16"]);
    mapper.suspendSync("origin");
    mapper.removeSync("origin");
    mapper.removeSync("snap");
    expect(mapper.names).toEqual([]);
  });
});

test("discards during a merge end and change nothing, on whatever chunk it is (2019)", async () => {
  const features = { discardZeroesCow: true, discardPassdownOrigin: true };
  for (const [sector, count] of [[80, 16], [84, 4], [8, 8], [100, 8], [0, 200]] as const) {
    const stack = new Stack({ isSlow: true });
    const sibling = await stack.snapshot({ chunkSectors: 4 });
    const cow = await stack.written([[2, 8, 8], [3, 80, 16]], features);
    const merge = await stack.merge(cow, features);
    const work = merge.startBackground();
    await quiet();
    const discard = merge.discard(sector, count); // Chunks 10 and 11 are being merged.
    await stack.bench.settle(Promise.all([work, discard]));
    expect(stack.bench.takeTrace().filter((line) => line.includes("discard"))).toEqual([]);
    expect(statusOf(merge)).toBe("16/600 16");
    verifySectors(stack.disk.bytes, layers(200, [2, 8, 8], [3, 80, 16]), 0, "the disk");
    await stack.verify(sibling.device, layers(200));
  }
});

/** Chunks of 64 KiB, so that a million exceptions need few areas. */
const CHUNK_SECTORS = 128;

/** A COW device with exceptions that no run joins: for old chunks 1, 3, 5, … */
function isolatedExceptions(count: number): MemoryDevice {
  const layout = new AreaLayout(CHUNK_SECTORS);
  const { entriesPerArea } = layout;
  const areaCount = Math.floor(count / entriesPerArea) + 1;
  const cow = createMemoryDevice({
    name: "cow",
    sectorCount: layout.areaChunk(areaCount) * CHUNK_SECTORS,
  });
  const header = new Uint8Array(512);
  encodeHeader(header, true, CHUNK_SECTORS);
  cow.writeSync(header, 0);
  for (let area = 0; area < areaCount; area++) {
    const bytes = new Uint8Array(CHUNK_SECTORS * 512);
    const view = new DataView(bytes.buffer);
    const end = Math.min(entriesPerArea, count - area * entriesPerArea);
    for (let entry = 0; entry < end; entry++) {
      const place = area * entriesPerArea + entry;
      encodeEntry(view, entry, place * 2 + 1, layout.areaChunk(area) + 1 + entry);
    }
    cow.writeSync(bytes, layout.areaChunk(area) * CHUNK_SECTORS);
  }
  return cow;
}

/** Performs a plan and counts its steps. */
function countSteps(plan: Plan): number {
  let count = 0;
  for (let next = plan.next(); !next.done; next = plan.next()) {
    const { value } = next;
    runSync((function* () {
      yield value;
    })());
    count++;
  }
  return count;
}

test("the end of a table takes as many steps with two million exceptions as with none (CVE-2024-35805)", () => {
  const steps: number[] = [];
  for (const count of [0, 1000, 2_000_000]) {
    const cow = isolatedExceptions(count);
    const disk = createMemoryDevice({ sectorCount: 2 * (count + 1) * CHUNK_SECTORS });
    const snapshot = openSnapshotSync({ origin: disk, cow });
    const [allocated = 0] = (snapshot.activeTargets?.[0]?.status() ?? "").split("/").map(Number);
    expect(allocated / CHUNK_SECTORS).toBeGreaterThanOrEqual(count);
    steps.push(countSteps(snapshot.destroy()));
    // The origin is free at once.
    const origin = openOrigin(disk);
    origin.writeSync(patternOf(1, 0, 8), 0);
    expect(Origin.of(disk).members).toEqual([]);
    origin.closeSync();
    cow.closeSync();
    disk.closeSync();
  }
  expect(steps).toEqual([steps[0], steps[0], steps[0]]);
  expect(steps[0]).toBeLessThanOrEqual(2);
});

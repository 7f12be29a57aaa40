/**
 * Handover while something is under way: 2014 and 2015, when exceptions got lost on the way.
 *
 * A handover can come after any number of requests to the disks; every number is tried.
 */
import { expect, test } from "vitest";
import { type Plan, runAsync } from "../../src/block/plan.ts";
import { MappedDevice } from "../../src/mapper/mapped_device.ts";
import { planSnapshot } from "../../src/targets/snapshot.ts";
import { planSnapshotMerge } from "../../src/targets/snapshot_merge.ts";
import type { Target } from "../../src/targets/target.ts";
import { patternOf } from "../../src/testing/pattern.ts";
import { verifySectors } from "../../src/testing/verify.ts";
import { quiet } from "../unit/exception/rig.ts";
import { layers, type SnapshotSetUp, Stack, statusOf } from "../unit/targets/rig.ts";

/** No trial here has as many requests. */
const REQUESTS_MAX = 60;

/** Tries a handover after every number of requests, until there are none left to wait for. */
async function afterEveryRequest(
  trial: (letGo: (stack: Stack) => Promise<boolean>) => Promise<void>,
): Promise<number> {
  for (let count = 0; count < REQUESTS_MAX; count++) {
    let ranOut = false;
    await trial(async ({ bench }) => {
      await quiet();
      for (let index = 0; index < count && bench.held.length > 0; index++) await bench.release();
      ranOut = bench.held.length === 0;
      return ranOut;
    }).catch((cause) => {
      throw new Error(`handover after ${count} requests: ${cause.message}`, { cause });
    });
    if (ranOut) return count;
  }
  throw new Error(`There was still something under way after ${REQUESTS_MAX} requests`);
}

/** Loads a target for a COW device that is in use: it waits for the exceptions. */
async function loadWaiting(
  stack: Stack,
  plan: (options: ReturnType<Stack["options"]>) => Plan<Target>,
  setUp: SnapshotSetUp,
): Promise<MappedDevice> {
  const waiting = new MappedDevice("waiting");
  const target = await stack.run(plan(stack.options(setUp)));
  await stack.run(waiting.load([target]));
  return waiting;
}

const WRITES = [[2, 0, 20], [3, 60, 9], [4, 100, 30]] as const;

test("exceptions that are pending when a snapshot is handed over are not lost (2014)", async () => {
  const tried = await afterEveryRequest(async (letGo) => {
    const stack = new Stack({ isSlow: true });
    const { device, cow } = await stack.snapshot({ chunkSectors: 4 });
    const waiting = await loadWaiting(stack, planSnapshot, { on: cow, chunkSectors: 4 });
    const writes = WRITES.map(([write, sector, count]) =>
      stack.origin.write(patternOf(write, sector, count), sector)
    );
    const own = device.write(patternOf(5, 150, 3), 150);
    await letGo(stack);
    const handover = (async () => {
      await runAsync(device.suspend());
      await runAsync(waiting.resume());
      await device.close();
    })();
    await stack.bench.settle(Promise.all([...writes, own, handover]));
    await stack.verify(waiting, layers(200, [5, 150, 3]));
    await stack.verify(stack.origin, layers(200, ...WRITES));
    const count = exceptionCount(statusOf(waiting), 4);
    await stack.bench.settle(waiting.close());
    const again = await stack.snapshot({ on: cow, chunkSectors: 4 });
    expect(exceptionCount(again.status(), 4)).toBe(count);
    await stack.verify(again.device, layers(200, [5, 150, 3]));
  });
  expect(tried).toBeGreaterThan(8);
});

test("exceptions that are pending when a snapshot is handed over to a merge are merged (2014)", async () => {
  const tried = await afterEveryRequest(async (letGo) => {
    const stack = new Stack({ isSlow: true });
    const { device, cow } = await stack.snapshot({ chunkSectors: 4 });
    const sibling = await stack.snapshot({ chunkSectors: 16 });
    const waiting = await loadWaiting(stack, planSnapshotMerge, { on: cow, chunkSectors: 4 });
    const writes = WRITES.map(([write, sector, count]) =>
      stack.origin.write(patternOf(write, sector, count), sector)
    );
    const own = device.write(patternOf(5, 150, 3), 150);
    await letGo(stack);
    const handover = (async () => {
      // As with dmsetup, the origin is quiet before the merge takes its place.
      await runAsync(stack.origin.suspend());
      await runAsync(device.suspend());
      await runAsync(waiting.resume());
      await device.close();
      await waiting.startBackground();
    })();
    await stack.bench.settle(Promise.all([...writes, own, handover]));
    expect(statusOf(waiting)).toBe("8/600 8");
    verifySectors(stack.disk.bytes, layers(200, [5, 150, 3]), 0, "the disk");
    await stack.verify(sibling.device, layers(200));
  });
  expect(tried).toBeGreaterThan(8);
});

test("a snapshot is handed over while another one is merged into its origin, and loses nothing (2015)", async () => {
  const tried = await afterEveryRequest(async (letGo) => {
    const stack = new Stack({ isSlow: true });
    const kept = await stack.snapshot({ chunkSectors: 4 });
    const cow = await stack.written([[2, 8, 24], [3, 80, 16], [4, 120, 8]]);
    const waiting = await loadWaiting(stack, planSnapshot, { on: kept.cow, chunkSectors: 4 });
    const merge = await stack.merge(cow);
    const work = merge.startBackground();
    const write = merge.write(patternOf(6, 100, 30), 100);
    await letGo(stack);
    const handover = (async () => {
      await runAsync(kept.device.suspend());
      await runAsync(waiting.resume());
      await kept.device.close();
    })();
    await stack.bench.settle(Promise.all([work, write, handover]));
    expect(statusOf(merge)).toBe("16/600 16");
    await stack.verify(waiting, layers(200));
    const merged = layers(200, [2, 8, 24], [3, 80, 16], [4, 120, 8], [6, 100, 30]);
    await stack.verify(merge, merged);
    verifySectors(stack.disk.bytes, merged, 0, "the disk");
  });
  expect(tried).toBeGreaterThan(8);
});

/** The exceptions that a status tells of, where one area is enough. */
function exceptionCount(status: string, chunkSectors: number): number {
  return Number(/^(\d+)\/\d+ \d+$/.exec(status)?.[1]) / chunkSectors - 2;
}

/** Requests to an origin while a snapshot is being merged into it. */
import { expect, test } from "vitest";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { quiet } from "../exception/rig.ts";
import { layers, Stack } from "./rig.ts";

test("writes to the run that is being merged wait, and land on the origin; others do not wait", async () => {
  const stack = new Stack({ isSlow: true });
  const cow = await stack.written([[2, 8, 8], [3, 80, 8]]);
  const merge = await stack.merge(cow, { mergeStepSectors: 1 });
  const work = merge.startBackground();
  await quiet();
  expect(stack.bench.heldWords()).toEqual(["cow1 read 24+8"]); // chunk 10, the newest
  const writes = [
    merge.write(patternOf(4, 82, 2), 82), // in the run: waits
    merge.write(patternOf(5, 10, 2), 10), // excepted, not in the run: the COW device
    merge.write(patternOf(6, 100, 2), 100), // absent: the origin
  ];
  await quiet();
  expect(stack.bench.heldWords().slice(1)).toEqual(["cow1 write 18+2", "disk write 100+2"]);
  await stack.bench.settle(Promise.all([work, ...writes]));
  const expected = layers(200, [2, 8, 8], [3, 80, 8], [4, 82, 2], [5, 10, 2], [6, 100, 2]);
  await stack.verify(merge, expected);
  verifySectors(stack.disk.bytes, expected, 0, "the disk");
});

test("writes to any of the runs that are merged together wait, others do not", async () => {
  const stack = new Stack({ isSlow: true });
  const cow = await stack.written([[2, 8, 8], [3, 80, 8]]);
  const merge = await stack.merge(cow);
  const work = merge.startBackground();
  await quiet();
  const writes = [
    merge.write(patternOf(4, 82, 2), 82),
    merge.write(patternOf(5, 10, 2), 10),
    merge.write(patternOf(6, 88, 2), 88), // behind a run
    merge.write(patternOf(7, 4, 6), 4), // into a run from before it: its head goes on
  ];
  await quiet();
  const held = ["cow1 read 24+8", "disk write 88+2", "disk write 4+4"];
  expect(stack.bench.heldWords()).toEqual(held);
  await stack.bench.settle(Promise.all([work, ...writes]));
  const later = [[4, 82, 2], [5, 10, 2], [6, 88, 2], [7, 4, 6]] as const;
  const expected = layers(200, [2, 8, 8], [3, 80, 8], ...later);
  await stack.verify(merge, expected);
  verifySectors(stack.disk.bytes, expected, 0, "the disk");
});

test("a write that is on its way to the COW device is waited for before its chunk is merged", async () => {
  const stack = new Stack({ isSlow: true });
  const cow = await stack.written([[2, 8, 8]]);
  const merge = await stack.merge(cow);
  const write = merge.write(patternOf(3, 9, 3), 9);
  await quiet();
  const work = merge.startBackground();
  await quiet();
  expect(stack.bench.heldWords()).toEqual(["cow1 write 17+3"]);
  await stack.bench.settle(Promise.all([write, work]));
  verifySectors(stack.disk.bytes, layers(200, [2, 8, 8], [3, 9, 3]), 0, "the disk");
});

test("a write over all of it is cut where it must be, and lands whole", async () => {
  const stack = new Stack({ isSlow: true });
  const cow = await stack.written([[2, 8, 24], [3, 80, 16], [4, 120, 8]]);
  const merge = await stack.merge(cow);
  const work = merge.startBackground();
  await quiet();
  await stack.bench.settle(Promise.all([work, merge.write(patternOf(5, 4, 190), 4)]));
  verifySectors(stack.disk.bytes, layers(200, [5, 4, 190]), 0, "the disk");
});

test("discards end and change nothing", async () => {
  const stack = new Stack();
  const cow = await stack.written([[2, 8, 8]]);
  const merge = await stack.merge(cow, { discardZeroesCow: true });
  await stack.bench.settle(merge.discard(0, 200));
  await stack.verify(merge, layers(200, [2, 8, 8]));
});

test("writes behind the merge are kept from the other snapshots", async () => {
  const stack = new Stack();
  const sibling = await stack.snapshot();
  const cow = await stack.written([[2, 8, 8]]);
  const merge = await stack.merge(cow);
  await stack.write(merge, 3, 20, 30);
  await stack.run(merge.background());
  await stack.write(merge, 4, 6, 4);
  await stack.verify(sibling.device, layers(200));
  await stack.verify(merge, layers(200, [2, 8, 8], [3, 20, 30], [4, 6, 4]));
});

test("a synchronous write meanwhile: EAGAIN", async () => {
  const stack = new Stack();
  const cow = await stack.written([[2, 8, 8]]);
  const merge = await stack.merge(cow);
  const steps = merge.background();
  steps.next();
  expect(() => merge.writeSync(new Uint8Array(512), 150)).toThrow(
    expect.objectContaining({ code: "EAGAIN" }),
  );
});

test("a snapshot that is taken meanwhile holds one state of the origin, and keeps it", async () => {
  for (let steps = 0; steps < 12; steps++) {
    const stack = new Stack({ isSlow: true });
    const cow = await stack.written([[2, 8, 24], [3, 80, 16]]);
    const merge = await stack.merge(cow);
    const work = merge.startBackground();
    await quiet();
    for (let step = 0; step < steps && stack.bench.held.length > 0; step++) {
      await stack.bench.release();
    }
    const { device } = await stack.snapshot({ chunkSectors: 4 });
    const before = await stack.read(device);
    await stack.bench.settle(work);
    await stack.verify(device, before);
    await stack.verify(merge, layers(200, [2, 8, 24], [3, 80, 16]));
  }
});

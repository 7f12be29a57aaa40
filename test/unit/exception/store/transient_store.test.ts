import { expect, test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { TransientStore } from "../../../../src/exception/store/transient_store.ts";
import { Bench } from "../rig.ts";

test.each([[39, 4], [40, 5], [41, 5]])(
  "a device of %i sectors holds %i chunks of 8, from sector 0 on",
  (sectorCount, count) => {
    const store = new TransientStore(new Bench().disk("cow", sectorCount).device, 8);
    const chunks = Array.from({ length: count + 1 }, () => store.prepareException());
    expect(chunks).toEqual([...Array(count).keys(), -1]);
    expect(store.usage()).toEqual({
      allocatedSectors: count * 8,
      totalSectors: sectorCount,
      metadataSectors: 0,
    });
  },
);

test("it is always fresh, and neither reads nor writes metadata", () => {
  const bench = new Bench();
  const cow = bench.disk("cow", 80, { content: new Uint8Array(80 * 512).fill(0x53) });
  const store = new TransientStore(cow.device, 8);
  const runs: unknown[] = [];
  expect(runSync(store.readMetadata((run) => runs.push(run)))).toBe("fresh");
  const run = { oldChunk: 5, newChunk: store.prepareException(), count: 1 };
  runSync(store.commitExceptions([run], true));
  runSync(store.invalidate());
  store.destroy();
  expect([runs, bench.takeTrace(), store.unsettledCount]).toEqual([[], [], 0]);
});

test("a device that grows has room again", () => {
  const cow = new Bench().disk("cow", 8);
  const store = new TransientStore(cow.device, 8);
  expect([store.prepareException(), store.prepareException()]).toEqual([0, -1]);
  cow.resize(16);
  expect([store.prepareException(), store.prepareException()]).toEqual([1, -1]);
});

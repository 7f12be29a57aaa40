import { describe, expect, test } from "vitest";
import { runAsync, writeStep } from "../../../src/block/plan.ts";
import { Origin } from "../../../src/targets/origin.ts";
import { planSnapshot } from "../../../src/targets/snapshot.ts";
import { Mapping } from "../../../src/targets/target.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { quiet } from "../exception/rig.ts";
import { layers, planDevice, Stack } from "./rig.ts";

/** What an origin answers to a write. */
function answer(origin: Origin, sector: number, sectorCount: number) {
  const mapping = new Mapping();
  mapping.kind = "write";
  mapping.sector = sector;
  mapping.sectorCount = sectorCount;
  origin.mapWrite(mapping);
  return mapping.answer === "remapped" ? mapping.answeredSectors : mapping.answer;
}

test("a device is one origin, whoever asks", () => {
  const stack = new Stack();
  expect(Origin.of(stack.disk.device)).toBe(Origin.of(stack.disk.device));
  expect(Origin.of(stack.disk.device)).not.toBe(Origin.of(stack.disk.slow));
});

describe("the answer to a write", () => {
  test("is for as far as all snapshots are ready", async () => {
    const stack = new Stack();
    const origin = Origin.of(stack.disk.device);
    expect(answer(origin, 5, 100)).toBe(100);
    await stack.snapshot({ chunkSectors: 8 });
    await stack.snapshot({ chunkSectors: 16 });
    expect(answer(origin, 5, 100)).toBe("planned");
    await stack.write(stack.origin, 2, 0, 20); // chunks of 8: to 24; of 16: to 32
    expect([answer(origin, 5, 100), answer(origin, 23, 9), answer(origin, 24, 8)]).toEqual([
      19,
      1,
      "planned",
    ]);
  });

  test("asks nothing of a snapshot behind its end", async () => {
    const stack = new Stack();
    await stack.snapshot({ sectorCount: 50 });
    const origin = Origin.of(stack.disk.device);
    expect([answer(origin, 50, 20), answer(origin, 49, 20)]).toEqual([20, "planned"]);
    await stack.write(stack.origin, 2, 49, 1);
    expect(answer(origin, 49, 100)).toBe(100);
  });

  test("asks nothing of a snapshot that is constructed and not resumed, or has ended", async () => {
    const stack = new Stack();
    const origin = Origin.of(stack.disk.device);
    const { device } = await stack.snapshot();
    expect(origin.smallestChunkSectors).toBe(8);
    await device.close();
    expect([answer(origin, 0, 8), origin.smallestChunkSectors]).toEqual([8, 0]);
  });

  test("one plan makes a bounded stretch ready: 2 MiB", async () => {
    const stack = new Stack({ sectorCount: 10_000 });
    const { device } = await stack.snapshot({ chunkSectors: 64, cowSectors: 12_000 });
    stack.bench.trace = [];
    await stack.write(stack.origin, 2, 0, 10_000);
    const writes = stack.bench.trace.filter(({ disk, kind }) =>
      disk === "disk" && kind === "write"
    );
    expect(writes.map(({ sectorCount }) => sectorCount)).toEqual([4096, 4096, 1808]);
    await stack.verify(device, patternOf(1, 0, 10_000));
  });

  test("knows the smallest chunk of the active snapshots", async () => {
    const stack = new Stack();
    for (const chunkSectors of [32, 4, 16]) await stack.snapshot({ chunkSectors });
    expect(Origin.of(stack.disk.device).smallestChunkSectors).toBe(4);
  });
});

describe("several snapshots", () => {
  test("are copied to side by side", async () => {
    const stack = new Stack({ isSlow: true });
    for (let count = 0; count < 3; count++) await stack.snapshot();
    const write = stack.origin.write(patternOf(2, 0, 8), 0);
    await quiet();
    expect(stack.bench.heldWords()).toEqual(Array(3).fill("disk read 0+8"));
    await stack.bench.settle(write);
  });

  test("one that joins while a write is being made ready is asked, too", async () => {
    const stack = new Stack({ isSlow: true });
    const first = await stack.snapshot();
    const write = stack.origin.write(patternOf(2, 0, 8), 0);
    await quiet();
    const [copy] = stack.bench.held.splice(0);
    const second = await stack.snapshot({ chunkSectors: 2 });
    stack.bench.held.push(copy!);
    await stack.bench.settle(write);
    await stack.verify(first.device, layers(200));
    await stack.verify(second.device, layers(200));
    await stack.verify(stack.origin, layers(200, [2, 0, 8]));
  });
});

describe("overwriting on behalf of a snapshot", () => {
  test("its siblings are ready first, it is not asked itself, and a new one waits for the end", async () => {
    const stack = new Stack({ isSlow: true });
    const one = await stack.snapshot();
    const sibling = await stack.snapshot();
    const origin = Origin.of(stack.disk.slow);
    const [writer] = origin.members;
    stack.bench.trace = [];
    const { slow } = stack.disk;
    const work = runAsync(origin.overwrite(
      [{ sector: 8, sectorCount: 8 }],
      writer!,
      (function* () {
        yield writeStep(slow, patternOf(2, 8, 8), 8);
      })(),
    ));
    await quiet();
    while (!stack.bench.heldWords().includes("disk write 8+8")) await stack.bench.release();
    let hasBegun = false;
    const begun = runAsync(origin.begin()).then(() => void (hasBegun = true));
    await quiet();
    expect([hasBegun, stack.bench.heldWords(), origin.isBusy]).toEqual([
      false,
      ["disk write 8+8"],
      true,
    ]);
    await stack.bench.settle(Promise.all([work, begun]));
    expect(stack.bench.takeTrace().filter((line) => line.startsWith("cow1"))).toEqual([]);
    await stack.verify(sibling.device, layers(200));
    expect(one.status()).toBe("16/600 16");
  });
});

test("a synchronous write is refused where a COW device has only the asynchronous face", async () => {
  const stack = new Stack();
  const cow = stack.bench.disk("remote", 400).slow;
  const options = { ...stack.options(), cow };
  const snapshot = await stack.run(planDevice("snapshot", planSnapshot(options)));
  expect(() => stack.origin.writeSync(patternOf(2, 0, 8), 0)).toThrow(
    expect.objectContaining({ code: "EAGAIN" }),
  );
  await stack.write(stack.origin, 2, 0, 8);
  await stack.verify(snapshot, layers(200));
});

test("while copies wait because too many are pending, another snapshot is opened (2019)", async () => {
  const stack = new Stack({ isSlow: true });
  const first = await stack.snapshot({ pendingChunksMax: 2, chunkSectors: 1 });
  const writes = Array.from(
    { length: 6 },
    (_, index) => stack.origin.write(patternOf(2, index * 10, 5), index * 10),
  );
  await quiet();
  const opening = runAsync(planDevice("second", planSnapshot(stack.options())));
  const [second] = await stack.bench.settle(Promise.all([opening, ...writes]));
  await stack.write(stack.origin, 3, 0, 200);
  await stack.verify(first.device, layers(200));
  expect(second.activeTargets?.[0]?.status()).not.toBe("Invalid");
  await stack.verify(stack.origin, layers(200, [3, 0, 200]));
});

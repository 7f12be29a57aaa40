/** The lives of snapshots, but for their handover: construction, beginning, end. */
import { describe, expect, test } from "vitest";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { Origin } from "../../../src/targets/origin.ts";
import { planSnapshot } from "../../../src/targets/snapshot.ts";
import { TargetError } from "../../../src/targets/target_error.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { cowImage } from "../exception/images.ts";
import { quiet } from "../exception/rig.ts";
import { layers, planDevice, type SnapshotSetUp, Stack } from "./rig.ts";

describe("what cannot be a snapshot is refused in dm's words, and nothing joins the origin", () => {
  test.each<[string, (stack: Stack) => SnapshotSetUp, string]>([
    ["a chunk size of 3", () => ({ chunkSectors: 3 }), "Chunk size is not a power of 2"],
    [
      "a transient one without a chunk size",
      () => ({ chunkSectors: 0, store: "N" }),
      "Chunk size not set",
    ],
    ["chunks that are too large", () => ({ chunkSectors: 2 ** 22 }), "Chunk size is too high"],
    [
      "chunks smaller than a block of the COW device",
      (stack) => ({ chunkSectors: 4, on: stack.bench.disk("4K", 80, { logicalSectors: 8 }) }),
      "Chunk size is not a multiple of device blocksize",
    ],
    [
      "a COW device that is the origin",
      (stack) => ({ on: stack.disk }),
      "COW device cannot be the same as origin device",
    ],
    [
      "a COW device without room",
      (stack) => ({ on: stack.bench.disk("tiny", 15) }),
      "Failed to read snapshot metadata",
    ],
    [
      "a COW device that is something else",
      (stack) => ({
        on: stack.bench.disk("ext4", 80, { content: new Uint8Array(512).fill(0x42) }),
      }),
      "Failed to read snapshot metadata",
    ],
    [
      "a COW device of a larger origin",
      (stack) => {
        const content = cowImage({ sectorCount: 80, chunkSectors: 8, entries: [[25, 2]] });
        return { on: stack.bench.disk("foreign", 80, { content }) };
      },
      "Failed to read snapshot metadata",
    ],
  ])("%s", async (_, setUp, reason) => {
    const stack = new Stack();
    const options = setUp(stack);
    const failure = await stack.snapshot(options).then(() => null, (error) => error);
    expect(failure).toBeInstanceOf(TargetError);
    expect(failure.reason).toBe(reason);
    expect(Origin.of(stack.disk.device).members).toEqual([]);
    expect(stack.bench.trace.every(({ kind }) => kind === "read")).toBe(true);
  });

  test.each([
    [201, '"disk" has 200'],
    [196, 'want a multiple of 8, the largest logical block of "disk" and "4K"'],
  ])("a size of %i sectors", async (sectorCount, words) => {
    const stack = new Stack();
    const on = stack.bench.disk("4K", 400, { logicalSectors: 8 });
    await expect(stack.snapshot({ on, sectorCount })).rejects.toThrow(words);
  });

  test("a third one on the same COW device", async () => {
    const stack = new Stack();
    const { cow } = await stack.snapshot();
    runSync(planSnapshot(stack.options({ on: cow })));
    expect(() => runSync(planSnapshot(stack.options({ on: cow })))).toThrow(
      expect.objectContaining({
        reason: "Snapshot cow pairing for exception table handover failed",
      }),
    );
  });
});

test("its table words are dm's", () => {
  const stack = new Stack();
  const words = (setUp: SnapshotSetUp) => runSync(planSnapshot(stack.options(setUp))).table();
  expect(words({ store: "PO", chunkSectors: 16 })).toBe("disk cow1 PO 16");
  expect(words({ chunkSectors: 0 })).toBe("disk cow2 P 32");
  expect(words({ store: "N", discardZeroesCow: true })).toBe("disk cow3 N 8 1 discard_zeroes_cow");
  expect(words({ discardZeroesCow: true, discardPassdownOrigin: true })).toBe(
    "disk cow4 P 8 2 discard_zeroes_cow discard_passdown_origin",
  );
  expect(words({ deviceWord: ({ name }) => name.toUpperCase() })).toBe("DISK COW5 P 8");
});

test("what it supports follows from its devices", async () => {
  const stack = new Stack();
  const { device } = await stack.snapshot({ discardZeroesCow: true });
  expect(device.supports).toEqual({
    sync: true,
    write: true,
    discard: true,
    discardZeroes: false,
    permanence: true,
  });
  const transient = await stack.snapshot({ store: "N" });
  expect(transient.device.supports.permanence).toBe(false);
  const slow = await new Stack({ isSlow: true }).snapshot();
  expect(slow.device.supports.sync).toBe(false);
  const on = stack.bench.disk("4K", 400, { logicalSectors: 8 });
  const coarse = await stack.snapshot({ on, sectorCount: 192 });
  expect(coarse.device.limits.logicalSectors).toBe(8);
});

describe("a snapshot begins when it is resumed", () => {
  test("with the origin flushed, so that what it holds is durable", async () => {
    const stack = new Stack();
    await stack.write(stack.origin, 2, 0, 8);
    const { device, cow } = await stack.snapshot();
    stack.bench.powerCut();
    await stack.verify(device, layers(200, [2, 0, 8]));
    const left = stack.reboot(cow, true);
    const again = await left.stack.snapshot({ on: left.cow });
    await left.stack.verify(again.device, layers(200, [2, 0, 8]));
  });

  test("not when it is constructed: writes until then are part of it", async () => {
    const stack = new Stack();
    const device = new MappedDevice("snapshot");
    const target = runSync(planSnapshot(stack.options()));
    runSync(device.load([target]));
    await stack.write(stack.origin, 2, 0, 8);
    runSync(device.resume());
    await stack.write(stack.origin, 3, 4, 8);
    await stack.verify(device, layers(200, [2, 0, 8]));
  });

  test("with writes in flight: each of their sectors is old or new, and stays so", async () => {
    const stack = new Stack({ isSlow: true });
    const before = [[2, 0, 20], [3, 40, 8]] as const;
    const writes = before.map(([write, sector, count]) =>
      stack.origin.write(patternOf(write, sector, count), sector)
    );
    const opening = runAsync(planDevice("snapshot", planSnapshot(stack.options())));
    await quiet();
    while (stack.bench.heldWords().some((words) => words.startsWith("cow"))) {
      await stack.bench.release(/cow/);
    }
    expect(stack.bench.heldWords()).toEqual(["disk write 0+20", "disk write 40+8"]);
    expect(Origin.of(stack.disk.slow).members[0]?.isActive).toBe(true);
    const after = stack.origin.write(patternOf(4, 10, 50), 10);
    const [device] = await stack.bench.settle(Promise.all([opening, ...writes, after]));
    const first = await stack.read(device);
    const [old, young, never] = [layers(200), layers(200, ...before), layers(200, [4, 10, 50])];
    for (let at = 0; at < 200; at++) {
      const sector = (bytes: Uint8Array) => bytes.subarray(at * 512, (at + 1) * 512).join();
      expect([sector(old), sector(young)]).toContain(sector(first));
      if (at >= 10 && at < 60) expect(sector(first)).not.toBe(sector(never));
    }
    await stack.write(stack.origin, 5, 0, 200);
    await stack.verify(device, first);
  });

  test("when the origin cannot be flushed it does not begin, and trying again is enough", async () => {
    const stack = new Stack();
    const device = new MappedDevice("snapshot");
    runSync(device.load([runSync(planSnapshot(stack.options()))]));
    stack.bench.fault = ({ disk, kind }) => disk === "disk" && kind === "flush";
    expect(() => runSync(device.resume())).toThrow("The medium is worn");
    expect(device.isSuspended).toBe(true);
    stack.bench.fault = () => false;
    stack.bench.trace = [];
    runSync(device.resume());
    expect(stack.bench.takeTrace()).toEqual(["disk flush"]);
    await stack.write(stack.origin, 2, 0, 8);
    await stack.verify(device, layers(200));
  });
});

describe("ends", () => {
  test("with copies under way for the origin: they end first, and the write goes on", async () => {
    const stack = new Stack({ isSlow: true });
    const { device, cow } = await stack.snapshot({ chunkSectors: 4 });
    const write = stack.origin.write(patternOf(2, 0, 100), 0);
    await quiet();
    await stack.bench.settle(Promise.all([write, device.close()]));
    expect(Origin.of(stack.disk.slow).members).toEqual([]);
    await stack.verify(stack.origin, layers(200, [2, 0, 100]));
    const left = stack.reboot(cow, false);
    const again = await left.stack.snapshot({ on: left.cow, chunkSectors: 4 });
    expect(again.status()).toMatch(/^\d+\/600 8$/);
  });

  test("with a copy that is half done, the rest of the write needs the snapshot no more", async () => {
    const stack = new Stack({ isSlow: true, sectorCount: 9000 });
    const { device } = await stack.snapshot({ chunkSectors: 1, cowSectors: 20000 });
    const write = stack.origin.write(patternOf(2, 0, 9000), 0);
    await quiet();
    await stack.bench.release();
    const closing = device.close();
    await stack.bench.settle(Promise.all([write, closing]));
    await stack.verify(stack.origin, patternOf(2, 0, 9000));
  });

  test("suspending and closing twice is no mistake (2024)", async () => {
    const stack = new Stack();
    const { device } = await stack.snapshot();
    runSync(device.suspend());
    runSync(device.suspend());
    await device.close();
    await device.close();
    await runAsync(device.destroy());
    expect(Origin.of(stack.disk.device).members).toEqual([]);
  });

  test("a snapshot that is closed guards nothing", async () => {
    const stack = new Stack();
    const { device } = await stack.snapshot();
    await device.close();
    stack.bench.trace = [];
    await stack.write(stack.origin, 2, 0, 200);
    expect(stack.bench.takeTrace()).toEqual(["disk write 0+200"]);
  });
});

import { describe, expect, test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { quiet } from "../exception/rig.ts";
import { layers, Stack } from "./rig.ts";

describe("reads and writes", () => {
  test("origin and snapshot do not see each other's writes", async () => {
    const stack = new Stack();
    const { device } = await stack.snapshot();
    await stack.write(device, 2, 30, 40);
    await stack.write(stack.origin, 3, 50, 60);
    await stack.write(device, 4, 60, 3);
    await stack.verify(device, layers(200, [2, 30, 40], [4, 60, 3]));
    await stack.verify(stack.origin, layers(200, [3, 50, 60]));
  });

  test("what was not replaced is read from the origin, what was from the COW device", async () => {
    const stack = new Stack();
    const { device } = await stack.snapshot();
    await stack.write(device, 2, 8, 8);
    stack.bench.trace = [];
    await stack.read(device);
    expect(stack.bench.takeTrace()).toEqual([
      "disk read 0+8",
      "cow1 read 16+8",
      "disk read 16+184",
    ]);
  });

  test("a write of whole chunks reads nothing; of parts, only the chunks that it covers in part", async () => {
    const stack = new Stack();
    const { device } = await stack.snapshot();
    const trace = async (sector: number, count: number) => {
      stack.bench.trace = [];
      await stack.write(device, 2, sector, count);
      return stack.bench.takeTrace().filter((line) => !/flush|fua/.test(line));
    };
    expect(await trace(0, 16)).toEqual(["cow1 write 16+16"]);
    expect(await trace(20, 24)).toEqual([
      "disk read 16+8",
      "cow1 write 32+8",
      "disk read 40+8",
      "cow1 write 56+8",
      "cow1 write 36+24",
    ]);
    expect(await trace(66, 4)).toEqual(["disk read 64+8", "cow1 write 64+8", "cow1 write 66+4"]);
    expect(await trace(80, 12)).toEqual(["disk read 88+8", "cow1 write 80+8", "cow1 write 72+12"]);
    expect(await trace(70, 2)).toEqual(["cow1 write 70+2"]);
    await stack.verify(
      device,
      layers(200, [2, 0, 16], [2, 20, 24], [2, 66, 4], [2, 80, 12], [2, 70, 2]),
    );
  });

  test("a write up to the end covers a last chunk that is short", async () => {
    const stack = new Stack({ sectorCount: 203 });
    const { device } = await stack.snapshot();
    stack.bench.trace = [];
    await stack.write(device, 2, 192, 11);
    expect(stack.bench.takeTrace()[0]).toBe("cow1 write 16+11");
    await stack.verify(device, layers(203, [2, 192, 11]));
  });

  test("in a snapshot that ends inside a chunk, the rest of the chunk is the origin's", async () => {
    const stack = new Stack();
    const { device } = await stack.snapshot({ sectorCount: 50 });
    stack.bench.trace = [];
    await stack.write(device, 2, 48, 2);
    expect(stack.bench.takeTrace().slice(0, 2)).toEqual(["disk read 48+8", "cow1 write 16+8"]);
    await stack.verify(device, layers(50, [2, 48, 2]));
  });

  test("zeroes are written as zeroes", async () => {
    const stack = new Stack();
    const { device } = await stack.snapshot();
    await stack.bench.settle(device.writeZeroes(6, 20));
    expect(stack.bench.takeTrace()).toContain("cow1 zero 22+20");
    await stack.verify(device, layers(200, [0, 6, 20]));
  });

  test("every chunk size from 1 to 512 sectors", async () => {
    for (let chunkSectors = 1; chunkSectors <= 512; chunkSectors *= 2) {
      const stack = new Stack({ sectorCount: 601 });
      const { device } = await stack.snapshot({ chunkSectors, cowSectors: 4000 });
      await stack.write(device, 2, 13, 411);
      await stack.write(stack.origin, 3, 77, 500);
      await stack.verify(device, layers(601, [2, 13, 411]));
      await stack.verify(stack.origin, layers(601, [3, 77, 500]));
    }
  });
});

describe("durability", () => {
  test("each: a write has ended when its exception is durable", async () => {
    const stack = new Stack();
    const { device, cow } = await stack.snapshot();
    await stack.write(device, 2, 8, 16);
    stack.bench.powerCut();
    await stack.run(device.destroy());
    const again = await stack.snapshot({ on: cow });
    await stack.verify(again.device, layers(200, [2, 8, 16]));
  });

  test("flush: no metadata is written before a flush, and all is there after it", async () => {
    const stack = new Stack();
    const { device, cow } = await stack.snapshot({ durability: "flush" });
    stack.bench.trace = [];
    await stack.write(device, 2, 8, 16);
    await stack.write(device, 3, 100, 5);
    expect(stack.bench.takeTrace().filter((line) => /flush|fua/.test(line))).toEqual([]);
    await stack.bench.settle(device.flush());
    expect(stack.bench.takeTrace()).toEqual(["cow1 flush", "cow1 write 8+1 fua"]);
    stack.bench.powerCut();
    await stack.run(device.destroy());
    const again = await stack.snapshot({ on: cow });
    await stack.verify(again.device, layers(200, [2, 8, 16], [3, 100, 5]));
  });

  test.each([
    ["a chunk that is new", 24],
    ["a chunk with an exception that is not durable", 10],
  ])("flush: a write with FUA to %s is there after a power cut", async (_, sector) => {
    const stack = new Stack();
    const { device, cow } = await stack.snapshot({ durability: "flush" });
    await stack.write(device, 2, 8, 8);
    await stack.bench.settle(device.write(patternOf(3, sector, 2), sector, { fua: true }));
    await stack.write(device, 4, 40, 8);
    const left = stack.reboot(cow, true);
    const again = await left.stack.snapshot({ on: left.cow });
    const found = await left.stack.read(again.device);
    const part = (at: number, count: number) => found.subarray(at * 512, (at + count) * 512);
    verifySectors(part(sector, 2), patternOf(3, sector, 2), sector, "written with FUA");
    verifySectors(part(40, 8), patternOf(1, 40, 8), 40, "written without");
  });

  test("flush: closing a snapshot leaves everything behind", async () => {
    const stack = new Stack();
    const { device, cow } = await stack.snapshot({ durability: "flush" });
    await stack.write(device, 2, 8, 16);
    await device.close();
    stack.bench.powerCut();
    const again = await stack.snapshot({ on: cow });
    await stack.verify(again.device, layers(200, [2, 8, 16]));
  });

  test("a flush of a snapshot does not touch the origin", async () => {
    const stack = new Stack();
    const { device } = await stack.snapshot();
    stack.bench.trace = [];
    device.flushSync();
    expect(stack.bench.takeTrace()).toEqual(["cow1 flush"]);
  });
});

describe("concurrent writes", () => {
  test("to one chunk: one copy, and both writes land", async () => {
    const stack = new Stack({ isSlow: true });
    const { device } = await stack.snapshot();
    stack.bench.trace = [];
    await stack.bench.settle(Promise.all([
      device.write(patternOf(2, 8, 2), 8),
      device.write(patternOf(3, 12, 2), 12),
      device.write(patternOf(4, 14, 12), 14),
    ]));
    const reads = stack.bench.takeTrace().filter((line) => line.startsWith("disk read"));
    expect(reads).toEqual(["disk read 8+8", "disk read 24+8"]);
    await stack.verify(device, layers(200, [2, 8, 2], [3, 12, 2], [4, 14, 12]));
  });

  test("to many chunks: fewer commits than writes", async () => {
    const stack = new Stack({ isSlow: true });
    const { device, status } = await stack.snapshot();
    stack.bench.trace = [];
    const writes = Array.from(
      { length: 20 },
      (_, chunk) => device.write(patternOf(2, chunk * 8, 8), chunk * 8),
    );
    await stack.bench.settle(Promise.all(writes));
    expect(stack.bench.trace.filter(({ fua }) => fua).length).toBeLessThan(5);
    expect(status()).toBe("176/600 16");
    await stack.verify(device, layers(200, [2, 0, 160]));
  });

  test("of snapshot and origin to one chunk, in any order of completion", async () => {
    for (let turn = 0; turn < 6; turn++) {
      const stack = new Stack({ isSlow: true });
      const { device } = await stack.snapshot();
      const work = Promise.all([
        device.write(patternOf(2, 8, 3), 8),
        stack.origin.write(patternOf(3, 8, 8), 8),
        device.read(new Uint8Array(8 * 512), 8),
      ]);
      await quiet();
      for (let step = turn; stack.bench.held.length > 0; step = step * 5 + 1) {
        const [held] = stack.bench.held.splice(step % stack.bench.held.length, 1);
        held?.release();
        await quiet();
      }
      await work;
      await stack.verify(device, layers(200, [2, 8, 3]));
      await stack.verify(stack.origin, layers(200, [3, 8, 8]));
    }
  });
});

describe("full", () => {
  const overflowing = { cowSectors: 32, chunkSectors: 8 };

  test.each([["P", "Invalid"], ["N", "Invalid"], ["PO", "Overflow"]] as const)(
    "a write to a snapshot with store %s: EIO, and its status is %s",
    async (store, status) => {
      const stack = new Stack();
      const snapshot = await stack.snapshot({ ...overflowing, store });
      const { device } = snapshot;
      const room = store === "N" ? 4 : 2;
      await stack.write(device, 2, 0, room * 8);
      const events = device.eventNumber;
      await expect(stack.write(device, 3, 80, 8)).rejects.toMatchObject({ code: "EIO" });
      expect([snapshot.status(), device.eventNumber]).toEqual([status, events + 1]);
      for (const sector of [0, 80]) {
        await expect(stack.write(device, 4, sector, 8)).rejects.toBeInstanceOf(BlockDeviceError);
      }
      if (status === "Overflow") await stack.verify(device, layers(200, [2, 0, room * 8]));
      else await expect(stack.read(device)).rejects.toMatchObject({ code: "EIO" });
      expect(device.eventNumber).toBe(events + 1);
      await device.close();
      if (store === "N") return;
      const again = await stack.snapshot({ on: snapshot.cow, store });
      expect(again.status()).toBe(status === "Invalid" ? "Invalid" : "32/32 16");
    },
  );

  test("a write to the origin makes it invalid even with PO, and succeeds", async () => {
    const stack = new Stack();
    const { device, status } = await stack.snapshot({ ...overflowing, store: "PO" });
    await stack.write(stack.origin, 2, 0, 100);
    expect(status()).toBe("Invalid");
    await expect(stack.read(device)).rejects.toMatchObject({ code: "EIO" });
    await stack.verify(stack.origin, layers(200, [2, 0, 100]));
  });

  test("a COW device that grows in time never fills up", async () => {
    const stack = new Stack();
    const { device, cow, status } = await stack.snapshot(overflowing);
    await stack.write(device, 2, 0, 16);
    cow.resize(48);
    await stack.write(device, 3, 80, 16);
    expect(status()).toBe("48/48 16");
    await stack.verify(device, layers(200, [2, 0, 16], [3, 80, 16]));
  });
});

test("an invalid snapshot passes a flush on, and fails everything else", async () => {
  const stack = new Stack();
  const { device } = await stack.snapshot({ cowSectors: 16, discardZeroesCow: true });
  await stack.write(stack.origin, 2, 0, 8);
  await stack.bench.settle(device.flush());
  for (
    const request of [
      device.read(new Uint8Array(512), 0),
      device.write(new Uint8Array(512), 0),
      device.writeZeroes(0, 8),
      device.discard(0, 8),
    ]
  ) await expect(stack.bench.settle(request)).rejects.toMatchObject({ code: "EIO" });
});

import { describe, expect, test } from "vitest";
import { Gate } from "../../../src/block/gate.ts";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { planSnapshotOrigin } from "../../../src/targets/snapshot_origin.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { quiet } from "../exception/rig.ts";
import { layers, Stack } from "./rig.ts";

test("without snapshots every request goes to the device as it is", () => {
  const { origin, disk, bench } = new Stack();
  origin.writeSync(patternOf(2, 3, 50), 3, { fua: true });
  origin.writeZeroesSync(100, 20);
  origin.readSync(new Uint8Array(512), 7);
  origin.flushSync();
  expect(bench.takeTrace()).toEqual([
    "disk write 3+50 fua",
    "disk zero 100+20",
    "disk read 7+1",
    "disk flush",
  ]);
  expect(disk.bytes).toEqual(layers(200, [2, 3, 50], [0, 100, 20]));
});

test("it is as large, as writable and as fast as its device, but discards are refused", () => {
  const { bench, disk } = new Stack();
  const target = runSync(planSnapshotOrigin({ origin: disk.device }));
  expect([target.type, target.sectorCount, target.status(), target.table()]).toEqual([
    "snapshot-origin",
    200,
    "",
    "disk",
  ]);
  expect(target.supports).toEqual({
    ...disk.device.supports,
    discard: false,
    discardZeroes: false,
  });
  const other = bench.disk("locked", 8, { readOnly: true });
  expect(runSync(planSnapshotOrigin({ origin: other.device })).supports.write).toBe(false);
  const { origin } = new Stack();
  expect(() => origin.discardSync(0, 8)).toThrow(expect.objectContaining({ code: "ENOTSUP" }));
});

test("a write of whole chunks reads the origin, and a second one to them writes and nothing else", async () => {
  const stack = new Stack();
  const snapshot = await stack.snapshot();
  stack.bench.trace = [];
  await stack.write(stack.origin, 2, 8, 16);
  expect(stack.bench.takeTrace()).toEqual([
    "disk read 8+16",
    "cow1 write 16+16",
    "cow1 flush",
    "cow1 write 8+1 fua",
    "disk write 8+16",
  ]);
  await stack.write(stack.origin, 3, 10, 5);
  expect(stack.bench.takeTrace()).toEqual(["disk write 10+5"]);
  await stack.verify(snapshot.device, layers(200));
  await stack.verify(stack.origin, layers(200, [2, 8, 16], [3, 10, 5]));
});

test("zeroes are kept from snapshots as bytes are", async () => {
  const stack = new Stack();
  const snapshot = await stack.snapshot();
  await stack.bench.settle(stack.origin.writeZeroes(5, 20, { fua: true }));
  await stack.verify(snapshot.device, layers(200));
  await stack.verify(stack.origin, layers(200, [0, 5, 20]));
});

describe("any number of snapshots, each with its own chunk size", () => {
  test("each holds what the origin held when it was taken", async () => {
    const stack = new Stack({ sectorCount: 1201 });
    const sizes = [1, 2, 8, 16, 64, 512];
    const expected: Uint8Array[] = [];
    const snapshots = [];
    for (const [index, chunkSectors] of sizes.entries()) {
      expected.push(await stack.read(stack.origin));
      snapshots.push(await stack.snapshot({ chunkSectors, cowSectors: 8000 }));
      await stack.write(stack.origin, 10 + index, index * 37, 300);
    }
    await stack.write(stack.origin, 20, 1150, 51);
    for (const [index, { device }] of snapshots.entries()) {
      await stack.verify(device, expected[index]!);
    }
  });

  test("101 of them", async () => {
    const stack = new Stack({ sectorCount: 64 });
    const snapshots = [];
    for (let count = 0; count < 101; count++) {
      snapshots.push(await stack.snapshot({ cowSectors: 64 }));
    }
    await stack.write(stack.origin, 2, 7, 2);
    for (const { device, status } of snapshots) {
      expect(status()).toBe("32/64 16");
      await stack.verify(device, layers(64));
    }
  });

  test("one that is full does not keep the others from what is theirs", async () => {
    const stack = new Stack();
    const small = await stack.snapshot({ cowSectors: 24 });
    const large = await stack.snapshot();
    await stack.write(stack.origin, 2, 0, 200);
    expect(small.status()).toBe("Invalid");
    await stack.verify(large.device, layers(200));
    await stack.verify(stack.origin, layers(200, [2, 0, 200]));
  });
});

describe("sizes", () => {
  test("a short last chunk is kept, and nothing behind the end is asked for", async () => {
    const stack = new Stack({ sectorCount: 203 });
    const snapshot = await stack.snapshot({ chunkSectors: 16 });
    await stack.write(stack.origin, 2, 190, 13);
    await stack.verify(snapshot.device, layers(203));
  });

  test("a snapshot that is shorter than its origin costs nothing behind its end", async () => {
    const stack = new Stack();
    const snapshot = await stack.snapshot({ sectorCount: 50 });
    stack.bench.trace = [];
    await stack.write(stack.origin, 2, 56, 100);
    expect(stack.bench.takeTrace()).toEqual(["disk write 56+100"]);
    await stack.write(stack.origin, 3, 30, 60);
    expect(stack.bench.takeTrace()[0]).toBe("disk read 24+32");
    await stack.verify(snapshot.device, layers(50));
  });
});

describe("a write that must wait does not hold up what need not", () => {
  test("other chunks are written and read while a copy is under way", async () => {
    const stack = new Stack({ isSlow: true });
    const snapshot = await stack.snapshot();
    await stack.write(stack.origin, 2, 100, 8);
    const waiting = stack.origin.write(patternOf(3, 0, 8), 0);
    await quiet();
    expect(stack.bench.heldWords()).toEqual(["disk read 0+8"]);
    const [copy] = stack.bench.held.splice(0);
    await stack.write(stack.origin, 4, 100, 8);
    await stack.verify(snapshot.device, layers(200));
    stack.bench.held.push(copy!);
    await stack.bench.settle(waiting);
    await stack.verify(stack.origin, layers(200, [3, 0, 8], [4, 100, 8]));
    await stack.verify(snapshot.device, layers(200));
  });

  test("a read of the snapshot that is under way returns old data, and the write waits (2008)", async () => {
    const stack = new Stack({ isSlow: true });
    const { device } = await stack.snapshot();
    const found = new Uint8Array(24 * 512);
    const reading = device.read(found, 0);
    await quiet();
    const writing = stack.origin.write(patternOf(2, 8, 8), 8);
    await quiet();
    while (stack.bench.heldWords().some((line) => !line.includes("disk read 0+24"))) {
      await stack.bench.release(/8\+8|cow|flush/);
    }
    expect(stack.bench.heldWords()).toEqual(["disk read 0+24"]); // the write is not there yet
    await stack.bench.settle(Promise.all([reading, writing]));
    expect(found).toEqual(patternOf(1, 0, 24));
    await stack.verify(device, layers(200));
  });
});

describe("a synchronous write while something is under way", () => {
  test.each(["a copy", "a read of a snapshot"])(
    "%s: EAGAIN, and nothing has changed",
    async (what) => {
      const stack = new Stack();
      const { origin, disk, bench } = stack;
      const { device } = await stack.snapshot();
      const gate = new Gate();
      const underWay = stallRead(
        stack,
        gate,
        () =>
          what === "a copy"
            ? origin.write(patternOf(3, 0, 8), 0)
            : device.read(new Uint8Array(512), 0),
      );
      const before = disk.bytes.slice();
      bench.trace = [];
      expect(() => origin.writeSync(patternOf(2, 100, 8), 100)).toThrow(
        expect.objectContaining({ code: "EAGAIN" }),
      );
      expect([bench.takeTrace(), disk.bytes]).toEqual([[], before]);
      gate.open();
      await underWay;
      origin.writeSync(patternOf(2, 100, 8), 100);
      await stack.verify(device, layers(200));
    },
  );
});

/** Starts a request whose first read of the disk waits for a gate. */
function stallRead(stack: Stack, gate: Gate, request: () => Promise<void>): Promise<void> {
  const device = stack.disk.device as unknown as { read: unknown };
  const read = stack.disk.device.read.bind(stack.disk.device);
  device.read = async (target: Uint8Array, sector: number) => {
    delete device.read;
    await gate.wait();
    await read(target, sector);
  };
  return request();
}

test("a flush of the origin flushes the device and nothing of its snapshots", async () => {
  const stack = new Stack();
  await stack.snapshot({ durability: "flush" });
  stack.bench.trace = [];
  await runAsync(stack.origin.planStep({ kind: "flush", device: stack.origin }));
  expect(stack.bench.takeTrace()).toEqual(["disk flush"]);
});

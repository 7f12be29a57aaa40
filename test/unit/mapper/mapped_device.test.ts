import { describe, expect, test } from "vitest";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { createLinear } from "../../../src/targets/linear.ts";
import type { Target } from "../../../src/targets/target.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { Bench, type Disk, quiet } from "../exception/rig.ts";
import { layers, Stack, statusOf } from "../targets/rig.ts";

const EAGAIN = expect.objectContaining({ code: "EAGAIN" });

function linear(disk: Disk, startSector = 0, sectorCount = 20, face: "device" | "slow" = "device") {
  return createLinear({ device: disk[face], startSector, sectorCount });
}

/** A device of targets, in use. */
function deviceOf(...targets: Target[]): MappedDevice {
  const device = new MappedDevice("device");
  runSync(device.load(targets));
  runSync(device.resume());
  return device;
}

describe("what a device is, it is by its table", () => {
  test("without one it has no sectors, and only requests of nothing are possible", async () => {
    const device = new MappedDevice("empty");
    expect([device.sectorCount, device.activeTargets, device.isSuspended]).toEqual([
      0,
      null,
      false,
    ]);
    await device.read(new Uint8Array(0), 0);
    device.flushSync();
    await expect(device.read(new Uint8Array(512), 0)).rejects.toMatchObject({ code: "EINVAL" });
    await device.close();
  });

  test("a loaded table is not in charge until resume", () => {
    const { disk } = new Stack();
    const device = new MappedDevice("device");
    runSync(device.load([linear(disk)]));
    expect([device.sectorCount, device.inactiveTargets?.length]).toEqual([0, 1]);
    runSync(device.resume());
    expect([device.sectorCount, device.inactiveTargets]).toEqual([20, null]);
  });

  test("requests go across targets, in both faces", async () => {
    const bench = new Bench();
    const [one, two] = [bench.disk("one", 40), bench.disk("two", 40)];
    const device = deviceOf(linear(one, 5, 7), linear(two, 30, 10));
    device.writeSync(patternOf(3, 0, 17), 0);
    await device.write(patternOf(4, 5, 4), 5);
    await device.writeZeroes(0, 1);
    const expected = patternOf(3, 0, 17);
    expected.set(patternOf(4, 5, 4), 5 * 512);
    expected.fill(0, 0, 512);
    const found = new Uint8Array(17 * 512);
    device.readSync(found, 0);
    verifySectors(found, expected, 0, "the device");
    await device.read(found.fill(0), 0);
    verifySectors(found, expected, 0, "the device");
    expect(one.bytes.subarray(5 * 512, 12 * 512)).toEqual(expected.subarray(0, 7 * 512));
    expect(two.bytes.subarray(30 * 512)).toEqual(expected.subarray(7 * 512));
  });

  test("requests are checked against the table in charge: size, block, discards, writes", () => {
    const bench = new Bench();
    const device = deviceOf(linear(bench.disk("one", 40, { discard: false }), 0, 8));
    expect(() => device.readSync(new Uint8Array(1024), 7)).toThrow("ends at sector 8");
    expect(() => device.discardSync(0, 8)).toThrow(expect.objectContaining({ code: "ENOTSUP" }));
    runSync(device.load([linear(bench.disk("two", 40, { logicalSectors: 8 }), 0, 16)]));
    runSync(device.resume());
    device.readSync(new Uint8Array(8 * 512), 8);
    expect(() => device.readSync(new Uint8Array(512), 0)).toThrow("want multiples of 8 sectors");
    runSync(device.load([linear(bench.disk("three", 40, { readOnly: true }), 0, 16)]));
    runSync(device.resume());
    expect(() => device.writeSync(new Uint8Array(512), 0)).toThrow(
      expect.objectContaining({ code: "EROFS" }),
    );
  });

  test("it can be renamed, and says its new name", () => {
    const device = new MappedDevice("old");
    device.rename("new");
    expect(() => device.readSync(new Uint8Array(512), 0)).toThrow('"new"');
  });
});

describe("suspension", () => {
  test("waits for requests under way; new ones wait until resumption, and then are done", async () => {
    const bench = new Bench();
    const disk = bench.disk("disk", 40);
    const device = deviceOf(linear(disk, 0, 20, "slow"));
    const first = device.write(patternOf(2, 0, 1), 0);
    await quiet();
    let isSuspended = false;
    const suspension = runAsync(device.suspend()).then(() => void (isSuspended = true));
    const second = patternOf(3, 1, 1);
    const waiting = [device.write(second, 1), device.flush()];
    second.fill(0xdd); // the bytes are taken at the call
    await quiet();
    expect([isSuspended, bench.heldWords()]).toEqual([false, ["disk write 0+1"]]);
    await bench.release();
    await suspension;
    expect(bench.held.length).toBe(0);
    await bench.settle(Promise.all([runAsync(device.resume()), first, ...waiting]));
    expect(disk.bytes.subarray(0, 1024)).toEqual(patternOf2());
  });

  const patternOf2 = () => {
    const bytes = patternOf(2, 0, 2);
    bytes.set(patternOf(3, 1, 1), 512);
    return bytes;
  };

  test("a synchronous request meanwhile: EAGAIN, and nothing has changed", () => {
    const bench = new Bench();
    const device = deviceOf(linear(bench.disk("disk", 40)));
    runSync(device.suspend());
    for (
      const request of [
        () => device.readSync(new Uint8Array(512), 0),
        () => device.writeSync(new Uint8Array(512), 0),
        () => device.writeZeroesSync(0, 1),
        () => device.discardSync(0, 1),
        () => device.flushSync(),
      ]
    ) expect(request).toThrow(EAGAIN);
    expect([bench.takeTrace(), device.isBusy]).toEqual([[], true]);
    runSync(device.resume());
    expect(device.isBusy).toBe(false);
  });

  test("a synchronous suspension that would have to wait leaves the device in use", async () => {
    const bench = new Bench();
    const device = deviceOf(linear(bench.disk("disk", 40), 0, 20, "slow"));
    const write = device.write(new Uint8Array(512), 0);
    expect(() => runSync(device.suspend())).toThrow(EAGAIN);
    expect(() => device.closeSync()).toThrow(EAGAIN);
    expect(device.isSuspended).toBe(false);
    await bench.settle(write);
    await bench.settle(device.write(new Uint8Array(512), 0));
    device.closeSync();
  });

  test("two suspensions at once both wait", async () => {
    const bench = new Bench();
    const device = deviceOf(linear(bench.disk("disk", 40), 0, 20, "slow"));
    const write = device.write(new Uint8Array(512), 0);
    await quiet();
    let ended = 0;
    const both = [1, 2].map(() => runAsync(device.suspend()).then(() => void ended++));
    await quiet();
    expect(ended).toBe(0);
    await bench.settle(Promise.all([write, ...both]));
  });

  test("a request that waited is checked against the table that it meets", async () => {
    const bench = new Bench();
    const device = deviceOf(linear(bench.disk("disk", 40)));
    runSync(device.suspend());
    const write = device.write(new Uint8Array(512), 19);
    runSync(device.load([linear(bench.disk("small", 40), 0, 10)]));
    runSync(device.resume());
    await expect(write).rejects.toMatchObject({ code: "EINVAL" });
  });
});

describe("the end", () => {
  test("requests under way end; those that wait and those that come are refused", async () => {
    const bench = new Bench();
    const device = deviceOf(linear(bench.disk("disk", 40), 0, 20, "slow"));
    const first = device.write(new Uint8Array(512), 0);
    await quiet();
    const closing = device.close();
    const late = device.write(new Uint8Array(512), 0);
    await expect(late).rejects.toMatchObject({ code: "ESHUTDOWN" });
    await bench.settle(Promise.all([first, closing]));
    for (const verb of [() => device.suspend(), () => device.resume(), () => device.load([])]) {
      expect(() => runSync(verb())).toThrow(expect.objectContaining({ code: "ESHUTDOWN" }));
    }
  });

  test("requests that wait for resumption are refused, not forgotten", async () => {
    const bench = new Bench();
    const device = deviceOf(linear(bench.disk("disk", 40)));
    runSync(device.suspend());
    const waiting = [device.read(new Uint8Array(512), 0), device.flush()];
    const refusals = waiting.map((each) =>
      expect(each).rejects.toMatchObject({ code: "ESHUTDOWN" })
    );
    await device.close();
    await Promise.all(refusals);
    expect(bench.takeTrace()).toEqual([]);
  });
});

test("events are counted, and wake who waits for the next one", async () => {
  const stack = new Stack();
  const { device, status } = await stack.snapshot({ cowSectors: 24 });
  let woken = 0;
  const waiting = device.nextEvent.wait().then(() => void woken++);
  await stack.write(stack.origin, 2, 0, 8);
  expect([device.eventNumber, statusOf(device)]).toEqual([3, "24/24 16"]); // 50, 80 and 95 percent
  await waiting;
  await stack.write(stack.origin, 2, 8, 8);
  expect([device.eventNumber, status(), woken]).toEqual([4, "Invalid", 1]);
});

describe("stacked: a synchronous write that would have to wait far below changes nothing here", () => {
  test.each(["suspended", "busy"])("a COW device that is %s", async (how) => {
    const bench = new Bench();
    const stack = new Stack();
    const disk = bench.disk("below", 400);
    const below = deviceOf(linear(disk, 0, 400));
    const { device } = await stack.snapshot({ cow: below });
    let release = () => {};
    if (how === "suspended") {
      runSync(below.suspend());
      release = () => runSync(below.resume());
    } else {
      Object.assign(below.activeTargets![0]!, { isBusy: () => true });
      release = () => Object.assign(below.activeTargets![0]!, { isBusy: () => false });
    }
    expect(() => device.writeSync(patternOf(2, 0, 8), 0)).toThrow(EAGAIN);
    expect(() => stack.origin.writeSync(patternOf(2, 0, 8), 0)).toThrow(EAGAIN);
    release();
    expect(statusOf(device)).toBe("16/400 16");
    stack.origin.writeSync(patternOf(2, 0, 8), 0);
    await stack.verify(device, layers(200));
  });

  test("a flush over a suspended COW device", async () => {
    const stack = new Stack();
    const below = deviceOf(linear(new Bench().disk("below", 400), 0, 400));
    const { device } = await stack.snapshot({ cow: below, durability: "flush" });
    device.writeSync(patternOf(2, 0, 8), 0);
    runSync(below.suspend());
    expect(() => device.flushSync()).toThrow(EAGAIN);
    runSync(below.resume());
    device.flushSync();
    expect(statusOf(device)).toBe("24/400 16");
    await stack.verify(device, layers(200, [2, 0, 8]));
  });
});

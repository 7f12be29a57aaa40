import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { isPlannedDevice, sleepStep, type Step, waitStep } from "../../../../src/block/plan.ts";
import { Gate } from "../../../../src/block/gate.ts";
import { createInnerDevice, redirected } from "../../../../src/targets/fault/inner_device.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { Bench, quiet } from "../../exception/rig.ts";
import { HandClock, readOf } from "./rig.ts";

function setUp(plan?: (step: Step, below: (step: Step) => Step) => ReturnType<typeof planned>) {
  const bench = new Bench();
  const disk = bench.disk("disk", 8, { content: patternOf(1, 0, 8) });
  const clock = new HandClock();
  const below = (step: Step) => redirected(step, disk.device);
  const device = createInnerDevice({
    name: "inner",
    device: disk.device,
    plan: (step) => (plan ?? planned)(step, below),
    clock,
  });
  return { bench, disk, clock, device };
}

function* planned(step: Step, below: (step: Step) => Step) {
  yield below(step);
}

test("every request of either face is one step of the plan, with all that was said", async () => {
  const { bench, device } = setUp();
  device.writeSync(patternOf(2, 1, 2), 1, { fua: true });
  device.writeZeroesSync(3, 1);
  device.discardSync(4, 1);
  device.flushSync();
  assertEquals(readOf(device, 1, 2), patternOf(2, 1, 2));
  const trace = bench.takeTrace();
  assertEquals(trace, [
    "disk write 1+2 fua",
    "disk zero 3+1",
    "disk discard 4+1",
    "disk flush",
    "disk read 1+2",
  ]);
  await device.write(patternOf(2, 1, 2), 1, { fua: true });
  await device.writeZeroes(3, 1);
  await device.discard(4, 1);
  await device.flush();
  const bytes = new Uint8Array(1024);
  await device.read(bytes, 1);
  assertEquals([bytes, bench.takeTrace()], [patternOf(2, 1, 2), trace]);
});

test("it can do what the device below can, and is one that tells its plans", () => {
  const { device, disk } = setUp();
  const { name, sectorCount, supports, limits } = device;
  assert(supports === disk.device.supports && limits === disk.device.limits);
  assertEquals([name, sectorCount, isPlannedDevice(device)], ["inner", 8, true]);
});

test("a write takes the bytes at the call, and sleeps by the clock it was given", async () => {
  const { clock, disk, device } = setUp(function* (step, below) {
    yield sleepStep(5);
    yield below(step);
  });
  const bytes = patternOf(2, 0, 1);
  const writing = device.write(bytes, 0);
  bytes.fill(0);
  clock.pass(4);
  await quiet();
  assertEquals(disk.bytes, patternOf(1, 0, 8));
  clock.pass(1);
  await writing;
  assertEquals(disk.bytes.subarray(0, 512), patternOf(2, 0, 1));
});

test("a synchronous request that would have to wait is refused", () => {
  const { device } = setUp(function* () {
    yield waitStep(new Gate(), "a gate");
  });
  assertThrows(() => device.flushSync(), Error, "would have to wait for a gate");
});

test("closing it leaves the device below open", async () => {
  const { device, disk } = setUp();
  device.closeSync();
  await device.close();
  await device[Symbol.asyncDispose]();
  assertEquals(readOf(disk.device, 0, 8), patternOf(1, 0, 8));
});

test("a step that is for no device cannot be sent to another", () => {
  const { disk } = setUp();
  assertThrows(() => redirected(sleepStep(1), disk.device), TypeError, "not addressed to a device");
});

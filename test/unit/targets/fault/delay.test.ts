import { assertEquals } from "@std/assert";
import { describe, test } from "vitest";
import { runAsync, runSync } from "../../../../src/block/plan.ts";
import { createDelay, type DelayOptions } from "../../../../src/targets/fault/delay.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { runSeeded } from "../../../../src/testing/seeded_runner.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { Bench, quiet } from "../../exception/rig.ts";
import { deviceOf, HandClock, readOf } from "./rig.ts";

/** A device with a delay for each class; reads from one disk, the rest to it or to another. */
function setUp(delaysMs: readonly [number, number, number], isSplit = false) {
  const bench = new Bench();
  const disk = bench.disk("disk", 16, { content: patternOf(1, 0, 16) });
  const other = isSplit ? bench.disk("other", 32) : disk;
  const clock = new HandClock();
  const [readMs, writeMs, flushMs] = delaysMs;
  const options: DelayOptions = {
    read: { device: disk.device, startSector: 4, delayMs: readMs },
    write: { device: other.device, startSector: isSplit ? 10 : 4, delayMs: writeMs },
    flush: { device: other.device, startSector: 0, delayMs: flushMs },
    sectorCount: 8,
    clock,
  };
  const target = createDelay(options);
  return { bench, disk, other, clock, target, options, device: deviceOf(target) };
}

/** Starts a request, and tells whether it has ended. */
function started(request: Promise<void>): { isOver: boolean; request: Promise<void> } {
  const watch = { isOver: false, request };
  request.then(() => watch.isOver = true, () => {});
  return watch;
}

const requests = {
  read: (rig: ReturnType<typeof setUp>) => rig.device.read(new Uint8Array(512), 1),
  write: (rig: ReturnType<typeof setUp>) => rig.device.write(patternOf(2, 5, 1), 1),
  zero: (rig: ReturnType<typeof setUp>) => rig.device.writeZeroes(1, 1),
  discard: (rig: ReturnType<typeof setUp>) => rig.device.discard(1, 1),
  flush: (rig: ReturnType<typeof setUp>) => rig.device.flush(),
};

describe("a request of a class with a delay", () => {
  test.each(
    [
      ["read", 10, "1 0 0", "disk read 5+1"],
      ["write", 20, "0 1 0", "disk write 5+1"],
      ["zero", 20, "0 1 0", "disk zero 5+1"],
      ["discard", 20, "0 1 0", "disk discard 5+1"],
      ["flush", 30, "0 0 1", "disk flush"],
    ] as const,
  )("a %s sleeps first, and is counted meanwhile", async (kind, delayMs, count, trace) => {
    const rig = setUp([10, 20, 30]);
    const watch = started(requests[kind](rig));
    await quiet();
    assertEquals([rig.target.status(), rig.bench.takeTrace()], [count, []]);
    rig.clock.pass(delayMs - 1);
    await quiet();
    assertEquals([watch.isOver, rig.bench.takeTrace()], [false, []]);
    rig.clock.pass(1);
    await watch.request;
    assertEquals([rig.target.status(), rig.bench.takeTrace()], ["0 0 0", [trace]]);
  });

  test("goes below at once when the delay is 0, without a device in between", async () => {
    const rig = setUp([0, 0, 0]);
    for (const request of Object.values(requests)) await request(rig);
    assertEquals(rig.clock.elapsedMs, 0);
    assertEquals(rig.bench.takeTrace().length, 5);
  });

  test("takes the bytes at the call, and lands late", async () => {
    const { device, clock, disk } = setUp([0, 5, 0]);
    const bytes = patternOf(2, 0, 1);
    const writing = device.write(bytes, 0, { fua: true });
    bytes.fill(0xff);
    await quiet();
    verifySectors(disk.bytes, patternOf(1, 0, 16), 0, "before");
    clock.pass(5);
    await writing;
    const expected = patternOf(1, 0, 16);
    expected.set(patternOf(2, 0, 1), 4 * 512);
    verifySectors(disk.durable, expected, 0, "after, durable");
  });

  test("fails when the device below does, and is no longer counted", async () => {
    const { device, clock, bench, target } = setUp([5, 0, 0]);
    bench.fault = () => true;
    const failure = device.read(new Uint8Array(512), 0).catch((error) => error.code);
    await quiet();
    clock.pass(5);
    assertEquals([await failure, target.status()], ["EIO", "0 0 0"]);
  });
});

test("requests overtake each other: a late read comes behind an early write", async () => {
  const { device, clock, bench } = setUp([20, 10, 0]);
  const all = [device.read(new Uint8Array(512), 0), device.write(patternOf(2, 0, 1), 0)];
  await quiet();
  clock.pass(10);
  await quiet();
  clock.pass(10);
  await Promise.all(all);
  assertEquals(bench.takeTrace(), ["disk write 4+1", "disk read 4+1"]);
});

test("each class has a device and an offset of its own", async () => {
  const rig = setUp([0, 0, 0], true);
  for (const request of Object.values(requests)) await request(rig);
  assertEquals(rig.bench.takeTrace(), [
    "disk read 5+1",
    "other write 11+1",
    "other zero 11+1",
    "other discard 11+1",
    "other flush",
  ]);
  assertEquals(rig.target.devices, [rig.disk.device, rig.other.device]);
});

describe("suspension", () => {
  test("wakes whoever sleeps, and what comes before resumption is late again", async () => {
    const { device, bench, target, clock } = setUp([1000, 1000, 1000]);
    const sleeping = [device.read(new Uint8Array(512), 0), device.flush()];
    await quiet();
    assertEquals(target.status(), "1 0 1");
    await runAsync(device.suspend());
    await Promise.all(sleeping);
    assertEquals([bench.takeTrace().sort(), clock.elapsedMs], [["disk flush", "disk read 4+1"], 0]);
    const held = started(device.write(patternOf(2, 0, 1), 0));
    await quiet();
    assertEquals([target.status(), bench.takeTrace()], ["0 0 0", []]);
    await runAsync(device.resume());
    await quiet();
    assertEquals([target.status(), held.isOver], ["0 1 0", false]);
    clock.pass(1000);
    await held.request;
    assertEquals(bench.takeTrace(), ["disk write 4+1"]);
  });

  test("closing wakes them too", async () => {
    const { device, bench } = setUp([1000, 1000, 1000]);
    const writing = device.write(patternOf(2, 0, 1), 0);
    await quiet();
    await device.close();
    await writing;
    assertEquals(bench.takeTrace(), ["disk write 4+1"]);
  });
});

describe("who cannot wait is not delayed", () => {
  test("the synchronous face", () => {
    const { device, clock, bench } = setUp([1000, 1000, 1000]);
    readOf(device, 0, 1);
    device.writeSync(patternOf(2, 0, 1), 0);
    device.writeZeroesSync(0, 1);
    device.discardSync(0, 1);
    device.flushSync();
    assertEquals([bench.takeTrace().length, clock.elapsedMs], [5, 0]);
  });

  test("a simulation, which is free to take its time", () => {
    const { device, bench } = setUp([1000, 1000, 1000]);
    function* writer(write: number) {
      yield {
        kind: "write",
        device,
        source: patternOf(write, 4, 2),
        sector: 0,
        fua: false,
      } as const;
    }
    const orders = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const { finished } = runSeeded([writer(1), writer(2)], { seed });
      assertEquals(finished, [true, true]);
      orders.add(String(readOf(device, 0, 2)[4]));
      bench.takeTrace();
    }
    assertEquals(orders.size, 2);
  });
});

describe("what it can do comes from its devices", () => {
  const abilities = (write: boolean, isSplit: boolean) => {
    const bench = new Bench();
    const one = bench.disk("one", 16, { readOnly: true, discard: true, logicalSectors: 1 });
    const two = bench.disk("two", 16, { readOnly: !write, logicalSectors: 8 });
    const at = (device: typeof one.device) => ({ device, startSector: 0, delayMs: 0 });
    return createDelay({
      read: at(isSplit ? one.device : two.device),
      write: at(two.device),
      sectorCount: 8,
    });
  };

  test("writing and discarding from the device that is written", () => {
    const { write, discard, sync } = abilities(true, true).supports;
    assertEquals([write, discard, sync], [true, true, true]);
    assertEquals(abilities(false, true).supports.write, false);
  });

  test("zeroes behind a discard only where reads see what was discarded", () => {
    assertEquals(abilities(true, true).supports.discardZeroes, false);
    assertEquals(abilities(true, false).supports.discardZeroes, true);
  });

  test("the coarsest limits, and one slow device makes all of it slow", () => {
    assertEquals(abilities(true, true).limits, { logicalSectors: 8, preferredSectors: 8 });
    const bench = new Bench();
    const disk = bench.disk("disk", 8);
    const at = (device: typeof disk.slow) => ({ device, startSector: 0, delayMs: 0 });
    const target = createDelay({ read: at(disk.device), write: at(disk.slow), sectorCount: 8 });
    assertEquals(target.supports.sync, false);
  });
});

test("its line has as many classes as were given", () => {
  const { options, target } = setUp([1, 2, 3], true);
  assertEquals(target.table(), "disk 4 1 other 10 2 other 0 3");
  const { read, write, sectorCount } = options;
  assertEquals(createDelay({ read, sectorCount }).table(), "disk 4 1");
  assertEquals(createDelay({ read, write: write!, sectorCount }).table(), "disk 4 1 other 10 2");
  const deviceWord = () => "254:0";
  assertEquals(createDelay({ read, sectorCount, deviceWord }).table(), "254:0 4 1");
  assertEquals([target.isBusy(), target.type], [false, "delay"]);
  runSync(target.destroy());
});

test("left out, writes are as reads and flushes as writes", async () => {
  const bench = new Bench();
  const disk = bench.disk("disk", 8);
  const clock = new HandClock();
  const read = { device: disk.device, startSector: 0, delayMs: 7 };
  const target = createDelay({ read, sectorCount: 8, clock });
  const device = deviceOf(target);
  const all = [device.read(new Uint8Array(512), 0), device.writeZeroes(1, 1), device.flush()];
  await quiet();
  assertEquals(target.status(), "1 1 1");
  clock.pass(7);
  await Promise.all(all);
});

test("by the runtime's clock when none is given", async () => {
  const bench = new Bench();
  const disk = bench.disk("disk", 8, { content: patternOf(1, 0, 8) });
  const read = { device: disk.device, startSector: 0, delayMs: 1 };
  const device = deviceOf(createDelay({ read, sectorCount: 8 }));
  const bytes = new Uint8Array(512);
  await device.read(bytes, 3);
  assertEquals(bytes, patternOf(1, 3, 1));
});

/** Longer than most files: every feature meets every kind of request, up and down. */
import { assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { runAsync, writeStep } from "../../../../src/block/plan.ts";
import { createFlakey } from "../../../../src/targets/fault/flakey.ts";
import type { FlakeyFeatures } from "../../../../src/targets/fault/flakey_features.ts";
import { TargetError } from "../../../../src/targets/target_error.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { Bench } from "../../exception/rig.ts";
import { deviceOf, HandClock, readOf } from "./rig.ts";

const SECTORS = 16;

/** A flakey device at sector 4 of a disk, 5 seconds up and 2 seconds down. */
function setUp(features: FlakeyFeatures = {}, { up = 5, down = 2, seed = "flakey" } = {}) {
  const bench = new Bench();
  const disk = bench.disk("disk", SECTORS + 4, { content: patternOf(1, 0, SECTORS + 4) });
  const clock = new HandClock();
  const prng = Prng.fromSeed(seed);
  const target = createFlakey({
    device: disk.device,
    startSector: 4,
    sectorCount: SECTORS,
    upSeconds: up,
    downSeconds: down,
    features,
    clock,
    random: () => prng.uint32() / 2 ** 32,
  });
  return { bench, disk, clock, target, device: deviceOf(target) };
}

/** The same, at the beginning of its down time. */
function setUpDown(features: FlakeyFeatures = {}, seed?: string) {
  const rig = setUp(features, seed === undefined ? {} : { seed });
  rig.clock.pass(5000);
  return rig;
}

const ALL_REQUESTS = ["read", "write", "zero", "discard", "flush"] as const;
type Kind = (typeof ALL_REQUESTS)[number];

function perform(device: ReturnType<typeof deviceOf>, kind: Kind): void {
  if (kind === "read") device.readSync(new Uint8Array(1024), 3);
  else if (kind === "write") device.writeSync(patternOf(2, 3, 2), 3);
  else if (kind === "zero") device.writeZeroesSync(3, 2);
  else if (kind === "discard") device.discardSync(3, 2);
  else device.flushSync();
}

/** What becomes of each kind of request. */
function fates({ bench, device }: ReturnType<typeof setUp>): Record<Kind, string> {
  const fate = (kind: Kind) => {
    bench.takeTrace();
    try {
      perform(device, kind);
    } catch (error) {
      if (!(error instanceof BlockDeviceError)) throw error;
      assertEquals(bench.takeTrace(), [], "what fails has not happened");
      return error.code;
    }
    return bench.takeTrace().join() || "dropped";
  };
  return Object.fromEntries(ALL_REQUESTS.map((kind) => [kind, fate(kind)])) as Record<Kind, string>;
}

const BELOW: Record<Kind, string> = {
  read: "disk read 7+2",
  write: "disk write 7+2",
  zero: "disk zero 7+2",
  discard: "disk discard 7+2",
  flush: "disk flush",
};
const onWrites = (fate: string) => ({ write: fate, zero: fate, discard: fate, flush: fate });

describe("time", () => {
  test("it is up, then down, and again, from when it was made on", () => {
    const { clock, device } = setUp();
    const isUp = () => {
      try {
        perform(device, "read");
        return true;
      } catch {
        return false;
      }
    };
    const seen: [number, boolean][] = [];
    for (const stepMs of [0, 4999, 1, 1999, 1, 4999, 1, 2000]) {
      clock.pass(stepMs);
      seen.push([clock.elapsedMs, isUp()]);
    }
    assertEquals(seen, [
      [0, true],
      [4999, true],
      [5000, false],
      [6999, false],
      [7000, true],
      [11999, true],
      [12000, false],
      [14000, true],
    ]);
  });

  test("a part of a second does not count", () => {
    const { clock, device } = setUp({}, { up: 1, down: 1 });
    clock.pass(999.9);
    perform(device, "read");
    clock.pass(0.1);
    assertThrows(() => perform(device, "read"), BlockDeviceError, "is down");
  });

  test("with no time down it is always up, with no time up always down", () => {
    const up = setUp({}, { up: 1, down: 0 });
    const down = setUp({}, { up: 0, down: 1 });
    for (let seconds = 0; seconds < 4; seconds++) {
      perform(up.device, "write");
      assertThrows(() => perform(down.device, "write"), BlockDeviceError, "is down");
      up.clock.pass(1000);
      down.clock.pass(1000);
    }
  });

  test("the device's own clock tells it when none is given", () => {
    const { disk } = setUp();
    const options = { device: disk.device, startSector: 0, sectorCount: 4, downSeconds: 0 };
    readOf(deviceOf(createFlakey({ ...options, upSeconds: 1 })), 0, 4);
    const down = createFlakey({ ...options, upSeconds: 0, downSeconds: 1 });
    assertThrows(() => readOf(deviceOf(down), 0, 4), BlockDeviceError, "is down");
  });
});

describe("what happens to requests", () => {
  const all: FlakeyFeatures[] = [{}, { dropWrites: true }, { errorReads: true }];
  test.each(all)("up, all of them go below, whatever the features: %o", (features) => {
    assertEquals(fates(setUp(features)), BELOW);
  });

  test.each<[string, FlakeyFeatures, Partial<Record<Kind, string>>]>([
    ["without features", {}, { read: "EIO", ...onWrites("EIO") }],
    ["error_reads", { errorReads: true }, { read: "EIO" }],
    ["error_writes", { errorWrites: true }, onWrites("EIO")],
    ["drop_writes", { dropWrites: true }, onWrites("dropped")],
    ["both errors", { errorReads: true, errorWrites: true }, { read: "EIO", ...onWrites("EIO") }],
    ["dropped and failed", { errorReads: true, dropWrites: true }, {
      read: "EIO",
      ...onWrites("dropped"),
    }],
    // Only requests with bytes can be corrupted; zeroes have to be written out for that.
    ["corruption", { writeCorruptionPerBillion: 1 }, { zero: "disk write 7+2" }],
  ])("down, %s", (_, features, other) => {
    assertEquals(fates(setUpDown(features)), { ...BELOW, ...other });
  });

  test("it is decided when a request comes: one under way when the time is up goes on", async () => {
    const { bench, clock } = setUp();
    const slow = bench.disk("slow", 8, { content: patternOf(1, 0, 8) });
    const options = { device: slow.slow, startSector: 0, sectorCount: 8, clock };
    const device = deviceOf(createFlakey({ ...options, upSeconds: 1, downSeconds: 1 }));
    const bytes = new Uint8Array(512);
    const reading = device.read(bytes, 2);
    clock.pass(1000);
    await bench.settle(reading);
    assertEquals(bytes, patternOf(1, 2, 1));
  });
});

/** Write 1 with some bytes replaced. */
function corrupted(write: number, sector: number, count: number, at: Record<number, number>) {
  const bytes = patternOf(write, sector, count);
  for (const [index, value] of Object.entries(at)) bytes[Number(index)] = value;
  return bytes;
}

describe("one byte of each request", () => {
  const corrupt = (direction: "r" | "w", nthByte: number, value = 0xee, flags = 0) => ({
    corruptByte: { nthByte, direction, value, flags },
  });

  test.each([1, 2, 512, 513, 1024])("byte %i of a read", (nthByte) => {
    const { device, disk } = setUpDown(corrupt("r", nthByte));
    verifySectors(readOf(device, 2, 2), corrupted(1, 6, 2, { [nthByte - 1]: 0xee }), 2, "read");
    verifySectors(disk.bytes, patternOf(1, 0, SECTORS + 4), 0, "the disk");
    assertEquals(readOf(device, 2, 1)[nthByte - 1], nthByte <= 512 ? 0xee : undefined);
  });

  test("a request that is too short for the byte stays whole", () => {
    const { device } = setUpDown(corrupt("r", 1025));
    verifySectors(readOf(device, 2, 2), patternOf(1, 6, 2), 2, "read");
  });

  test("of a write it is another buffer's byte: the writer's stays as it is", () => {
    const { device, disk } = setUpDown(corrupt("w", 3));
    const source = patternOf(2, 0, 2);
    device.writeSync(source, 5);
    assertEquals(source, patternOf(2, 0, 2));
    const expected = patternOf(1, 0, SECTORS + 4);
    expected.set(corrupted(2, 0, 2, { 2: 0xee }), 9 * 512);
    verifySectors(disk.bytes, expected, 0, "the disk");
    verifySectors(readOf(device, 5, 2), corrupted(2, 0, 2, { 2: 0xee }), 5, "reads");
  });

  test("of zeroes too", () => {
    const { device, disk } = setUpDown(corrupt("w", 1));
    device.writeZeroesSync(0, 2);
    const expected = patternOf(1, 0, SECTORS + 4);
    expected.fill(0, 4 * 512, 6 * 512);
    expected[4 * 512] = 0xee;
    verifySectors(disk.bytes, expected, 0, "the disk");
  });

  test("of many zeroes in pieces of 2048 sectors, each a request", () => {
    const bench = new Bench();
    const disk = bench.disk("disk", 5000, { content: new Uint8Array(5000 * 512).fill(7) });
    const options = { device: disk.device, startSector: 0, sectorCount: 5000 };
    const down = { upSeconds: 0, downSeconds: 1, features: corrupt("w", 1) };
    deviceOf(createFlakey({ ...options, ...down })).writeZeroesSync(0, 4099);
    assertEquals(bench.takeTrace(), [
      "disk write 0+2048",
      "disk write 2048+2048",
      "disk write 4096+3",
    ]);
    const expected = new Uint8Array(5000 * 512).fill(7, 4099 * 512);
    for (const sector of [0, 2048, 4096]) expected[sector * 512] = 0xee;
    verifySectors(disk.bytes, expected, 0, "the disk");
  });

  test.each([
    [0, false, true],
    [1, false, true],
    [2 ** 17, false, false],
    [2 ** 17, true, true],
    [2 ** 17 + 1, false, false],
    [2 ** 17 + 1, true, true],
    [2, true, false],
    [2 ** 31, true, false],
  ])("with the flags %i, a write with FUA %o: %o", (flags, fua, isCorrupted) => {
    const { device, bench } = setUpDown(corrupt("w", 1, 0xee, flags));
    device.writeSync(patternOf(2, 0, 1), 0, { fua });
    assertEquals(readOf(device, 0, 1)[0] === 0xee, isCorrupted);
    assertEquals(bench.takeTrace()[0], `disk write 4+1${fua ? " fua" : ""}`);
  });

  test("a read has none of the flags of a write", () => {
    const { device } = setUpDown(corrupt("r", 1, 0xee, 1));
    verifySectors(readOf(device, 2, 2), patternOf(1, 6, 2), 2, "read");
  });

  test("by the asynchronous face and stepped into, the same", async () => {
    const { device } = setUpDown(corrupt("w", 1));
    await device.write(patternOf(2, 0, 1), 0);
    await runAsync(device.planStep(writeStep(device, patternOf(2, 1, 1), 1)));
    const bytes = new Uint8Array(1024);
    await device.read(bytes, 0);
    verifySectors(bytes, corrupted(2, 0, 2, { 0: 0xee, 512: 0xee }), 0, "read");
  });

  test("a device below that fails is told as it is", () => {
    const { device, bench } = setUpDown(corrupt("r", 1));
    bench.fault = () => true;
    const bytes = new Uint8Array(512);
    assertThrows(() => device.readSync(bytes, 0), BlockDeviceError, "The medium is worn");
    assertEquals(bytes, new Uint8Array(512));
  });
});

describe("random corruption", () => {
  const differences = (one: Uint8Array, other: Uint8Array) =>
    one.reduce((count, byte, index) => count + (byte === other[index] ? 0 : 1), 0);

  test("of every read changes one byte of it at most, and of most exactly one", () => {
    const { device } = setUpDown({ readCorruptionPerBillion: 1e9 });
    const counts = Array.from(
      { length: 200 },
      () => differences(readOf(device, 2, 2), patternOf(1, 6, 2)),
    );
    assertEquals(Math.max(...counts), 1);
    // One in 256 draws the value that was there.
    assertEquals(counts.filter((count) => count === 1).length > 190, true);
  });

  test("of no read or write more than the rate says, and of some", () => {
    const { device } = setUpDown({ readCorruptionPerBillion: 5e8 });
    const wrong = Array.from(
      { length: 400 },
      () => differences(readOf(device, 2, 2), patternOf(1, 6, 2)),
    )
      .filter((count) => count > 0);
    assertEquals(150 < wrong.length && wrong.length < 250, true, `${wrong.length} of 400`);
  });

  test("of writes is on the disk and not in the writer's buffer", () => {
    const { device, disk } = setUpDown({ writeCorruptionPerBillion: 1e9 }, "writes");
    const source = patternOf(2, 4, SECTORS);
    device.writeSync(source, 0);
    assertEquals(source, patternOf(2, 4, SECTORS));
    assertEquals(differences(disk.bytes.subarray(4 * 512), source), 1);
    assertEquals(differences(readOf(device, 0, SECTORS), source), 1, "reads tell what is there");
  });

  test("follows from what it draws", () => {
    const readAll = (seed: string) =>
      readOf(setUpDown({ readCorruptionPerBillion: 1e9 }, seed).device, 0, SECTORS);
    assertEquals(readAll("a"), readAll("a"));
    assertEquals(differences(readAll("a"), readAll("b")) > 0, true);
  });

  test("is drawn from the runtime when nothing is given", () => {
    const { disk } = setUp();
    const device = deviceOf(createFlakey({
      device: disk.device,
      startSector: 0,
      sectorCount: 4,
      upSeconds: 0,
      downSeconds: 1,
      features: { readCorruptionPerBillion: 1e9 },
    }));
    for (let turn = 0; turn < 20; turn++) {
      assertEquals(differences(readOf(device, 0, 4), patternOf(1, 0, 4)) <= 1, true);
    }
  });
});

describe("intervals", () => {
  const make = (upSeconds: number, downSeconds: number) => {
    const { disk } = setUp();
    return createFlakey({
      device: disk.device,
      startSector: 0,
      sectorCount: 4,
      upSeconds,
      downSeconds,
    });
  };
  const MAX = 2 ** 32 - 1;

  test.each([
    [0, 0, "Total (up + down) interval is zero"],
    // The sum is 2^32, which is 0 in 32 bits.
    [2 ** 31, 2 ** 31, "Total (up + down) interval is zero"],
    [MAX, 2, "Interval overflow"],
    [MAX, MAX, "Interval overflow"],
    [-1, 5, "Invalid up interval"],
    [NaN, 5, "Invalid up interval"],
    [2 ** 32, 0, "Invalid up interval"],
    [5, -1, "Invalid down interval"],
    [5, 0.5, "Invalid down interval"],
  ])("%i up and %i down are refused", (up, down, reason) => {
    const error = assertThrows(() => make(up, down), TargetError);
    assertEquals([error.code, error.reason], ["EINVAL", reason]);
  });

  test.each([[0, 1], [1, 0], [MAX, 0], [0, MAX], [MAX - 1, 1]])(
    "%i and %i are fine",
    (up, down) => {
      assertEquals(make(up, down).table(), `disk 0 ${up} ${down} 2 error_reads error_writes`);
    },
  );
});

test("its words name the device, the sector, the intervals and the features", () => {
  const { target, disk } = setUp({ dropWrites: true });
  assertEquals([target.table(), target.status()], ["disk 4 5 2 1 drop_writes", ""]);
  assertEquals([target.type, target.sectorCount, target.isBusy()], ["flakey", SECTORS, false]);
  assertEquals(target.devices, [disk.device]);
  const deviceWord = () => "254:0";
  const options = { device: disk.device, startSector: 4, sectorCount: 4, deviceWord };
  const named = createFlakey({ ...options, upSeconds: 1, downSeconds: 0 });
  assertEquals(named.table(), "254:0 4 1 0 2 error_reads error_writes");
});

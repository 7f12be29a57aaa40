/** Longer than most files: the order of the log is told by one story for each way to break it. */
import { assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { runAsync, runSync } from "../../../../src/block/plan.ts";
import { createLogWrites } from "../../../../src/targets/fault/log_writes.ts";
import { TargetError } from "../../../../src/targets/target_error.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { Bench, quiet } from "../../exception/rig.ts";
import { deviceOf, readLog, readOf } from "./rig.ts";

/** A logged disk of 32 sectors; each of the two devices may be slow. */
function setUp({ slow = [] as readonly string[], logSectors = 200, discard = true } = {}) {
  const bench = new Bench();
  const disk = bench.disk("disk", 32, { content: patternOf(1, 0, 32), discard });
  const log = bench.disk("log", logSectors);
  const lines: string[] = [];
  const face = (each: typeof disk, name: string) => slow.includes(name) ? each.slow : each.device;
  const target = createLogWrites({
    device: face(disk, "disk"),
    logDevice: face(log, "log"),
    sectorCount: 32,
    log: (line) => lines.push(line),
  });
  const device = deviceOf(target);
  /** Every entry there is, whatever the super counts. */
  const entries = () => readLog(log.bytes, { count: Number(target.status().split(" ")[0]) });
  const words = () => entries().map((entry) => entry.words);
  return { bench, disk, log, lines, target, device, entries, words };
}

const pattern = (write: number, sector: number, count = 1) => patternOf(write, sector, count);

describe("the order of the log", () => {
  test("a write waits for the flush that was submitted after it had ended", async () => {
    // Writes a, b, c; c and a end; a flush is submitted, then d with FUA; b ends; the flush, then d.
    const { bench, device, words } = setUp({ slow: ["disk"] });
    const requests = ["a", "b", "c"].map((_, sector) => device.write(pattern(2, sector), sector));
    await quiet();
    await bench.release(/write 2\+1/);
    await bench.release(/write 0\+1/);
    const flush = device.flush();
    await quiet();
    const fua = device.write(pattern(2, 3), 3, { fua: true });
    await quiet();
    await bench.release(/write 1\+1/);
    assertEquals(words(), []);
    await bench.release(/flush/);
    assertEquals(words(), ["write 2+1", "write 0+1", "flush"]);
    await bench.release(/write 3\+1/);
    assertEquals(words(), ["write 2+1", "write 0+1", "flush", "fua 3+1"]);
    await bench.settle(device.flush());
    assertEquals(words().slice(4), ["write 1+1", "flush"]);
    await bench.settle(Promise.all([...requests, flush, fua]));
  });

  test("FUA passes what is unflushed, even what it overlaps", () => {
    const { device, words } = setUp();
    device.writeSync(pattern(2, 5), 5);
    device.writeSync(pattern(3, 5), 5, { fua: true });
    assertEquals(words(), ["fua 5+1"]);
    device.flushSync();
    assertEquals(words(), ["fua 5+1", "write 5+1", "flush"]);
  });

  describe("of two flushes at once", () => {
    /** Write 0, a flush, write 1, a flush; both flushes are under way. */
    async function twoFlushes() {
      const rig = setUp({ slow: ["disk"] });
      const { bench, device } = rig;
      await bench.settle(device.write(pattern(2, 0), 0));
      const outcome = (flush: Promise<void>) => flush.then(() => "ended", () => "failed");
      const first = outcome(device.flush());
      await quiet();
      const late = device.write(pattern(2, 1), 1);
      await quiet();
      await bench.release(/write/);
      await late;
      const second = outcome(device.flush());
      await quiet();
      return { ...rig, first, second };
    }

    /** Lets the later one end first, or fail. */
    async function releaseSecond({ bench }: Awaited<ReturnType<typeof twoFlushes>>) {
      bench.held.reverse();
      await bench.release(/flush/);
    }

    test("each takes along what had ended when it came", async () => {
      const rig = await twoFlushes();
      await rig.bench.release(/flush/);
      assertEquals(rig.words(), ["write 0+1", "flush"]);
      await rig.bench.settle(Promise.all([rig.first, rig.second]));
      assertEquals(rig.words(), ["write 0+1", "flush", "write 1+1", "flush"]);
    });

    test("the later one covers what the earlier one took", async () => {
      const rig = await twoFlushes();
      await releaseSecond(rig);
      assertEquals(rig.words(), ["write 0+1", "write 1+1", "flush"]);
      await rig.bench.settle(rig.first);
      assertEquals(rig.words(), ["write 0+1", "write 1+1", "flush", "flush"]);
    });

    test("what one took that fails is logged by the other, or by the next", async () => {
      const one = await twoFlushes();
      one.bench.fault = ({ kind }) => kind === "flush";
      await one.bench.release(/flush/);
      one.bench.fault = () => false;
      assertEquals(await one.first, "failed");
      await one.bench.settle(one.second);
      assertEquals(one.words(), ["write 0+1", "write 1+1", "flush"]);

      const both = await twoFlushes();
      both.bench.fault = ({ kind }) => kind === "flush";
      await releaseSecond(both);
      await both.bench.settle(both.first);
      both.bench.fault = () => false;
      assertEquals([await both.first, await both.second, both.words()], ["failed", "failed", []]);
      await both.bench.settle(both.device.flush());
      assertEquals(both.words(), ["write 0+1", "write 1+1", "flush"]);
    });
  });

  test("a mark comes where the log is, before what is unflushed", () => {
    const { device, target, words } = setUp();
    device.writeSync(pattern(2, 0), 0, { fua: true });
    device.writeSync(pattern(2, 1), 1);
    assertEquals(target.message?.(["MARK", "here"]), "");
    assertEquals(words(), ["fua 0+1", "mark here"]);
    device.flushSync();
    assertEquals(words().slice(2), ["write 1+1", "flush"]);
  });

  test("at the end comes what is unflushed, and a last mark; and all of it is durable", () => {
    const { device, target, log } = setUp();
    device.writeSync(pattern(2, 0), 0);
    device.discardSync(4, 2);
    device.closeSync();
    assertEquals(readLog(log.durable).map(({ words }) => words), [
      "write 0+1",
      "discard 4+2",
      "mark dm-log-writes-end",
    ]);
    assertEquals(target.status(), "3 4");
  });
});

describe("what is logged", () => {
  test("is the bytes as they were when written, with FUA or without", () => {
    const { device, entries } = setUp();
    const bytes = pattern(2, 0, 3);
    device.writeSync(bytes, 0);
    device.writeSync(pattern(3, 8, 2), 8, { fua: true });
    bytes.fill(0);
    device.flushSync();
    assertEquals(entries().map((entry) => entry.words), ["fua 8+2", "write 0+3", "flush"]);
    assertEquals(entries()[0]?.bytes, pattern(3, 8, 2));
    assertEquals(entries()[1]?.bytes, pattern(2, 0, 3));
  });

  test("is zeroes as bytes, in pieces of 2048 sectors at most", () => {
    const bench = new Bench();
    const disk = bench.disk("disk", 5000, { content: new Uint8Array(5000 * 512).fill(1) });
    const log = bench.disk("log", 5100);
    const options = { device: disk.device, logDevice: log.device, sectorCount: 5000 };
    const device = deviceOf(createLogWrites(options));
    device.writeZeroesSync(1, 4099, { fua: true });
    device.closeSync();
    const entries = readLog(log.bytes);
    assertEquals(entries.map(({ words }) => words), [
      "fua 1+2048",
      "fua 2049+2048",
      "fua 4097+3",
      "mark dm-log-writes-end",
    ]);
    assertEquals(entries.slice(0, 3).every(({ bytes }) => bytes.every((byte) => byte === 0)), true);
    assertEquals(disk.bytes.findIndex((byte) => byte === 0), 512);
    assertEquals(disk.bytes.indexOf(1, 512), 4100 * 512);
  });

  test("is a discard without bytes, also where the device cannot discard", () => {
    for (const discard of [true, false]) {
      const { device, bench, words } = setUp({ discard });
      assertEquals([device.supports.discard, device.supports.discardZeroes], [true, discard]);
      device.discardSync(3, 20);
      assertEquals(bench.takeTrace(), discard ? ["disk discard 3+20"] : []);
      device.flushSync();
      assertEquals(words(), ["discard 3+20", "flush"]);
    }
  });

  test("is no read", () => {
    const { device, bench, target } = setUp();
    assertEquals(readOf(device, 3, 2), pattern(1, 3, 2));
    assertEquals([bench.takeTrace(), target.status()], [["disk read 3+2"], "0 0"]);
  });

  test("is no write or flush that failed; what a failed flush took waits for the next", () => {
    const { device, bench, words } = setUp();
    device.writeSync(pattern(2, 0), 0);
    bench.fault = ({ disk }) => disk === "disk";
    const requests = [
      () => device.writeSync(pattern(2, 1), 1),
      () => device.writeSync(pattern(2, 2), 2, { fua: true }),
      () => device.discardSync(3, 1),
      () => device.flushSync(),
    ];
    for (const request of requests) assertThrows(request, BlockDeviceError, "worn");
    bench.fault = () => false;
    device.writeSync(pattern(2, 4), 4);
    device.flushSync();
    assertEquals(words(), ["write 0+1", "write 4+1", "flush"]);
  });

  test("is in blocks of the device's logical size", () => {
    const bench = new Bench();
    const disk = bench.disk("4K", 32, { logicalSectors: 8 });
    const log = bench.disk("log", 200);
    const options = { device: disk.device, logDevice: log.device, sectorCount: 32 };
    const device = deviceOf(createLogWrites(options));
    device.writeSync(pattern(2, 16, 8), 16);
    device.discardSync(0, 16);
    device.closeSync();
    assertEquals(readLog(log.bytes, { blockBytes: 4096 }).map(({ words }) => words), [
      "write 2+1",
      "discard 0+2",
      "mark dm-log-writes-end",
    ]);
    assertEquals(bench.trace.at(-1)?.kind, "flush");
  });
});

describe("when entries are on the log device", () => {
  test("with the end of the request that made them", async () => {
    const { bench, device, words } = setUp({ slow: ["log"] });
    let isOver = false;
    const writing = device.write(pattern(2, 0), 0, { fua: true }).then(() => isOver = true);
    await quiet();
    assertEquals([isOver, bench.heldWords()], [false, ["log write 1+2"]]);
    await bench.settle(writing);
    assertEquals([isOver, words()], [true, ["fua 0+1"]]);
  });

  test("a mark on a slow log with the next flush or suspension, and in its own place", async () => {
    const { bench, device, target, words } = setUp({ slow: ["log"] });
    await bench.settle(device.write(pattern(2, 0), 0, { fua: true }));
    target.message?.(["mark", "a"]);
    await quiet();
    assertEquals([bench.held.length, words()], [0, ["fua 0+1"]]);
    await bench.settle(device.write(pattern(2, 1), 1, { fua: true }));
    assertEquals(words(), ["fua 0+1", "mark a", "fua 1+1"]);
    target.message?.(["mark", "b"]);
    await bench.settle(runAsync(device.suspend()));
    assertEquals(words().slice(3), ["mark b"]);
  });

  test("a mark that comes while the log is written follows what is being written", async () => {
    const { bench, device, target, words } = setUp({ slow: ["log"] });
    const writing = device.write(pattern(2, 0), 0, { fua: true });
    await quiet();
    target.message?.(["mark", "a"]);
    await bench.settle(writing);
    assertEquals(words(), ["fua 0+1", "mark a"]);
  });

  test("who cannot wait while it is written is refused, with nothing changed", async () => {
    const { bench, device, target, words } = setUp({ slow: ["log"] });
    const writing = device.write(pattern(2, 0), 0, { fua: true });
    await quiet();
    assertEquals(target.isBusy(), true);
    bench.takeTrace();
    const requests = [() => device.writeSync(pattern(2, 1), 1), () => device.flushSync()];
    for (const request of requests) assertThrows(request, BlockDeviceError, "have to wait");
    assertEquals(bench.takeTrace(), []);
    await bench.settle(writing);
    assertEquals([target.isBusy(), words()], [false, ["fua 0+1"]]);
  });
});

describe("a log that cannot be written", () => {
  test("ends logging and fails no request", () => {
    const { device, bench, target, disk, lines } = setUp();
    device.writeSync(pattern(2, 0), 0, { fua: true });
    bench.fault = (request) => request.disk === "log";
    device.writeSync(pattern(2, 1), 1, { fua: true });
    assertEquals([target.status(), lines], [
      "2 4 logging_disabled",
      ["log-writes: Error writing log block, error=-5"],
    ]);
    device.writeSync(pattern(2, 2, 2), 2);
    device.writeZeroesSync(4, 1);
    device.discardSync(5, 1);
    device.flushSync();
    target.message?.(["mark", "lost"]);
    device.closeSync();
    const expected = patternOf(1, 0, 32);
    expected.set(pattern(2, 0, 4));
    expected.fill(0, 4 * 512, 6 * 512);
    assertEquals(disk.bytes, expected);
  });

  test("is full when an entry reaches its end", () => {
    const { device, target, lines, words } = setUp({ logSectors: 8 });
    device.writeSync(pattern(2, 0, 4), 0, { fua: true });
    assertEquals(target.status(), "1 5");
    device.writeSync(pattern(2, 4), 4, { fua: true });
    assertEquals([target.status(), lines], [
      "1 7 logging_disabled",
      ["log-writes: Ran out of space on the logdev"],
    ]);
    assertEquals(words(), ["fua 0+4"]);
  });

  test("does not make a discard fail that the device cannot do", () => {
    const { device, bench } = setUp({ discard: false, logSectors: 2 });
    device.writeSync(pattern(2, 0), 0, { fua: true });
    device.discardSync(0, 1);
    assertEquals(bench.takeTrace(), ["disk write 0+1 fua"]);
  });

  test("is refused where its blocks are larger than the device's", () => {
    const bench = new Bench();
    const device = bench.disk("disk", 32).device;
    const logDevice = bench.disk("log", 64, { logicalSectors: 8 }).device;
    const make = () => createLogWrites({ device, logDevice, sectorCount: 32 });
    const error = assertThrows(
      make,
      TargetError,
      "the log has blocks of 8 sectors, want at most 1",
    );
    assertEquals(error.code, "EINVAL");
  });
});

test("messages that are none are refused with dm's line, and change nothing", () => {
  const { target, lines } = setUp();
  const count = (found: number) =>
    `Invalid log-writes message arguments, expect 2 arguments, got ${found}`;
  const refused: [string[], string][] = [
    [[], count(0)],
    [["mark"], count(1)],
    [["mark", "a", "b"], count(3)],
    [["Note", "a"], "Unrecognised log writes target message received: Note"],
  ];
  for (const [words, line] of refused) {
    lines.length = 0;
    const error = assertThrows(
      () => target.message?.(words),
      BlockDeviceError,
      "log-writes target",
    );
    assertEquals([error.code, lines], ["EINVAL", [`log-writes: ${line}`]]);
  }
  assertEquals(target.status(), "0 0");
});

test("it can do what the device can, at once if the log can too", () => {
  const sync = (slow: readonly string[]) => setUp({ slow }).target.supports.sync;
  assertEquals([sync([]), sync(["log"]), sync(["disk"])], [true, false, false]);
  const bench = new Bench();
  const device = bench.disk("disk", 8, { readOnly: true, logicalSectors: 8 }).device;
  const logDevice = bench.disk("log", 8).device;
  const { supports, limits } = createLogWrites({ device, logDevice, sectorCount: 8 });
  assertEquals([supports.write, supports.discard, limits.logicalSectors], [false, false, 8]);
});

test("its words name both devices", () => {
  const { target, disk, log } = setUp();
  assertEquals([target.table(), target.status(), target.isBusy()], ["disk log", "0 0", false]);
  assertEquals(target.devices, [disk.device, log.device]);
  const options = { device: disk.device, logDevice: log.device, sectorCount: 8 };
  const numbers = new Map([[disk.device, "254:0"], [log.device, "254:16"]]);
  const named = createLogWrites({
    ...options,
    deviceWord: (device) => numbers.get(device as typeof disk.device) ?? "?",
  });
  assertEquals(named.table(), "254:0 254:16");
});

test("a table that is never used leaves an empty log with its end", () => {
  const { bench, log } = setUp();
  const target = createLogWrites({
    device: bench.disk("other", 8).device,
    logDevice: log.device,
    sectorCount: 8,
  });
  runSync(target.destroy());
  assertEquals(readLog(log.bytes).map(({ words }) => words), ["mark dm-log-writes-end"]);
});

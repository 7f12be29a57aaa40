import { assertEquals, assertRejects } from "@std/assert";
import { describe, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { runAsync, runSync } from "../../../../src/block/plan.ts";
import { LOG_FLAGS } from "../../../../src/targets/fault/log_format.ts";
import { type LoggedRequest, LogWriter } from "../../../../src/targets/fault/log_writer.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { Bench, quiet } from "../../exception/rig.ts";
import { readLog, superCountOf } from "./rig.ts";

function setUp({ sectorCount = 64, blockSectors = 1, isSlow = false } = {}) {
  const bench = new Bench();
  const disk = bench.disk("log", sectorCount, {
    content: new Uint8Array(sectorCount * 512).fill(0xa5),
  });
  const lines: string[] = [];
  const device = isSlow ? disk.slow : disk.device;
  const writer = new LogWriter(device, blockSectors, (line) => lines.push(line));
  return { bench, disk, lines, writer };
}

const write = (number: number, sector: number, sectorCount: number, flags = 0): LoggedRequest => ({
  entry: { sector, sectorCount, flags, mark: "" },
  bytes: patternOf(number, sector, sectorCount),
});
const mark = (text: string): LoggedRequest => ({
  entry: { sector: 0, sectorCount: 0, flags: LOG_FLAGS.mark, mark: text },
  bytes: null,
});
const flush: LoggedRequest = {
  entry: { sector: 0, sectorCount: 0, flags: LOG_FLAGS.flush, mark: "" },
  bytes: null,
};
const zeroes: LoggedRequest = {
  entry: { sector: 8, sectorCount: 3, flags: 0, mark: "" },
  bytes: null,
};
const discard: LoggedRequest = {
  entry: { sector: 8, sectorCount: 30, flags: LOG_FLAGS.discard, mark: "" },
  bytes: null,
};

test("entries follow each other, each with its bytes; a discard has none", () => {
  const { writer, disk, bench } = setUp();
  runSync(writer.planAppend([write(1, 3, 2), zeroes, discard, flush, mark("here")]));
  assertEquals(bench.takeTrace(), [
    "log write 1+3",
    "log write 4+1",
    "log zero 5+3",
    "log write 8+1",
    "log write 9+1",
    "log write 10+1",
    "log write 0+1",
  ]);
  const entries = readLog(disk.bytes);
  assertEquals(entries.map(({ words }) => words), [
    "write 3+2",
    "write 8+3",
    "discard 8+30",
    "flush",
    "mark here",
  ]);
  assertEquals([entries[0]?.bytes, entries[1]?.bytes], [patternOf(1, 3, 2), new Uint8Array(1536)]);
  assertEquals([writer.entryCount, writer.lastSector], [5, 10]);
});

test("the super counts with every FUA and mark, and with nothing else", () => {
  const { writer, disk } = setUp();
  assertEquals([writer.entryCount, writer.lastSector], [0, 0]);
  const counts = [write(1, 0, 1), mark("a"), flush, write(2, 0, 1, LOG_FLAGS.fua)].map(
    (request) => {
      runSync(writer.planAppend([request]));
      return disk.bytes[0] === 0xa5 ? null : superCountOf(disk.bytes);
    },
  );
  assertEquals(counts, [null, 2, 2, 4]);
});

test("in blocks of 8 sectors everything is aligned to them", () => {
  const { writer, disk, bench } = setUp({ blockSectors: 8 });
  const entry = { sector: 16, sectorCount: 8, flags: LOG_FLAGS.fua, mark: "" };
  runSync(writer.planAppend([{ entry, bytes: patternOf(1, 16, 8) }, mark("m")]));
  assertEquals(bench.takeTrace(), [
    "log write 8+16",
    "log write 0+8",
    "log write 24+8",
    "log write 0+8",
  ]);
  const entries = readLog(disk.bytes, { blockBytes: 4096 });
  assertEquals(entries.map(({ words }) => words), ["fua 2+1", "mark m"]);
  assertEquals(entries[0]?.bytes, patternOf(1, 16, 8));
});

describe("one plan writes at a time", () => {
  test("others wait until what they have appended is written, in the order of appending", async () => {
    const { writer, disk, bench } = setUp({ isSlow: true });
    const first = runAsync(writer.planAppend([write(1, 0, 1), write(2, 1, 1)]));
    await quiet();
    assertEquals([writer.isWriting, bench.heldWords()], [true, ["log write 1+2"]]);
    let isSecondOver = false;
    const second = runAsync(writer.planAppend([mark("second")])).then(() => isSecondOver = true);
    writer.append([mark("third")]);
    await bench.release();
    await bench.release();
    assertEquals(isSecondOver, false);
    await bench.settle(Promise.all([first, second]));
    assertEquals(readLog(disk.bytes).map(({ words }) => words), [
      "write 0+1",
      "write 1+1",
      "mark second",
      "mark third",
    ]);
    assertEquals(writer.isWriting, false);
  });

  test("who cannot wait is refused, and has nothing changed", async () => {
    const { writer, bench } = setUp({ isSlow: true });
    const writing = runAsync(writer.planAppend([mark("a")]));
    await quiet();
    await assertRejects(
      async () => await Promise.resolve(runSync(writer.planIdle())),
      BlockDeviceError,
      "would have to wait for a log that is being written",
    );
    await bench.settle(writing);
  });
});

describe("the end of logging", () => {
  test("comes with the first failure, for good, and fails nobody", () => {
    const { writer, bench, lines, disk } = setUp();
    runSync(writer.planAppend([mark("a")]));
    bench.fault = () => true;
    runSync(writer.planAppend([write(1, 0, 1), write(2, 1, 1)]));
    assertEquals([writer.isEnabled, lines], [false, ["Error writing log block, error=-5"]]);
    bench.fault = () => false;
    bench.takeTrace();
    runSync(writer.planAppend([write(3, 0, 1)]));
    runSync(writer.planFlush());
    assertEquals([bench.takeTrace(), superCountOf(disk.bytes)], [[], 1]);
  });

  test.each([
    [3, "the entry itself", ["fua 0+1"]],
    [2, "the super behind it", []],
  ])("at request %i, %s, leaves what was written before", (at, _, left) => {
    const { writer, bench, disk } = setUp();
    disk.bytes.fill(0);
    bench.fault = (_request, index) => index === at;
    runSync(writer.planAppend([write(1, 0, 1, LOG_FLAGS.fua), write(2, 1, 1, LOG_FLAGS.fua)]));
    assertEquals(writer.isEnabled, false);
    assertEquals(readLog(disk.bytes).map(({ words }) => words), left);
  });

  // Entry of one block and three sectors, at sector 1: it ends at sector 5.
  test.each([
    [4, false],
    [5, false],
    [6, true],
  ])(
    "on %i sectors an entry up to sector 5 fits: %o. Linux leaves the last one free",
    (size, fits) => {
      const { writer, bench, lines } = setUp({ sectorCount: size });
      runSync(writer.planAppend([write(1, 0, 3)]));
      assertEquals([writer.isEnabled, bench.takeTrace().length], [fits, fits ? 1 : 0]);
      assertEquals(lines, fits ? [] : ["Ran out of space on the logdev"]);
      assertEquals([writer.entryCount, writer.lastSector], [fits ? 1 : 0, 4]);
    },
  );

  test("comes with a flush that fails, too", () => {
    const { writer, bench, lines } = setUp();
    runSync(writer.planFlush());
    assertEquals(bench.takeTrace(), ["log flush"]);
    bench.fault = () => true;
    runSync(writer.planFlush());
    assertEquals([writer.isEnabled, lines], [false, ["Error flushing log, error=-5"]]);
  });
});

test("a device that cannot answer now gets the same entry later, in the same place", () => {
  const { writer, bench, disk, lines } = setUp();
  runSync(writer.planAppend([mark("a")]));
  let isBusy = true;
  bench.fault = () => {
    if (isBusy) throw new BlockDeviceError("EAGAIN", "not now");
    return false;
  };
  runSync(writer.planAppend([write(1, 0, 1), mark("b")]));
  assertEquals([writer.isEnabled, writer.entryCount, writer.lastSector, lines], [true, 1, 1, []]);
  isBusy = false;
  runSync(writer.planAppend([mark("c")]));
  assertEquals(readLog(disk.bytes).map(({ words }) => words), [
    "mark a",
    "write 0+1",
    "mark b",
    "mark c",
  ]);
});

import { assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { runAsync, runSync } from "../../../../src/block/plan.ts";
import { encodeLogEntry, encodeLogSuper } from "../../../../src/targets/fault/log_format.ts";
import type { LogEntry } from "../../../../src/targets/fault/log_format.ts";
import { openLog, type ReplayOptions } from "../../../../src/targets/fault/log_replay.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { Bench } from "../../exception/rig.ts";

const [FLUSH, FUA, DISCARD, MARK] = [1, 2, 4, 8];

/** An entry of the log below, and what it wrote. */
type Part = [Partial<LogEntry>, Uint8Array?];

/** A log device with these entries, and a disk of write 1 to replay onto. */
function setUp(parts: readonly Part[], { blockSectors = 1, logSectors = 0, discard = true } = {}) {
  const blockBytes = blockSectors * 512;
  const blocks: Uint8Array[] = [new Uint8Array(blockBytes)];
  encodeLogSuper(blocks[0]!, parts.length);
  for (const [more, bytes] of parts) {
    const block = new Uint8Array(blockBytes);
    encodeLogEntry(block, { sector: 0, sectorCount: 0, flags: 0, mark: "", ...more });
    blocks.push(block, ...bytes === undefined ? [] : [bytes]);
  }
  const content = Uint8Array.from(blocks.flatMap((block) => [...block]));
  const bench = new Bench();
  const log = bench.disk("log", logSectors || content.length / 512, { content });
  const target = bench.disk("target", 32, { content: patternOf(1, 0, 32), discard });
  const open = () => runSync(openLog(log.device));
  return { bench, log, target, open };
}

const write = (number: number, sector: number, count: number, flags = 0): Part => [
  { sector, sectorCount: count, flags },
  patternOf(number, sector, count),
];

/** Two writes, a flush, a FUA, a mark, a discard, a mark again. */
const LOG: readonly Part[] = [
  write(2, 0, 3),
  write(3, 2, 2),
  [{ flags: FLUSH }],
  write(4, 10, 1, FUA),
  [{ flags: MARK, mark: "half" }],
  [{ sector: 3, sectorCount: 8, flags: DISCARD }],
  [{ flags: MARK, mark: "end" }],
];

/** What the target holds after so many entries of LOG. */
function modelOf(entryCount: number): Uint8Array {
  const bytes = patternOf(1, 0, 32);
  for (const [{ sector = 0, sectorCount = 0, flags = 0 }, written] of LOG.slice(0, entryCount)) {
    if (flags === DISCARD) bytes.fill(0, sector * 512, (sector + sectorCount) * 512);
    else if (written !== undefined) bytes.set(written, sector * 512);
  }
  return bytes;
}

describe("a replay", () => {
  const stops: [string, ReplayOptions, number, number | null][] = [
    ["the whole log", {}, 7, null],
    ["one entry", { entriesMax: 1 }, 1, 0],
    ["all entries by number", { entriesMax: 7 }, 7, 6],
    ["more entries than there are", { entriesMax: 8 }, 7, null],
    ["the next flush", { nextFlush: true }, 3, 2],
    ["the next FUA", { nextFua: true }, 4, 3],
    ["a mark", { endMark: "half" }, 5, 4],
    ["the last mark", { endMark: "end" }, 7, 6],
    ["a mark that is not there", { endMark: "hal" }, 7, null],
    ["whatever comes first", { nextFua: true, nextFlush: true, endMark: "half" }, 3, 2],
    ["a number before a flush", { nextFlush: true, entriesMax: 2 }, 2, 1],
  ];
  test.each(stops)("of %s", (_, options, count, stoppedAt) => {
    const { open, target, bench } = setUp(LOG);
    const replay = open();
    const result = runSync(replay.replay(target.device, options));
    assertEquals([result.entryCount, result.stoppedAt?.index ?? null], [count, stoppedAt]);
    assertEquals(replay.entryIndex, count);
    verifySectors(target.durable, modelOf(count), 0, "the target, flushed");
    assertEquals(bench.trace.at(-1)?.kind, "flush");
    const found = runSync(open().find(options));
    assertEquals(found, result.stoppedAt, "finding goes where replaying does");
  });

  test("knows Linux's flush that was sent along with a FUA write: both flags and no bytes", () => {
    const both: Part = [{ sector: 8, flags: FLUSH | FUA }];
    const { open, target } = setUp([write(2, 0, 1), both, write(3, 8, 1, FUA)]);
    for (const stop of [{ nextFlush: true }, { nextFua: true }]) {
      assertEquals(runSync(open().find(stop))?.index, 1);
    }
    runSync(open().replay(target.device));
    const expected = patternOf(1, 0, 32);
    expected.set(patternOf(2, 0, 1));
    expected.set(patternOf(3, 8, 1), 8 * 512);
    verifySectors(target.bytes, expected, 0, "the target");
  });

  test("goes on from where it stopped, entry by entry", () => {
    const { open, target } = setUp(LOG);
    const replay = open();
    for (let count = 1; count <= LOG.length; count++) {
      const { stoppedAt } = runSync(replay.replay(target.device, { entriesMax: 1 }));
      assertEquals(stoppedAt?.index, count - 1);
      verifySectors(target.bytes, modelOf(count), 0, `after entry ${count}`);
    }
    assertEquals(runSync(replay.replay(target.device)), { entryCount: 0, stoppedAt: null });
    assertEquals(runSync(replay.next()), null);
  });

  test("by promises is the same", async () => {
    const { log, target, bench } = setUp(LOG);
    const replay = await bench.settle(runAsync(openLog(log.slow)));
    await bench.settle(runAsync(replay.replay(target.slow)));
    verifySectors(target.bytes, modelOf(LOG.length), 0, "the target");
  });

  test("can leave discards out", () => {
    const { open, target } = setUp(LOG);
    runSync(open().replay(target.device, { ignoresDiscards: true }));
    verifySectors(target.bytes, modelOf(5), 0, "the target");
  });

  test("writes zeroes where the device cannot discard", () => {
    const { open, target, bench } = setUp(LOG, { discard: false });
    runSync(open().replay(target.device));
    verifySectors(target.bytes, modelOf(7), 0, "the target");
    assertEquals(bench.takeTrace().includes("target zero 3+8"), true);
  });

  test("of a log in larger blocks counts in sectors", () => {
    const parts: Part[] = [write(2, 8, 16), [{ sector: 24, sectorCount: 8, flags: DISCARD }]];
    const { open, target } = setUp(parts, { blockSectors: 8 });
    const replay = open();
    assertEquals(runSync(replay.next()), {
      index: 0,
      entry: { sector: 8, sectorCount: 16, flags: 0, mark: "" },
    });
    runSync(open().replay(target.device));
    const expected = patternOf(1, 0, 32);
    expected.set(patternOf(2, 8, 16), 8 * 512);
    expected.fill(0, 24 * 512);
    verifySectors(target.bytes, expected, 0, "the target");
  });

  test("copies large entries in pieces", () => {
    const bench = new Bench();
    const target = bench.disk("large", 5000);
    const { open, log } = setUp([write(2, 7, 4900)]);
    runSync(open().replay(target.device));
    assertEquals(bench.takeTrace(), [
      "large write 7+2048",
      "large write 2055+2048",
      "large write 4103+804",
      "large flush",
    ]);
    verifySectors(target.bytes.subarray(7 * 512, 4907 * 512), patternOf(2, 7, 4900), 7, "large");
    assertEquals(log.bytes.length, 4902 * 512);
  });
});

describe("seeking", () => {
  test("to an entry passes over those before it", () => {
    const { open, target, bench } = setUp(LOG);
    const replay = open();
    runSync(replay.seekEntry(3));
    assertEquals(bench.takeTrace().every((words) => words.startsWith("log read")), true);
    assertEquals([replay.entryIndex, replay.entryCount], [3, 7]);
    runSync(replay.replay(target.device, { entriesMax: 1 }));
    const expected = patternOf(1, 0, 32);
    expected.set(patternOf(4, 10, 1), 10 * 512);
    verifySectors(target.bytes, expected, 0, "only entry 3");
  });

  test("to a mark goes behind it", () => {
    const replay = setUp(LOG).open();
    runSync(replay.seekMark("half"));
    assertEquals(replay.entryIndex, 5);
  });

  test("ends at the end, and does not go past it or back", () => {
    const { open } = setUp(LOG);
    const replay = open();
    for (const index of [-1, 8, 0.5, NaN, 2 ** 60]) {
      const seek = () => runSync(replay.seekEntry(index));
      assertEquals(assertThrows(seek, BlockDeviceError, "want 0 to 7").code, "EINVAL");
    }
    runSync(replay.seekEntry(7));
    runSync(replay.seekEntry(7));
    assertThrows(() => runSync(replay.seekEntry(6)), BlockDeviceError, "want 7 to 7");
    const missing = assertThrows(() => runSync(open().seekMark("nowhere")), BlockDeviceError);
    assertEquals(missing.code, "ENOENT");
  });
});

describe("a log that is broken is refused, with nothing written of the entry", () => {
  const refused = (message: string, parts: readonly Part[], options = {}) => {
    const { open, target, bench } = setUp(parts, options);
    const replay = open();
    const error = assertThrows(
      () => runSync(replay.replay(target.device)),
      BlockDeviceError,
      message,
    );
    assertEquals([error.code, replay.entryIndex], ["EINVAL", parts.length - 1]);
    const after = bench.trace.filter(({ disk }) => disk === "target");
    assertEquals(after.length, parts.length - 1, "what came before, and nothing else");
    return error;
  };

  test("when an entry reaches past the target", () => {
    refused('"target" ends at sector 32', [write(2, 0, 1), write(2, 30, 3)]);
    refused("ends at sector 32", [[{ sector: 31, sectorCount: 2, flags: DISCARD }]]);
    refused("ends at sector 32", [[{ sector: 2 ** 44 - 8, sectorCount: 2, flags: DISCARD }]]);
  });

  test("when an entry's bytes reach past the log", () => {
    refused("which ends at sector 6", [[{ sector: 0, sectorCount: 4 }]], { logSectors: 5 });
    refused("the device ends at sector 4", [[{ sector: 0, sectorCount: 2 ** 43 }]], {
      logSectors: 4,
    });
  });

  test("when the super counts more entries than the device can hold", () => {
    const { log, target, open } = setUp([write(2, 0, 1)]);
    encodeLogSuper(log.bytes.subarray(0, 512), 2 ** 43);
    const replay = open();
    const attempt = () => runSync(replay.replay(target.device));
    assertThrows(attempt, BlockDeviceError, "read entry 1, which ends at sector 4");
    assertEquals(target.bytes.subarray(0, 512), patternOf(2, 0, 1));
    assertThrows(() => runSync(open().seekEntry(2 ** 43)), BlockDeviceError, "entry 1");
  });

  test("when there is none", () => {
    const bench = new Bench();
    const open = (sectorCount: number) => () =>
      runSync(openLog(bench.disk("none", sectorCount).device));
    assertThrows(open(8), BlockDeviceError, "which is no log");
    assertThrows(open(0), BlockDeviceError, "it has 0 sectors");
  });

  test("when its blocks are smaller than those of the device that holds it", () => {
    const bench = new Bench();
    const log = bench.disk("4K", 16, { logicalSectors: 8 });
    encodeLogSuper(log.bytes.subarray(0, 512), 0);
    const open = () => runSync(openLog(log.device));
    assertThrows(open, BlockDeviceError, "blocks of 1 sectors, want at least 8");
    encodeLogSuper(log.bytes.subarray(0, 4096), 0);
    assertEquals(open().entryCount, 0);
    const small = bench.disk("small", 7, { logicalSectors: 8 });
    assertThrows(() => runSync(openLog(small.device)), BlockDeviceError, "it has 7 sectors");
  });

  test("a device that fails leaves the replay in front of the entry", () => {
    const { open, target, bench } = setUp(LOG);
    const replay = open();
    bench.fault = ({ disk, kind }) => disk === "target" && kind === "discard";
    assertThrows(() => runSync(replay.replay(target.device)), BlockDeviceError, "worn");
    assertEquals(replay.entryIndex, 5);
    bench.fault = () => false;
    runSync(replay.replay(target.device));
    verifySectors(target.bytes, modelOf(7), 0, "the target");
  });

  test("by any change of its bytes, it is replayed or refused, and never anything else", () => {
    const reasons = new Map<string, number>();
    for (let seed = 0; seed < 2000; seed++) {
      const { log, target } = setUp(LOG, { logSectors: 40 });
      const prng = Prng.fromSeed(`broken log/${seed}`);
      for (let change = prng.intBetween(1, 4); change > 0; change--) {
        const at = prng.int(40) * 512 + prng.int(40);
        log.bytes[at] = prng.pick([0, 1, 0x7f, 0x80, 0xff, prng.int(256)]);
      }
      let reason = "replayed";
      try {
        runSync(runSync(openLog(log.device)).replay(target.device));
      } catch (error) {
        if (!(error instanceof BlockDeviceError)) {
          throw new Error(`seed ${seed}: ${error}`, { cause: error });
        }
        reason = error.message.replace(/\d+/g, "n").slice(0, 40);
      }
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    assertEquals(reasons.size >= 5, true, [...reasons.keys()].join("\n"));
    assertEquals((reasons.get("replayed") ?? 0) > 300, true);
  });
});

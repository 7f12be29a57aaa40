/**
 * Writing a log and replaying it, together, by seed: what comes back is what a model says.
 *
 * The model is a list of what is unflushed and a list of what is logged, and knows nothing of the code.
 */
import { assertEquals } from "@std/assert";
import { describe, test } from "vitest";
import {
  discardStep,
  flushStep,
  type Plan,
  runSync,
  type Step,
} from "../../../../src/block/plan.ts";
import { writeStep, zeroStep } from "../../../../src/block/plan.ts";
import { openLog } from "../../../../src/targets/fault/log_replay.ts";
import { createLogWrites } from "../../../../src/targets/fault/log_writes.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import { runSeeded } from "../../../../src/testing/seeded_runner.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { Bench } from "../../exception/rig.ts";
import { deviceOf, readLog } from "./rig.ts";

const SECTORS = 64;

/** How to try one seed again. */
function withSeed(seed: string, body: () => void): void {
  try {
    body();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const replay = `SEED="${seed}" deno task test:unit test/unit/targets/fault/write_log`;
    throw new Error(`${message}\n${replay}`, { cause });
  }
}

const chosen = Deno.env.get("SEED");
const seedsOf = (name: string, count: number) =>
  chosen === undefined ? Array.from({ length: count }, (_, at) => `${name}/${at}`) : [chosen];

/** A request, as the log has it. `bytes` is `null` where it writes none. */
interface Done {
  readonly words: string;
  readonly sector: number;
  readonly bytes: Uint8Array | null;
}

function applied(bytes: Uint8Array, requests: readonly Done[]): Uint8Array {
  const result = bytes.slice();
  for (const { sector, bytes: written } of requests) if (written) result.set(written, sector * 512);
  return result;
}

/** What is logged when, by the rule alone. */
class Model {
  unflushed: Done[] = [];
  readonly logged: Done[] = [];
  /** A FUA write came over something unflushed, which then follows it in the log. */
  hasCrossed = false;

  write(request: Done, fua: boolean): void {
    if (!fua) {
      this.unflushed.push(request);
      return;
    }
    const end = (each: Done) => each.sector + (each.bytes?.length ?? 0) / 512;
    this.hasCrossed ||= this.unflushed.some((each) =>
      each.sector < end(request) && request.sector < end(each)
    );
    this.logged.push(request);
  }

  flush(): void {
    this.logged.push(...this.unflushed, { words: "flush", sector: 0, bytes: null });
    this.unflushed = [];
  }

  mark(text: string): void {
    this.logged.push({ words: `mark ${text}`, sector: 0, bytes: null });
  }

  end(): void {
    this.logged.push(...this.unflushed);
    this.mark("dm-log-writes-end");
  }
}

function setUp(unit = 1, logSectors = 200) {
  const bench = new Bench();
  const disk = bench.disk("disk", SECTORS, {
    content: patternOf(1, 0, SECTORS),
    logicalSectors: unit,
  });
  const log = bench.disk("log", logSectors);
  const target = createLogWrites({
    device: disk.device,
    logDevice: log.device,
    sectorCount: SECTORS,
  });
  const copy = () =>
    new Bench().disk("copy", SECTORS, {
      content: patternOf(1, 0, SECTORS),
      logicalSectors: unit,
    });
  return { bench, disk, log, target, copy, device: deviceOf(target) };
}

/** Does random requests one after the other, to a device and to the model. */
function workSequentially(seed: string) {
  const prng = Prng.fromSeed(seed);
  const unit = prng.pick([1, 1, 8]);
  const rig = setUp(unit, 6000);
  const model = new Model();
  for (let turn = prng.intBetween(1, 60); turn > 0; turn--) {
    const kind = prng.weighted({ write: 6, fua: 2, zero: 1, discard: 2, flush: 2, mark: 1 });
    const first = prng.int(SECTORS / unit);
    const count = prng.intBetween(1, Math.min(SECTORS / unit - first, 8)) * unit;
    const sector = first * unit;
    const range = `${first}+${count / unit}`;
    const zeroes = new Uint8Array(count * 512);
    if (kind === "flush") {
      rig.device.flushSync();
      model.flush();
    } else if (kind === "mark") {
      const text = `m${turn}`;
      rig.target.message?.(["mark", text]);
      model.mark(text);
    } else if (kind === "discard") {
      rig.device.discardSync(sector, count);
      model.write({ words: `discard ${range}`, sector, bytes: zeroes }, false);
    } else {
      const fua = kind === "fua" || (kind === "zero" && prng.bool());
      const bytes = kind === "zero" ? zeroes : patternOf(turn + 1, sector, count);
      if (kind === "zero") rig.device.writeZeroesSync(sector, count, { fua });
      else rig.device.writeSync(bytes, sector, { fua });
      model.write({ words: `${fua ? "fua" : "write"} ${range}`, sector, bytes }, fua);
    }
  }
  rig.device.closeSync();
  model.end();
  return { ...rig, model, prng, unit };
}

test("requests one after the other: the log and every replay of it are the model's", () => {
  let entryCount = 0;
  for (const seed of seedsOf("sequential", 80)) {
    withSeed(seed, () => {
      const { model, log, copy, disk, prng, unit } = workSequentially(seed);
      const { logged } = model;
      assertEquals(
        readLog(log.bytes, { blockBytes: unit * 512 }).map(({ words }) => words),
        logged.map(({ words }) => words),
      );
      const modelAt = (count: number) => applied(patternOf(1, 0, SECTORS), logged.slice(0, count));
      // Entry by entry on one device, and afresh to some entry, to each flush, and to each mark.
      const stepwise = copy();
      const replay = runSync(openLog(log.device));
      for (let count = 1; count <= logged.length; count++) {
        runSync(replay.replay(stepwise.device, { entriesMax: 1 }));
        verifySectors(stepwise.bytes, modelAt(count), 0, `after ${count} entries`);
      }
      const afresh = copy();
      const count = prng.intBetween(1, logged.length);
      runSync(runSync(openLog(log.device)).replay(afresh.device, { entriesMax: count }));
      verifySectors(afresh.durable, modelAt(count), 0, `afresh to ${count} entries`);
      const flushes = copy();
      const toFlushes = runSync(openLog(log.device));
      for (const [index, { words }] of logged.entries()) {
        if (words.startsWith("mark")) {
          const marked = copy();
          const endMark = words.slice(5);
          const toMark = runSync(openLog(log.device));
          const { stoppedAt } = runSync(toMark.replay(marked.device, { endMark }));
          assertEquals(stoppedAt?.index, index);
          verifySectors(marked.bytes, modelAt(index + 1), 0, words);
        }
        if (words !== "flush") continue;
        runSync(toFlushes.replay(flushes.device, { nextFlush: true }));
        assertEquals(toFlushes.entryIndex, index + 1);
        verifySectors(flushes.bytes, modelAt(index + 1), 0, `flush at entry ${index}`);
      }
      if (!model.hasCrossed) verifySectors(stepwise.bytes, disk.bytes, 0, "the device itself");
      entryCount += logged.length;
    });
  }
  if (chosen === undefined) assertEquals(entryCount > 2000, true, `${entryCount} entries`);
});

/** When something began and ended, as whoever did it saw it. */
interface Seen {
  readonly words: string;
  readonly startedAt: number;
  endedAt: number;
}

/** Plans that write, flush and mark side by side, each writer on sectors of its own. */
class Traffic {
  readonly seen: Seen[] = [];
  readonly rig = setUp();
  readonly plans: Plan[];
  #time = 0;

  constructor(seed: string) {
    const prng = Prng.fromSeed(seed);
    const writers = prng.intBetween(2, 4);
    this.plans = [
      ...Array.from({ length: writers }, (_, at) => this.#writer(prng, at * 16)),
      this.#flusher(prng.intBetween(1, 5)),
      this.#flusher(prng.int(3)),
      this.#marker(prng.int(3)),
    ];
  }

  *#perform(words: string, step: Step): Plan {
    const seen: Seen = { words, startedAt: ++this.#time, endedAt: Infinity };
    this.seen.push(seen);
    yield step;
    seen.endedAt = ++this.#time;
  }

  *#writer(prng: Prng, firstSector: number): Plan {
    const { device } = this.rig;
    const count = prng.intBetween(2, 6);
    // No two requests of a writer are the same, so that a word names one; no overlaps either.
    for (let at = 0; at < count; at++) {
      const sector = firstSector + at * 2;
      const kind = prng.weighted({ write: 5, fua: 2, zero: 1, discard: 1 });
      const words = `${kind === "zero" ? "write" : kind} ${sector}+2`;
      const bytes = patternOf(2 + at, sector, 2);
      if (kind === "zero") yield* this.#perform(words, zeroStep(device, sector, 2));
      else if (kind === "discard") yield* this.#perform(words, discardStep(device, sector, 2));
      else yield* this.#perform(words, writeStep(device, bytes, sector, kind === "fua"));
    }
  }

  *#flusher(count: number): Plan {
    for (let at = 0; at < count; at++) yield* this.#perform("flush", flushStep(this.rig.device));
  }

  *#marker(count: number): Plan {
    for (let at = 0; at < count; at++) {
      // Something to do in between, so that marks come at any time.
      yield* this.#perform("read", {
        kind: "read",
        device: this.rig.device,
        target: new Uint8Array(512),
        sector: 0,
      });
      this.rig.target.message?.(["mark", `m${at}`]);
    }
  }
}

/** Whether a word of the log is a write that waits for flushes. */
const waits = ({ words }: Seen) => /^(write|discard)/.test(words);

describe("requests side by side", () => {
  test("each is logged once, and writes stand on the right side of flushes", () => {
    for (const seed of seedsOf("beside", 200)) {
      withSeed(seed, () => {
        const { rig, seen, plans } = new Traffic(seed);
        runSeeded(plans, { seed });
        rig.device.closeSync();
        const words = readLog(rig.log.bytes).map((entry) => entry.words);
        const expected = seen.map((each) => each.words).filter((each) => each !== "read");
        assertEquals(words.filter((each) => !each.startsWith("mark")).sort(), expected.sort());
        const flushes = seen.filter((each) => each.words === "flush");
        const flushAt = words.flatMap((each, index) => each === "flush" ? [index] : []);
        for (const write of seen.filter(waits)) {
          const at = words.indexOf(write.words);
          // Flushes look alike; but at least as many follow the write as began after its end.
          const before = flushAt.filter((index) => index < at).length;
          const mustFollow = flushes.filter((flush) => flush.startedAt > write.endedAt).length;
          const mustPrecede = flushes.filter((flush) => flush.endedAt < write.startedAt).length;
          assertEquals(before <= flushes.length - mustFollow, true, `${write.words} is too late`);
          assertEquals(before >= mustPrecede, true, `${write.words} is too early`);
        }
        const { copy, log, disk } = rig;
        const whole = copy();
        runSync(runSync(openLog(log.device)).replay(whole.device));
        verifySectors(whole.bytes, disk.bytes, 0, "the whole log, replayed");
      });
    }
  });

  test("cut at any moment: what was durable to whoever asked is in the log", () => {
    for (const seed of seedsOf("cut", 20)) {
      withSeed(seed, () => {
        const { leafSteps } = runSeeded(new Traffic(seed).plans, { seed });
        for (let leafStepsMax = 0; leafStepsMax <= leafSteps; leafStepsMax++) {
          const { rig, seen, plans } = new Traffic(seed);
          runSeeded(plans, { seed, leafStepsMax });
          const count = Number(rig.target.status().split(" ")[0]);
          const words = readLog(rig.log.bytes, { count }).map((entry) => entry.words);
          const ended = seen.filter((each) => each.endedAt < Infinity);
          for (const fua of ended.filter((each) => each.words.startsWith("fua"))) {
            assertEquals(words.includes(fua.words), true, `${fua.words} at step ${leafStepsMax}`);
          }
          const flushes = ended.filter((each) => each.words === "flush");
          assertEquals(words.filter((each) => each === "flush").length >= flushes.length, true);
          for (const write of ended.filter(waits)) {
            if (!flushes.some((flush) => flush.startedAt > write.endedAt)) continue;
            assertEquals(words.includes(write.words), true, `${write.words} at ${leafStepsMax}`);
          }
        }
      });
    }
  });
});

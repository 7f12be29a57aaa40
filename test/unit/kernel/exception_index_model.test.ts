/**
 * Long random histories of the exception index, each against the reference index.
 *
 * A history is a seed and a *habit*: where it likes to insert, and how long its runs are. After each
 * step the answer is compared; now and then, and at the end, the whole contents, and `check()`.
 * Replay one with `SEED=<seed> deno task test:unit test/unit/kernel -t "<habit>"`.
 */
import process from "node:process";
import { test } from "vitest";
import { assertEquals } from "@std/assert";
import { Arena } from "../../../src/kernel/arena.ts";
import { CHUNKS_MAX, ExceptionIndex } from "../../../src/kernel/exception_index.ts";
import { Prng } from "../../../src/testing/prng.ts";
import { ReferenceIndex, WINDOW_CHUNKS } from "./reference_index.ts";

/** Where the step-th insertion goes: old chunk, new chunk, count. */
type Habit = (prng: Prng, step: number) => [oldChunk: number, newChunk: number, count: number];

/** Multiplying by this undoes the scattering of windows: it finds windows that have one home. */
const GATHER = 0x2a32a66edn;

const HABITS: Record<string, Habit> = {
  "anywhere": (
    prng,
  ) => [prng.int(CHUNKS_MAX - 64), prng.int(CHUNKS_MAX - 64), prng.intBetween(1, 3)],
  "crowded": (prng) => [prng.int(3000), prng.int(10_000), prng.intBetween(1, 4)],
  "in order": (_, step) => [step, step + 7, 1],
  "in reverse": (_, step) => [50_000 - step, 90_000 - step, 1],
  "every second, then between": (prng, step) => {
    const chunk = 2 * (step % 4000) + (step >= 4000 ? 1 : 0);
    return [chunk, prng.bool(0.9) ? chunk + 5 : 0, 1];
  },
  "bridges": (prng) => {
    const chunk = prng.int(400) * 4 + prng.int(4);
    return [chunk, chunk + 1000, prng.intBetween(1, 3)];
  },
  "over windows": (prng) => {
    const chunk = prng.int(60_000);
    return [chunk, chunk + 1_000_000, prng.intBetween(1, 100)];
  },
  "over groups": (prng) => {
    const chunk = prng.int(20_000);
    return [chunk, chunk + 1_000_000, prng.intBetween(1, 2000)];
  },
  "windows, whole and nearly": (prng) => {
    const window = prng.int(300);
    const [place, count] = prng.bool(0.8) ? [0, 16] : [prng.int(16), prng.int(16) + 1];
    const jump = prng.bool(0.1) ? 5 : 0;
    return [window * 16 + place, 1000 + window * 16 + place + jump, count];
  },
  "as Linux allocates": (_, step) => {
    // A chunk of metadata for every 256 of data; groups that do not begin with an area.
    const chunk = 100 + step;
    return [chunk, 2 + step + Math.floor(step / 256), 1];
  },
  "a few files": (prng) => {
    const file = prng.int(12);
    return [file * 2 ** 30 + prng.int(2000), file * 4096 + prng.int(2000), prng.intBetween(1, 20)];
  },
  "one home": (prng) => {
    const scattered = BigInt(2 ** 33 + prng.int(2000));
    const window = Number(BigInt.asUintN(34, scattered * GATHER));
    return [window * WINDOW_CHUNKS + prng.int(16), prng.int(100), 1];
  },
  "last home": (prng) => {
    const scattered = BigInt(2 ** 34 - 1 - prng.int(2000));
    const window = Number(BigInt.asUintN(34, scattered * GATHER));
    return [window * WINDOW_CHUNKS + prng.int(16), prng.int(100), 1];
  },
};

function compareWhole(index: ExceptionIndex, reference: ReferenceIndex): void {
  index.check();
  assertEquals(index.exceptionCount, reference.exceptionCount);
  const runs = [...index.runs()].sort((a, b) => a.oldChunk - b.oldChunk);
  assertEquals(runs, reference.runs());
}

/** A look-up may tell less than is true, never more, and at least what was asked for. */
function compareLookUp(
  index: ExceptionIndex,
  reference: ReferenceIndex,
  oldChunk: number,
  chunksWanted: number,
): void {
  const newChunk = index.find(oldChunk, chunksWanted);
  assertEquals(newChunk, reference.find(oldChunk, index.runLength));
  assertEquals(index.runLength, reference.runLength, "it tells more than is true");
  const lastChunk = oldChunk + index.runLength;
  if (index.runLength >= chunksWanted && lastChunk % WINDOW_CHUNKS === 0) return;
  if (lastChunk === CHUNKS_MAX) return;
  reference.find(oldChunk, index.runLength + 1);
  assertEquals(reference.runLength, index.runLength, "it tells less than was wanted");
}

function live(habit: Habit, prng: Prng, stepCount: number): void {
  const index = new ExceptionIndex(Arena.create({ bytesMax: 2 ** 28 }));
  const reference = new ReferenceIndex();
  const wholeEvery = Math.floor(stepCount / 12);
  // Some histories grow, some shrink, some do both by turns.
  const removals = prng.pick([0, 0.1, 0.3, 0.5]);
  for (let step = 0; step < stepCount; step++) {
    const [oldChunk, newChunk, count] = habit(prng, step);
    if (prng.bool(removals)) {
      const length = prng.bool(0.003) ? 2 ** 37 : prng.bool(0.05) ? 500 : prng.intBetween(1, 9);
      const chunk = Math.min(oldChunk, CHUNKS_MAX - length);
      assertEquals(index.remove(chunk, length), reference.remove(chunk, length));
    } else {
      const wasInserted = reference.insert(oldChunk, newChunk, count);
      assertEquals(index.insert(oldChunk, newChunk, count), wasInserted);
    }
    const near = Math.min(Math.max(0, oldChunk + prng.intBetween(-20, 20)), CHUNKS_MAX - 1);
    compareLookUp(index, reference, near, prng.pick([1, 1, 16, 256]));
    if (step % wholeEvery === 0) compareWhole(index, reference);
  }
  compareWhole(index, reference);
  for (const { oldChunk, count } of reference.runs()) {
    assertEquals(index.remove(oldChunk, count), count);
  }
  index.check();
  assertEquals(index.usedBytes, 0);
}

const seed = process.env.SEED ?? "exceptions";

test.each(Object.keys(HABITS))("the index is the reference index: %s", (name) => {
  for (let history = 0; history < 4; history++) {
    const prng = Prng.fromSeed(`${seed}/${name}/${history}`);
    try {
      live(HABITS[name]!, prng, 8000);
    } catch (error) {
      throw new Error(`history ${history} of SEED=${seed}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
});

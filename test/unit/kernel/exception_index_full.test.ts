/**
 * What an exception index does when there is no memory: what failed has changed nothing.
 *
 * The indexes are *ballasted*: their arena has a page for each table, and runs far away have taken
 * all slots but a few, so that histories near chunk 0 run out of short slots, of long ones or of both
 * all the time. Replay one with `SEED=<seed> deno task test:unit test/unit/kernel -t "<name>"`.
 */
import process from "node:process";
import { test } from "vitest";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { Arena, PAGE_BYTES } from "../../../src/kernel/arena.ts";
import { ExceptionIndex } from "../../../src/kernel/exception_index.ts";
import { Prng } from "../../../src/testing/prng.ts";
import { ReferenceIndex } from "./reference_index.ts";

/** Ballast is from here on; short runs first. */
const BALLAST = 2 ** 32;
const LONG_BALLAST = 2 ** 34;

/** Calls `change`; false: there was no memory. */
function isDone(change: () => unknown): boolean {
  try {
    change();
    return true;
  } catch (error) {
    assertEquals((error as BlockDeviceError).code, "ENOMEM", `${error}`);
    return false;
  }
}

/** An index with so many free slots for short runs and for long ones, and how much is in it. */
function ballasted(shortSlots: number, longSlots: number) {
  const index = new ExceptionIndex(Arena.create({ bytesMax: 4 * PAGE_BYTES }));
  const addLong = (i: number) => index.insert(LONG_BALLAST + 512 * i, 100 * i, 16);
  const addShort = (i: number) => index.insert(BALLAST + 32 * i, 3 * i);
  let long = 0;
  addLong(long++);
  let short = 0;
  while (isDone(() => addShort(short))) short++;
  while (isDone(() => addLong(long))) long++;
  for (let i = 0; i < shortSlots; i++) index.remove(BALLAST + 32 * --short);
  for (let i = 0; i < longSlots; i++) index.remove(LONG_BALLAST + 512 * --long, 16);
  return { index, exceptionCount: short + 16 * long };
}

type Ballasted = ReturnType<typeof ballasted>;

/** Compares what is not ballast. */
function expectSame({ index, exceptionCount }: Ballasted, reference: ReferenceIndex): void {
  index.check();
  assertEquals(index.exceptionCount - exceptionCount, reference.exceptionCount);
  const runs = [...index.runs()].filter(({ oldChunk }) => oldChunk < BALLAST);
  assertEquals(runs.sort((a, b) => a.oldChunk - b.oldChunk), reference.runs());
}

/** Does `before` with memory to spare, then takes the memory away, and `change` must fail. */
function expectRefused(
  free: { short: number; long: number },
  before: [oldChunk: number, newChunk: number, count: number][],
  change: (index: ExceptionIndex) => unknown,
): void {
  const full = ballasted(free.short, free.long);
  const reference = new ReferenceIndex();
  for (const run of before) {
    assertEquals(full.index.insert(...run), true);
    reference.insert(...run);
  }
  expectSame(full, reference);
  const failure = assertThrows(() => change(full.index), BlockDeviceError, "the arena uses");
  assertEquals((failure as BlockDeviceError).code, "ENOMEM");
  expectSame(full, reference);
}

test("a run that joins nothing is refused", () => {
  expectRefused({ short: 0, long: 3 }, [], (index) => index.insert(5, 5));
  expectRefused({ short: 3, long: 0 }, [], (index) => index.insert(0, 5, 16));
  expectRefused({ short: 1, long: 3 }, [[3, 3, 1]], (index) => index.insert(20, 7));
});

test("a run of many windows is refused as a whole, whichever of its pieces finds no slot", () => {
  // A piece, two groups, two windows, a piece.
  const insert = (index: ExceptionIndex) => index.insert(250, 1250, 560);
  expectRefused({ short: 1, long: 9 }, [], insert);
  for (const long of [0, 1, 2]) expectRefused({ short: 9, long }, [], insert);
  // The last piece makes its window whole, with what is there of it.
  expectRefused({ short: 2, long: 2 }, [[810, 1810, 6]], insert);
});

test("a run that splits is refused, and stays whole", () => {
  expectRefused({ short: 1, long: 1 }, [[0, 100, 9]], (index) => index.remove(4));
  expectRefused({ short: 9, long: 1 }, [[0, 100, 256]], (index) => index.remove(64, 16));
  expectRefused({ short: 9, long: 1 }, [[0, 100, 256]], (index) => index.remove(70));
});

test("a window that becomes short is refused, and stays long", () => {
  expectRefused({ short: 0, long: 1 }, [[0, 100, 16]], (index) => index.remove(0));
  expectRefused({ short: 1, long: 1 }, [[0, 100, 16]], (index) => index.remove(5));
  expectRefused({ short: 1, long: 3 }, [[0, 100, 256]], (index) => index.remove(5, 100));
});

test("a window that becomes long is refused, and stays short", () => {
  expectRefused({ short: 1, long: 0 }, [[0, 100, 15]], (index) => index.insert(15, 115));
  const twoParts: [number, number, number][] = [[0, 100, 7], [8, 108, 8]];
  expectRefused({ short: 2, long: 0 }, twoParts, (index) => index.insert(7, 107));
  expectRefused({ short: 2, long: 0 }, [[0, 100, 15]], (index) => index.insert(15, 115, 5));
});

test("what needs no slot is done, however full the arena is", () => {
  const full = ballasted(2, 2);
  const { index } = full;
  const reference = new ReferenceIndex();
  const insert = (oldChunk: number, newChunk: number, count: number) => {
    assertEquals(index.insert(oldChunk, newChunk, count), true);
    reference.insert(oldChunk, newChunk, count);
  };
  insert(0, 100, 9);
  insert(64, 164, 16);
  insert(20, 7, 1);
  insert(256, 7, 16);
  // No slot is free now: joining a run, a window that joins a long run, heads, tails and the whole.
  insert(9, 109, 6);
  insert(80, 180, 16);
  for (const [oldChunk, count] of [[14, 1], [0, 3], [20, 1], [64, 16], [80, 16]] as const) {
    assertEquals(index.remove(oldChunk, count), reference.remove(oldChunk, count));
  }
  expectSame(full, reference);
});

const seed = process.env.SEED ?? "no memory";

test("in a full arena, long histories are those of the reference index", () => {
  let refusals = 0;
  let changes = 0;
  for (let history = 0; history < 24; history++) {
    const prng = Prng.fromSeed(`${seed}/${history}`);
    const full = ballasted(prng.int(8), prng.int(5));
    const reference = new ReferenceIndex();
    for (let step = 0; step < 150; step++) {
      const oldChunk = prng.int(1200);
      const count = prng.pick([1, 3, 16, 40, 300]);
      const newChunk = oldChunk + (prng.bool(0.9) ? 1000 : 1);
      const isRemoval = prng.bool(0.5);
      const chunk = prng.bool(0.5) ? oldChunk : Math.floor(oldChunk / 16) * 16;
      let result: boolean | number = false;
      const change = isRemoval
        ? () => result = full.index.remove(oldChunk, count)
        : () => result = full.index.insert(chunk, newChunk + chunk - oldChunk, count);
      if (isDone(change)) {
        changes++;
        const expected = isRemoval
          ? reference.remove(oldChunk, count)
          : reference.insert(chunk, newChunk + chunk - oldChunk, count);
        assertEquals(result, expected, `step ${step} of history ${history} of SEED=${seed}`);
      } else {
        refusals++;
        expectSame(full, reference);
      }
    }
    expectSame(full, reference);
  }
  assert(refusals > 100 && changes > 100, `${refusals} refusals, ${changes} changes`);
});

/**
 * The exception index, law by law. What it costs is in `exception_index_memory.test.ts`, what it
 * does over long histories in `exception_index_model.test.ts`, what its `check()` sees in
 * `exception_index_check.test.ts`, how it is listed in `exception_index_list.test.ts`.
 */
import { test } from "vitest";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { Arena } from "../../../src/kernel/arena.ts";
import { type ChunkRun, CHUNKS_MAX, ExceptionIndex } from "../../../src/kernel/exception_index.ts";
import { Prng } from "../../../src/testing/prng.ts";

const run = (oldChunk: number, newChunk: number, count: number): ChunkRun => ({
  oldChunk,
  newChunk,
  count,
});

/** An index in an arena of its own, with the runs given. */
function indexOf(...runs: [oldChunk: number, newChunk: number, count: number][]): ExceptionIndex {
  const index = new ExceptionIndex(Arena.create({ bytesMax: 2 ** 28 }));
  for (const [oldChunk, newChunk, count] of runs) {
    assertEquals(index.insert(oldChunk, newChunk, count), true);
  }
  return index;
}

function expectRuns(index: ExceptionIndex, ...expected: [number, number, number][]): void {
  index.check();
  const runs = [...index.runs()].sort((a, b) => a.oldChunk - b.oldChunk);
  assertEquals(runs, expected.map((numbers) => run(...numbers)));
  assertEquals(index.runCount, expected.length);
  assertEquals(index.exceptionCount, expected.reduce((sum, [, , count]) => sum + count, 0));
}

/** What a look-up says: the new chunk and how many share it. */
function found(index: ExceptionIndex, oldChunk: number, chunksWanted?: number): [number, number] {
  return [index.find(oldChunk, chunksWanted), index.runLength];
}

test("an empty index holds nothing and finds nothing", () => {
  const index = indexOf();
  assertEquals(found(index, 0), [-1, 16]);
  assertEquals(found(index, 3, 100), [-1, 109]);
  assertEquals(index.usedBytes, 0);
  assertEquals(index.remove(0, 1000), 0);
  expectRuns(index);
});

test("a look-up says how many chunks share its answer, up to the end of the window", () => {
  const index = indexOf([100, 5, 6]);
  assertEquals(found(index, 99), [-1, 1]);
  assertEquals(found(index, 96), [-1, 4]);
  assertEquals(found(index, 100), [5, 6]);
  assertEquals(found(index, 103), [8, 3]);
  assertEquals(found(index, 105), [10, 1]);
  assertEquals(found(index, 106), [-1, 6]);
  index.check();
});

test("asked for more, a look-up goes on over windows while the answer is the same", () => {
  const index = indexOf([100, 1000, 60], [160, 1060, 2], [170, 5, 1]);
  assertEquals(found(index, 100), [1000, 12]);
  assertEquals(found(index, 100, 13), [1000, 60]);
  assertEquals(found(index, 100, 256), [1000, 62]);
  assertEquals(found(index, 162, 256), [-1, 8]);
  assertEquals(found(index, 171, 6), [-1, 21]);
  assertEquals(found(index, 171, 256), [-1, 261]);
  assertEquals(found(index, 0, 256), [-1, 100]);
  index.check();
});

test("new chunks that jump at a window's end end the run there", () => {
  const index = indexOf([0, 50, 16], [16, 67, 16]);
  assertEquals(found(index, 0, 256), [50, 16]);
  expectRuns(index, [0, 50, 16], [16, 67, 16]);
});

test("exceptions that continue each other are one run", () => {
  expectRuns(indexOf([1, 11, 1], [2, 12, 1]), [1, 11, 2]);
  expectRuns(indexOf([2, 12, 1], [1, 11, 1]), [1, 11, 2]);
  expectRuns(indexOf([1, 11, 2], [5, 15, 2], [3, 13, 2]), [1, 11, 6]);
});

test("neighbours whose new chunks do not continue each other stay apart", () => {
  expectRuns(indexOf([1, 11, 1], [2, 11, 1]), [1, 11, 1], [2, 11, 1]);
  expectRuns(indexOf([1, 11, 1], [2, 13, 1]), [1, 11, 1], [2, 13, 1]);
  expectRuns(indexOf([1, 11, 1], [3, 13, 1], [2, 9, 1]), [1, 11, 1], [2, 9, 1], [3, 13, 1]);
});

test("a run that crosses windows is cut where it has less than the whole of one", () => {
  expectRuns(indexOf([30, 0, 36]), [30, 0, 2], [32, 2, 32], [64, 34, 2]);
  expectRuns(indexOf([30, 0, 4]), [30, 0, 2], [32, 2, 2]);
});

test("a run of whole windows is cut where groups of them end", () => {
  const index = indexOf([220, 3, 600]);
  expectRuns(index, [220, 3, 4], [224, 7, 32], [256, 39, 256], [512, 295, 256], [768, 551, 48], [
    816,
    599,
    4,
  ]);
  assertEquals(found(index, 256), [39, 256]);
  assertEquals(found(index, 300), [83, 212]);
  assertEquals(found(index, 240, 256), [23, 272]);
  assertEquals(found(index, 257, 256), [40, 511]);
});

test("a window is whole with its last exception, whichever that is", () => {
  for (const last of [64, 71, 79]) {
    const index = indexOf();
    for (let chunk = 79; chunk >= 64; chunk--) if (chunk !== last) index.insert(chunk, chunk + 5);
    assertEquals(index.runCount, last === 71 ? 2 : 1);
    index.insert(last, last + 5);
    expectRuns(index, [64, 69, 16]);
    assertEquals(found(index, 70), [75, 10]);
  }
});

test("whole windows join those before and after that they continue", () => {
  expectRuns(indexOf([32, 32, 16], [0, 0, 16]), [0, 0, 16], [32, 32, 16]);
  expectRuns(indexOf([32, 32, 16], [0, 0, 16], [16, 16, 16]), [0, 0, 48]);
  expectRuns(indexOf([0, 0, 16], [16, 17, 16], [32, 33, 16]), [0, 0, 16], [16, 17, 32]);
  expectRuns(indexOf([240, 240, 16], [256, 256, 16]), [240, 240, 16], [256, 256, 16]);
  const index = indexOf([0, 9, 16], [32, 41, 16]);
  for (let chunk = 16; chunk < 32; chunk++) index.insert(chunk, chunk + 9);
  expectRuns(index, [0, 9, 48]);
});

test("a whole window stays apart from one that is not", () => {
  const index = indexOf([0, 0, 16], [16, 16, 15]);
  expectRuns(index, [0, 0, 16], [16, 16, 15]);
  assertEquals(found(index, 0, 256), [0, 31]);
  assertEquals(found(index, 31, 256), [-1, 257]);
});

test("a run of whole windows can lose any part, and what is left of a window is short", () => {
  const removing = (oldChunk: number, count: number) => {
    const index = indexOf([256, 1256, 256]);
    assertEquals(index.remove(oldChunk, count), count);
    return index;
  };
  expectRuns(removing(256, 1), [257, 1257, 15], [272, 1272, 240]);
  expectRuns(removing(511, 1), [256, 1256, 240], [496, 1496, 15]);
  expectRuns(removing(300, 1), [256, 1256, 32], [288, 1288, 12], [301, 1301, 3], [304, 1304, 208]);
  expectRuns(removing(304, 16), [256, 1256, 48], [320, 1320, 192]);
  expectRuns(removing(300, 100), [256, 1256, 32], [288, 1288, 12], [400, 1400, 112]);
  expectRuns(removing(310, 20), [256, 1256, 48], [304, 1304, 6], [330, 1330, 6], [336, 1336, 176]);
  expectRuns(removing(305, 2), [256, 1256, 48], [304, 1304, 1], [307, 1307, 13], [320, 1320, 192]);
  expectRuns(removing(256, 256));
});

test("what was cut out of a run of whole windows and is put back is one run again", () => {
  for (const [oldChunk, count] of [[256, 1], [300, 1], [300, 100], [511, 1], [304, 16]] as const) {
    const index = indexOf([256, 1256, 256]);
    index.remove(oldChunk, count);
    assertEquals(index.insert(oldChunk, oldChunk + 1000, count), true);
    expectRuns(index, [256, 1256, 256]);
  }
});

test("an exception of a whole window is there once, too", () => {
  const index = indexOf([0, 100, 512]);
  for (const [oldChunk, count] of [[0, 1], [255, 1], [20, 10], [511, 2], [500, 300], [0, 512]]) {
    assertEquals(index.insert(oldChunk!, 5000, count), false, `${count} from ${oldChunk}`);
  }
  expectRuns(index, [0, 100, 256], [256, 356, 256]);
});

test("an exception is there once: a second is refused, and nothing is changed then", () => {
  const index = indexOf([20, 100, 5], [60, 7, 1]);
  for (
    const [oldChunk, count] of [[20, 1], [22, 1], [24, 1], [18, 3], [24, 9], [10, 60], [40, 21]]
  ) {
    assertEquals(index.insert(oldChunk!, 500, count), false, `${count} from ${oldChunk}`);
  }
  expectRuns(index, [20, 100, 5], [60, 7, 1]);
});

test("a run can lose its head, its tail, its middle, or all of it", () => {
  const removing = (oldChunk: number, count: number) => {
    const index = indexOf([64, 200, 16]);
    assertEquals(index.remove(oldChunk, count), Math.min(count, 80 - oldChunk));
    return index;
  };
  expectRuns(removing(64, 3), [67, 203, 13]);
  expectRuns(removing(77, 3), [64, 200, 13]);
  expectRuns(removing(77, 30), [64, 200, 13]);
  expectRuns(removing(70, 2), [64, 200, 6], [72, 208, 8]);
  expectRuns(removing(64, 16));
});

test("removing a range takes what is there, over windows and gaps", () => {
  const index = indexOf([10, 0, 3], [14, 50, 40], [100, 7, 1], [2 ** 36, 9, 2]);
  assertEquals(index.remove(12, 60), 41);
  assertEquals(index.remove(0, 2 ** 37 - 1), 5);
  expectRuns(index);
  assertEquals(index.usedBytes, 0);
});

test("a range of more windows than the index has slots is removed as well as any other", () => {
  const prng = Prng.fromSeed("wide");
  const index = indexOf();
  const chunks = new Set<number>();
  for (let i = 0; i < 30_000; i++) {
    const chunk = prng.bool(0.5) ? prng.int(60_000) : prng.int(CHUNKS_MAX);
    if (index.insert(chunk, i)) chunks.add(chunk);
  }
  const [begin, end] = [30_007, 2 ** 36 + 5];
  const stays = [...chunks].filter((chunk) => chunk < begin || chunk >= end);
  assertEquals(index.remove(begin, end - begin), chunks.size - stays.length);
  index.check();
  assertEquals(index.exceptionCount, stays.length);
  for (const chunk of stays) assert(index.find(chunk) >= 0);
  assertEquals(index.remove(0, CHUNKS_MAX), stays.length);
  expectRuns(index);
});

test("a wide range cuts the runs at its two ends", () => {
  const index = indexOf([0, 50, 16], [20, 9, 1], [2 ** 36, 500, 512], [2 ** 37, 3, 1]);
  assertEquals(index.remove(5, 2 ** 36 + 4), 11 + 1 + 9);
  const left: [number, number, number][] = [
    [2 ** 36 + 9, 509, 7],
    [2 ** 36 + 16, 516, 240],
    [2 ** 36 + 256, 756, 256],
    [2 ** 37, 3, 1],
  ];
  expectRuns(index, [0, 50, 5], ...left);
  assertEquals(index.remove(0, 2 ** 36), 5);
  expectRuns(index, ...left);
});

test("a split run that is filled again is one run", () => {
  const index = indexOf([64, 200, 16]);
  index.remove(70, 2);
  index.insert(70, 206, 2);
  expectRuns(index, [64, 200, 16]);
});

test("the first and the last chunk numbers are chunks like any others", () => {
  const last = CHUNKS_MAX - 1;
  const index = indexOf([0, last, 1], [last, last - 5, 1]);
  assertEquals(found(index, 0, 256), [last, 1]);
  assertEquals(found(index, last, 256), [last - 5, 1]);
  assertEquals(found(index, last - 1, 256), [-1, 1]);
  assertEquals(found(index, last - 100, 256), [-1, 100]);
  assertEquals(found(indexOf([5, 1, 1]), last, 256), [-1, 1]);
  assertEquals(found(indexOf(), last - 3, 256), [-1, 4]);
  expectRuns(index, [0, last, 1], [last, last - 5, 1]);
  assertEquals(index.insert(last - 3, last - 8, 3), true);
  assertEquals(found(index, last - 3, 256), [last - 8, 4]);
  assertEquals(index.remove(last - 3, 4), 4);
  expectRuns(index, [0, last, 1]);
});

test("the chunk that has the highest key is found where it is, and nowhere else", () => {
  // An empty slot looks like a run of that key.
  const window = Number(BigInt.asUintN(34, -0x2a32a66edn));
  const chunk = window * 16 + 15;
  const index = indexOf([5, 7, 1]);
  assertEquals(found(index, chunk), [-1, 1]);
  assertEquals(found(index, chunk - 15), [-1, 16]);
  index.insert(chunk, 9);
  assertEquals(found(index, chunk), [9, 1]);
  assertEquals(found(index, chunk - 15), [-1, 15]);
  assertEquals(index.remove(chunk), 1);
  expectRuns(index, [5, 7, 1]);
});

test("what is no chunk number is refused", () => {
  const index = indexOf();
  for (const chunk of [-1, 0.5, NaN, Infinity, CHUNKS_MAX]) {
    assertThrows(() => index.find(chunk), RangeError, `Cannot look up chunk ${chunk}`);
    assertThrows(() => index.insert(chunk, 0), RangeError, "Cannot insert chunk");
    assertThrows(() => index.insert(0, chunk), RangeError, "Cannot insert chunk");
    assertThrows(() => index.remove(chunk), RangeError, "Cannot remove chunk");
  }
  for (const count of [0, -1, 0.5, NaN, CHUNKS_MAX]) {
    assertThrows(() => index.insert(1, 1, count), RangeError, "Cannot insert");
    assertThrows(() => index.remove(1, count), RangeError, "Cannot remove");
  }
  assertThrows(() => index.insert(0, 0, 2 ** 32), RangeError, "at once");
  expectRuns(index);
});

test("a destroyed index cannot be used, and destroying twice does nothing", () => {
  const arena = Arena.create({ bytesMax: 2 ** 20 });
  const before = arena.usedBytes;
  const index = new ExceptionIndex(arena);
  index.insert(1, 1);
  index.destroy();
  index.destroy();
  assertEquals(arena.usedBytes, before);
  assertThrows(() => index.find(1), TypeError, "once destroyed");
  assertThrows(() => index.insert(1, 1), TypeError, "once destroyed");
  assertThrows(() => index.exceptionCount, TypeError, "once destroyed");
});

test("an arena holds 512 indexes, and one more when one is destroyed", () => {
  const arena = Arena.create({ bytesMax: 2 ** 26 });
  const indexes = Array.from({ length: 512 }, () => new ExceptionIndex(arena));
  indexes.forEach((index, number) => index.insert(number, 7));
  assertThrows(() => new ExceptionIndex(arena), BlockDeviceError, "has 512");
  indexes.forEach((index, number) => assertEquals(found(index, number)[0], 7));
  indexes[100]!.destroy();
  const next = new ExceptionIndex(arena);
  assertEquals(next.exceptionCount, 0);
  indexes.forEach((index, number) => number !== 100 && index.check());
});

test("indexes without an arena share one", () => {
  const [a, b] = [new ExceptionIndex(), new ExceptionIndex()];
  a.insert(1, 2);
  b.insert(1, 3);
  assertEquals([a.find(1), b.find(1)], [2, 3]);
  a.destroy();
  b.destroy();
});

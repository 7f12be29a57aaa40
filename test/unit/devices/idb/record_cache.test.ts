import { expect, test } from "vitest";
import { FramePool } from "../../../../src/devices/frame_pool.ts";
import { RecordCache } from "../../../../src/devices/idb/record_cache.ts";
import { RecordMemory } from "../../../../src/devices/idb/record_memory.ts";
import { patternOf, verifySectors } from "../../../../src/testing/mod.ts";

const UNIT = 8;

const makeCache = (pool?: FramePool) => new RecordCache(UNIT, new RecordMemory("disk", UNIT, pool));

/** What a store would hold after what was sealed was put into it. */
function store(cache: RecordCache, stored: Map<number, Uint8Array<ArrayBuffer>>): void {
  const sealed = cache.seal();
  if (sealed === undefined) return;
  for (const { first, end } of sealed.removed) {
    for (let index = first; index < end; index++) stored.delete(index);
  }
  for (const [index, frame] of sealed.frames) {
    frame.complete(stored.get(index)?.slice());
    const bytes = frame.toStored();
    if (bytes === undefined) stored.delete(index);
    else stored.set(index, bytes);
  }
}

function sectorsOf(cache: RecordCache, index: number): Uint8Array {
  const target = new Uint8Array(UNIT * 512).fill(0xa5);
  cache.frameOf(index).read(target, 0);
  return target;
}

test("a write of some sectors makes exactly those known", () => {
  const cache = makeCache();
  cache.write(patternOf(1, 10, 3), 10);
  const frame = cache.frameOf(1);
  expect([frame.knows(2, 5), frame.knows(1, 5), frame.knows(2, 6)]).toEqual([true, false, false]);
  expect(frame.isWhole).toBe(false);
  cache.write(patternOf(1, 8, 8), 8);
  expect(frame.isWhole).toBe(true);
});

test("what the store has fills the gaps, and never covers what was written", () => {
  const cache = makeCache();
  cache.write(patternOf(2, 10, 3), 10);
  cache.frameOf(1).complete(patternOf(1, 8, 8));
  const want = patternOf(1, 8, 8);
  want.set(patternOf(2, 10, 3), 2 * 512);
  verifySectors(sectorsOf(cache, 1), want, 8, "filled");
});

test("zeroes written into a record of which nothing was known are zeroes after filling", () => {
  const cache = makeCache();
  cache.zero(10, 3);
  cache.frameOf(1).complete(patternOf(1, 8, 8));
  const want = patternOf(1, 8, 8);
  want.fill(0, 2 * 512, 5 * 512);
  verifySectors(sectorsOf(cache, 1), want, 8, "filled");
});

test("whole records that are zeroed cost one range, however many they are", () => {
  const cache = makeCache();
  cache.write(patternOf(1, 0, 32), 0);
  cache.zero(4, 2 ** 40);
  expect(cache.removedCount).toBe(1);
  expect(cache.dirtyCount).toBe(2); // The two records at the ends.
  expect(cache.frameOf(2).toStored()).toBe(undefined);
});

test("what is written after sealing is not sealed", () => {
  const cache = makeCache();
  cache.write(patternOf(1, 0, 8), 0);
  const { frames } = cache.seal()!;
  cache.write(patternOf(2, 3, 2), 3);
  verifySectors(frames.get(0)!.toStored()!, patternOf(1, 0, 8), 0, "sealed");
  const want = patternOf(1, 0, 8);
  want.set(patternOf(2, 3, 2), 3 * 512);
  verifySectors(sectorsOf(cache, 0), want, 0, "newest");
});

test("what was sealed and stored is clean, unless it was written meanwhile", () => {
  const cache = makeCache();
  cache.write(patternOf(1, 0, 24), 0);
  cache.seal();
  cache.write(patternOf(2, 0, 1), 0);
  cache.zero(8, 8);
  cache.settle(true);
  expect(cache.dirtyCount).toBe(1);
  expect(cache.removedCount).toBe(1);
  cache.shrinkTo(0);
  expect(cache.frameOf(2).isWhole).toBe(false);
  expect(cache.frameOf(0).isWhole).toBe(true);
  expect(cache.frameOf(1).toStored()).toBe(undefined);
});

test("what was sealed and not stored is sealed again, with what came later", () => {
  const cache = makeCache();
  const stored = new Map([[1, patternOf(9, 8, 8)], [2, patternOf(9, 16, 8)]]);
  cache.write(patternOf(1, 0, 3), 0);
  cache.zero(8, 8);
  cache.seal();
  cache.write(patternOf(2, 9, 1), 9);
  cache.zero(16, 8);
  cache.settle(false);
  store(cache, stored);
  cache.settle(true);
  const record0 = new Uint8Array(UNIT * 512);
  record0.set(patternOf(1, 0, 3));
  const record1 = new Uint8Array(UNIT * 512);
  record1.set(patternOf(2, 9, 1), 512);
  expect([...stored.keys()].sort()).toEqual([0, 1]);
  verifySectors(stored.get(0)!, record0, 0, "stored");
  verifySectors(stored.get(1)!, record1, 8, "stored");
  expect(cache.isDirty).toBe(false);
});

test("clean frames are dropped, the one used longest ago first; dirty ones stay", () => {
  const cache = makeCache();
  for (const index of [0, 1, 2, 3]) cache.frameOf(index).complete(patternOf(1, index * UNIT, UNIT));
  cache.write(patternOf(2, 0, 1), 0);
  cache.frameOf(1);
  cache.shrinkTo(2);
  expect([0, 1, 2, 3].map((index) => cache.frameOf(index).isWhole))
    .toEqual([true, true, false, false]);
});

test("memory is given back when the last one lets go: the cache, a seal, a reader", () => {
  const pool = FramePool.create();
  const cache = makeCache(pool);
  for (const index of [0, 20, 40]) cache.write(patternOf(1, index * UNIT, UNIT), index * UNIT);
  const { frames } = cache.seal()!;
  const reader = cache.frameOf(20);
  reader.hold();
  cache.write(patternOf(2, 0, 1), 0); // A copy, for the first is sealed.
  cache.zero(20 * UNIT, 21 * UNIT);
  verifySectors(frames.get(20)!.toStored()!, patternOf(1, 20 * UNIT, UNIT), 20 * UNIT, "sealed");
  cache.settle(true);
  const found = new Uint8Array(UNIT * 512);
  reader.read(found, 0);
  verifySectors(found, patternOf(1, 20 * UNIT, UNIT), 20 * UNIT, "held by the reader");
  cache.clear();
  expect(pool.usedBytes).toBe(65536);
  reader.release();
  expect(pool.usedBytes).toBe(0);
  reader.complete(patternOf(1, 0, UNIT));
  expect(pool.usedBytes).toBe(0);
});

test("what is to be stored is a buffer of a record's size, not shared", () => {
  const cache = makeCache();
  cache.write(patternOf(1, 0, 2 * UNIT), 0);
  const { buffer, byteLength } = cache.frameOf(1).toStored()!;
  expect(buffer).toBeInstanceOf(ArrayBuffer);
  expect([buffer.byteLength, byteLength]).toEqual([UNIT * 512, UNIT * 512]);
});

import { expect, test } from "vitest";
import { SlotPool } from "../../../../src/devices/opfs/slot_pool.ts";

/** A flush: wipes, then all is durable. */
function flush(pool: SlotPool, cleanWanted = 4): number[] {
  const wiped = [...pool.wipe(cleanWanted)];
  pool.settle();
  return wiped;
}

test("clean slots are given in ascending order", () => {
  const pool = new SlotPool();
  pool.addClean(3, 6);
  expect([pool.take(), pool.take(), pool.take(), pool.take()]).toEqual([3, 4, 5, undefined]);
});

test("a retired slot is given to another stretch only after two flushes, and wiped", () => {
  const pool = new SlotPool();
  pool.retire(9, 1);
  expect(pool.take()).toBe(undefined);
  expect(flush(pool)).toEqual([]);
  expect(pool.take()).toBe(undefined);
  expect(flush(pool)).toEqual([1]);
  expect(pool.take()).toBe(1);
});

test("its own stretch gets a retired slot back before a flush, and not after", () => {
  const pool = new SlotPool();
  pool.retire(9, 1);
  pool.retire(8, 2);
  expect([pool.takeRetired(9), pool.takeRetired(9)]).toEqual([1, undefined]);
  flush(pool);
  expect(pool.takeRetired(8)).toBe(undefined);
});

test("no more is wiped than is wanted", () => {
  const pool = new SlotPool();
  for (const slot of [1, 2, 3, 4, 5]) pool.addStale(slot);
  expect(flush(pool, 2)).toHaveLength(2);
  expect(flush(pool, 2)).toHaveLength(0);
  expect([pool.cleanCount, pool.waitingCount]).toEqual([2, 3]);
});

test("a slot that could not be wiped stays stale", () => {
  const pool = new SlotPool();
  pool.addStale(1);
  expect(() => {
    for (const slot of pool.wipe(4)) throw new Error(`slot ${slot} cannot be wiped`);
  }).toThrow("slot 1");
  pool.settle();
  expect([pool.cleanCount, pool.waitingCount]).toEqual([0, 1]);
});

test("a slot that was given and not used is clean", () => {
  const pool = new SlotPool();
  pool.addClean(1, 2);
  pool.giveBack(pool.take()!);
  expect(pool.take()).toBe(1);
});

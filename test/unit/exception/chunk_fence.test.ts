import { expect, test } from "vitest";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { ChunkFence } from "../../../src/exception/chunk_fence.ts";
import { quiet } from "./rig.ts";

/** Starts to drain, and tells whether that has ended. */
function drain(fence: ChunkFence, first: number, last: number): () => boolean {
  let isOver = false;
  runAsync(fence.drain(first, last)).then(() => void (isOver = true));
  return () => isOver;
}

test("a chunk is occupied from the start of a stay to its end, both ends of the range included", () => {
  const fence = new ChunkFence();
  expect(fence.isEmpty).toBe(true);
  const stay = fence.enter(4, 6);
  const occupied = [3, 4, 5, 6, 7].map((chunk) => fence.isOccupied(chunk, chunk));
  expect(occupied).toEqual([false, true, true, true, false]);
  expect([fence.isOccupied(0, 3), fence.isOccupied(0, 4), fence.isOccupied(6, 9)]).toEqual([
    false,
    true,
    true,
  ]);
  fence.leave(stay);
  expect([fence.isEmpty, fence.isOccupied(0, 9)]).toEqual([true, false]);
});

test("a drain waits for everyone inside its range, and for nobody else", async () => {
  const fence = new ChunkFence();
  const [inside, edge, outside] = [fence.enter(1, 2), fence.enter(5, 9), fence.enter(6, 9)];
  const isOver = drain(fence, 2, 5);
  await quiet();
  expect(isOver()).toBe(false);
  fence.leave(inside);
  await quiet();
  expect(isOver()).toBe(false);
  fence.leave(edge);
  await quiet();
  expect(isOver()).toBe(true);
  fence.leave(outside);
});

test("who enters after a drain began is not waited for", async () => {
  const fence = new ChunkFence();
  const before = fence.enter(1, 1);
  const isOver = drain(fence, 1, 1);
  const after = fence.enter(1, 1);
  fence.leave(before);
  await quiet();
  expect(isOver()).toBe(true);
  fence.leave(after);
});

test("two drains wait each for their own", async () => {
  const fence = new ChunkFence();
  const [one, two] = [fence.enter(1, 1), fence.enter(2, 2)];
  const [isFirstOver, isSecondOver] = [drain(fence, 1, 1), drain(fence, 2, 2)];
  fence.leave(two);
  await quiet();
  expect([isFirstOver(), isSecondOver()]).toEqual([false, true]);
  fence.leave(one);
  await quiet();
  expect(isFirstOver()).toBe(true);
});

test("nobody inside is no reason to wait, and a synchronous caller is told that it would have to", () => {
  const fence = new ChunkFence();
  runSync(fence.drain(0, Infinity));
  const stay = fence.enter(3, 3);
  runSync(fence.drain(4, Infinity));
  expect(() => runSync(fence.drain(0, Infinity))).toThrow(
    expect.objectContaining({ code: "EAGAIN" }),
  );
  fence.leave(stay);
});

import { expect, test } from "vitest";
import { PendingException, PendingExceptions } from "../../../src/exception/pending_exceptions.ts";

const pendingOf = (oldChunk: number, count: number, newChunk = 100 + oldChunk) =>
  new PendingException({ oldChunk, newChunk, count }, false);

function queueOf(...runs: PendingException[]): PendingExceptions {
  const queue = new PendingExceptions();
  for (const run of runs) queue.push(run);
  return queue;
}

test("the queue keeps the order of allocation and counts chunks", () => {
  const [first, second] = [pendingOf(9, 3), pendingOf(1, 2)];
  const queue = queueOf(first, second);
  expect([queue.head, queue.chunkCount]).toEqual([first, 5]);
  queue.shift();
  expect([queue.head, queue.chunkCount]).toEqual([second, 2]);
  queue.shift();
  queue.shift();
  expect([queue.head, queue.chunkCount]).toEqual([undefined, 0]);
});

test("waiters go on when a run leaves the queue, not before", () => {
  const run = pendingOf(1, 1);
  const queue = queueOf(run);
  run.isFilled = true;
  expect(run.done.isOpen).toBe(false);
  queue.shift();
  expect(run.done.isOpen).toBe(true);
});

test("what can be committed is the filled front, up to the first gap or failure", () => {
  const runs = [pendingOf(0, 1), pendingOf(1, 1), pendingOf(2, 1), pendingOf(3, 1)];
  const [first, second, third, fourth] = runs as [
    PendingException,
    PendingException,
    PendingException,
    PendingException,
  ];
  const queue = queueOf(...runs);
  expect(queue.committable()).toEqual([]);
  second.isFilled = fourth.isFilled = true;
  expect(queue.committable()).toEqual([]);
  first.isFilled = true;
  expect(queue.committable()).toEqual([first, second]);
  third.isFilled = true;
  third.failure = new Error("worn");
  expect(queue.committable()).toEqual([first, second]);
  third.failure = null;
  expect(queue.committable()).toEqual(runs);
});

test("a pending chunk is found wherever it lies in its run, the lowest one first", () => {
  const [high, low] = [pendingOf(10, 4), pendingOf(2, 3)];
  const queue = queueOf(high, low);
  for (const chunk of [2, 3, 4]) expect(queue.find(chunk, chunk)).toBe(low);
  for (const chunk of [10, 13]) expect(queue.find(chunk, chunk)).toBe(high);
  for (const chunk of [1, 5, 9, 14]) expect(queue.find(chunk, chunk)).toBe(null);
  expect(queue.find(0, 20)).toBe(low);
  expect(queue.find(5, 20)).toBe(high);
  expect(queue.find(5, 9)).toBe(null);
});

test("a run knows its last chunk", () => {
  expect(pendingOf(5, 1).lastOldChunk).toBe(5);
  expect(pendingOf(5, 3).lastOldChunk).toBe(7);
});

import { expect, test } from "vitest";
import { ByteQueue } from "../../../src/nbd/byte_queue.ts";
import { Prng } from "../../../src/testing/prng.ts";

const MIB = 1024 * 1024;

function queueOf(...pieces: number[][]): ByteQueue {
  const queue = new ByteQueue();
  for (const piece of pieces) queue.push(Uint8Array.from(piece));
  return queue;
}

test("what was pushed is the queue's own, and comes out in order whatever its pieces", () => {
  const piece = Uint8Array.of(1, 2, 3);
  const queue = new ByteQueue();
  queue.push(piece);
  piece.fill(9);
  queue.push(new Uint8Array(0));
  queue.push(Uint8Array.of(4, 5));
  expect(queue.byteLength).toBe(5);
  expect([...queue.take(2)]).toEqual([1, 2]);
  expect([...queue.take(2)]).toEqual([3, 4]);
  expect([...queue.take(1)]).toEqual([5]);
  expect(queue.byteLength).toBe(0);
});

test("what is filled comes out without a copy", () => {
  const queue = new ByteQueue();
  const room = queue.room();
  room.set([1, 2, 3]);
  queue.filled(3);
  expect(queue.take(3).buffer).toBe(room.buffer);
  expect(queue.room().byteOffset).toBe(0);
});

test("skip drops what there is, and says how much that was", () => {
  const queue = queueOf([1, 2], [3]);
  expect(queue.skip(1)).toBe(1);
  expect([...queue.take(1)]).toEqual([2]);
  expect(queue.skip(9)).toBe(1);
  queue.push(Uint8Array.of(9));
  queue.clear();
  expect([queue.byteLength, queue.skip(1)]).toEqual([0, 0]);
});

test("messages of any length, filled in any pieces, come out whole", () => {
  const prng = Prng.fromSeed(7);
  const queue = new ByteQueue();
  let [put, taken, wanted] = [0, 0, 1];
  while (taken < 8 * MIB) {
    const room = queue.room();
    const count = Math.min(room.byteLength, 1 + prng.int(100_000));
    for (let at = 0; at < count; at++) room[at] = put++ % 251;
    queue.filled(count);
    for (; queue.byteLength >= wanted; wanted = 1 + prng.int(400_000)) {
      const from = taken;
      const isWhole = queue.take(wanted).every((byte, at) => byte === (from + at) % 251);
      expect(isWhole).toBe(true);
      taken += wanted;
    }
  }
});

test("the block is at most twice what waits, or 2 MiB, and a long one is not kept", () => {
  const queue = new ByteQueue();
  for (let waiting = 0; waiting < 32 * MIB; waiting = queue.byteLength) {
    const room = queue.room();
    expect(room.buffer.byteLength).toBeLessThanOrEqual(Math.max(2 * waiting, 2 * MIB));
    queue.filled(room.byteLength);
  }
  queue.take(queue.byteLength - 1);
  queue.skip(1);
  expect(queue.room().buffer.byteLength).toBeLessThanOrEqual(2 * MIB);
  // Half of it is the beginning of a message, again and again.
  for (let round = 0; round < 20; round++) {
    queue.filled(queue.room().byteLength);
    queue.take(Math.floor(queue.byteLength / 2));
  }
  expect(queue.room().buffer.byteLength).toBeLessThanOrEqual(2 * MIB);
});

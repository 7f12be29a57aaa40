import { expect, test } from "vitest";
import { ByteQueue } from "../../../src/nbd/byte_queue.ts";

function queueOf(...pieces: number[][]): ByteQueue {
  const queue = new ByteQueue();
  for (const piece of pieces) queue.push(Uint8Array.from(piece));
  return queue;
}

test("what lies in one piece comes out as a view, what lies across comes out joined", () => {
  const piece = Uint8Array.of(1, 2, 3);
  const queue = new ByteQueue();
  queue.push(piece);
  queue.push(new Uint8Array(0));
  queue.push(Uint8Array.of(4, 5));
  expect(queue.byteLength).toBe(5);
  const first = queue.take(2);
  expect([...first]).toEqual([1, 2]);
  expect(first.buffer).toBe(piece.buffer);
  expect([...queue.take(2)]).toEqual([3, 4]);
  expect([...queue.take(1)]).toEqual([5]);
  expect(queue.byteLength).toBe(0);
});

test("fill and skip take what there is, and say how much that was", () => {
  const queue = queueOf([1, 2], [3], [4, 5, 6]);
  const target = new Uint8Array(5);
  expect(queue.skip(1)).toBe(1);
  expect(queue.fill(target.subarray(0, 4), 1)).toBe(3);
  expect([...target]).toEqual([0, 2, 3, 4, 0]);
  expect(queue.fill(target, 2)).toBe(2);
  expect(queue.skip(9)).toBe(0);
  queue.push(Uint8Array.of(9));
  queue.clear();
  expect(queue.byteLength).toBe(0);
});

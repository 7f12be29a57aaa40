import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { ReplyOutput } from "../../../../src/nbd/transmission/reply_output.ts";
import { Prng } from "../../../../src/testing/prng.ts";

const KIB = 1024;

/** Puts a reply of one byte, over and over. */
function putFilled(output: ReplyOutput, byteCount: number, byte: number): Uint8Array {
  const room = output.take(byteCount);
  room.fill(byte);
  output.put(room);
  return room;
}

test("replies that are put one after another are one piece", () => {
  const output = new ReplyOutput();
  for (let byte = 1; byte <= 16; byte++) putFilled(output, 4124, byte);
  const [piece, ...others] = output.pieces();
  expect([others.length, piece!.byteLength]).toEqual([0, 16 * 4124]);
  expect([...new Set(piece)]).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
  expect(output.pieces()).toEqual([]);
  expect(output.heldBytes).toBe(16 * 4124);
});

test("a reply that needs less than it took leaves no gap, and room that is not used costs nothing", () => {
  const output = new ReplyOutput();
  output.put(output.take(4124).fill(1).subarray(0, 32));
  output.take(1000).fill(9);
  output.put(output.take(16).fill(2));
  const [piece] = output.pieces();
  expect([...piece!]).toEqual([...Array(32).fill(1), ...Array(16).fill(2)]);
});

test("memory is used again when all that was in it has gone, and not before", () => {
  const output = new ReplyOutput();
  const first = putFilled(output, 4096, 1);
  output.pieces();
  const second = putFilled(output, 4096, 2);
  expect(second.byteOffset).toBe(4096);
  output.pieces();
  output.sent(4096);
  expect(putFilled(output, 4096, 3).byteOffset).toBe(8192);
  output.pieces();
  output.sent(8192);
  const again = putFilled(output, 4096, 4);
  expect([again.byteOffset, again.buffer === first.buffer]).toEqual([0, true]);
});

test("what is too long for a block has memory of its own, in its place in the order", () => {
  const output = new ReplyOutput();
  putFilled(output, 16, 1);
  const long = putFilled(output, 600 * KIB, 2);
  expect(long.buffer.byteLength).toBe(600 * KIB);
  putFilled(output, 16, 3);
  expect(output.pieces().map((piece) => [piece.byteLength, piece[0]])).toEqual([
    ...[[16, 1], [600 * KIB, 2], [16, 3]],
  ]);
});

test("sixteen long replies at a time need no new memory, time after time", () => {
  const output = new ReplyOutput();
  const blocks = new Set<ArrayBufferLike>();
  for (let round = 0; round < 10; round++) {
    for (let count = 0; count < 16; count++) {
      blocks.add(putFilled(output, 28 + 256 * KIB, count).buffer);
    }
    for (const piece of output.pieces()) output.sent(piece.byteLength);
  }
  // The blocks of the first round, before they had grown, and three.
  expect(blocks.size).toBeLessThanOrEqual(4);
});

test.each(["a", "b", "c"])("what waits is never written over, seed %s", (seed) => {
  const prng = Prng.fromSeed(seed);
  const output = new ReplyOutput();
  /** What was given out and has not gone, with what must be in it. */
  const waiting: { piece: Uint8Array; copy: Uint8Array }[] = [];
  const blocks = new Map<ArrayBufferLike, number>();
  for (let round = 0; round < 200; round++) {
    for (let count = prng.int(20); count > 0; count--) {
      const byteCount = prng.pick([16, 4124, 4124, 20_000, 130_000, 300_000]);
      const room = output.take(byteCount);
      room.fill(prng.int(256));
      const isShort = prng.bool(0.2);
      if (prng.bool(0.95)) output.put(isShort ? room.subarray(0, 16) : room);
    }
    for (const piece of output.pieces()) waiting.push({ piece, copy: piece.slice() });
    const gone = prng.bool(0.08) ? waiting.length : prng.int(3);
    for (const { piece, copy } of waiting.splice(0, gone)) {
      if (Buffer.compare(piece, copy) !== 0) throw new Error("Found bytes that were written over");
      output.sent(piece.byteLength);
    }
    blocks.clear();
    for (const { piece } of waiting) blocks.set(piece.buffer, piece.buffer.byteLength);
    const heldBytes = [...blocks.values()].reduce((sum, each) => sum + each, 0);
    expect(heldBytes).toBeLessThan(2 * output.heldBytes + 4 * 2 ** 20);
  }
});

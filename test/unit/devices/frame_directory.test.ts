import { expect, test } from "vitest";
import { FrameDirectory } from "../../../src/devices/frame_directory.ts";
import { Prng } from "../../../src/testing/prng.ts";

/** Where the table ends and the leaves begin. */
const FAR = 2 ** 20;

test("a position without a frame has none, wherever it is", () => {
  const directory = new FrameDirectory();
  const positions = [0, 1, 1023, 1024, 4095, 4096, FAR - 1, FAR, 2 ** 31, 2 ** 37 - 1];
  for (const position of positions) expect(directory.get(position)).toBe(0);
  expect(directory.frameCount).toBe(0);
  directory.set(5, 1);
  for (const position of positions) expect(directory.get(position)).toBe(0);
});

test("frames are found again however the table grew, on both sides of every leaf, and past 2^32", () => {
  const directory = new FrameDirectory();
  const near = [0, 1, 1023, 1024, 1025, 2047, 2048, FAR - 1];
  const far = [FAR, FAR + 1, FAR + 4095, FAR + 4096, 2 ** 32, 2 ** 37 - 1];
  const positions = [...near, ...far];
  positions.forEach((position, index) => directory.set(position, 0xffff0000 + index));
  positions.forEach((position, index) => expect(directory.get(position)).toBe(0xffff0000 + index));
  expect(directory.frameCount).toBe(positions.length);
  expect(directory.get(2)).toBe(0);
});

test("a position looked up before its leaf was made is found afterwards", () => {
  const directory = new FrameDirectory();
  for (const position of [5000, FAR + 5000]) {
    expect(directory.get(position)).toBe(0);
    directory.set(position, 7);
    expect(directory.get(position)).toBe(7);
  }
});

test("clearing forgets exactly the range, and releases each of its frames once", () => {
  const prng = Prng.fromSeed("clear");
  for (let round = 0; round < 200; round++) {
    const directory = new FrameDirectory();
    const model = new Map<number, number>();
    // In the table, in the leaves, or across the border between them.
    const base = prng.pick([0, FAR - 6000, FAR]);
    for (let frame = 1; frame <= 40; frame++) {
      const position = base + prng.int(prng.pick([10, 5000, 20000]));
      if (model.has(position)) continue;
      model.set(position, frame);
      directory.set(position, frame);
    }
    const edge = prng.pick([...model.keys()]) + prng.int(2); // At a frame, or behind one.
    const first = prng.pick([0, edge, base + prng.int(12000)]);
    const end = prng.pick([Infinity, edge, first + prng.int(prng.pick([2, 100, 20000]))]);
    const inside = [...model].filter(([position]) => position >= first && position < end);
    const released: number[] = [];
    directory.clear(first, end, (frame) => released.push(frame));
    expect(released.sort()).toEqual(inside.map(([, frame]) => frame).sort());
    for (const [position] of inside) model.delete(position);
    expect(directory.frameCount).toBe(model.size);
    const wrong: number[] = [];
    for (let position = base; position < base + 20000; position++) {
      if (directory.get(position) !== (model.get(position) ?? 0)) wrong.push(position);
    }
    expect(wrong).toEqual([]);
    directory.set(first, 99); // A cleared position can be used again.
    expect(directory.get(first)).toBe(99);
  }
});

test("clearing takes time by what is there, not by the range", () => {
  const directory = new FrameDirectory();
  directory.set(2 ** 36, 9);
  const released: number[] = [];
  directory.clear(0, 2 ** 37, (frame) => released.push(frame));
  directory.clear(0, Infinity, (frame) => released.push(frame));
  expect(released).toEqual([9]);
});

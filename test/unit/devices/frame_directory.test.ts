import { expect, test } from "vitest";
import { FrameDirectory } from "../../../src/devices/frame_directory.ts";
import { Prng } from "../../../src/testing/prng.ts";

test("a position without a frame has none, wherever it is", () => {
  const directory = new FrameDirectory();
  for (const position of [0, 1, 4095, 4096, 2 ** 31, 2 ** 37 - 1]) {
    expect(directory.get(position)).toBe(0);
  }
  expect(directory.frameCount).toBe(0);
});

test("frames are found again on both sides of every leaf, and past 2^32", () => {
  const directory = new FrameDirectory();
  const positions = [0, 1, 4094, 4095, 4096, 4097, 8191, 8192, 2 ** 32, 2 ** 37 - 1];
  positions.forEach((position, index) => directory.set(position, 0xffff0000 + index));
  positions.forEach((position, index) => expect(directory.get(position)).toBe(0xffff0000 + index));
  expect(directory.frameCount).toBe(positions.length);
  expect(directory.get(2)).toBe(0);
});

test("a position looked up before its leaf was made is found afterwards", () => {
  const directory = new FrameDirectory();
  expect(directory.get(5000)).toBe(0);
  directory.set(5000, 7);
  expect(directory.get(5000)).toBe(7);
});

test("clearing forgets exactly the range, and releases each of its frames once", () => {
  const prng = Prng.fromSeed("clear");
  for (let round = 0; round < 200; round++) {
    const directory = new FrameDirectory();
    const model = new Map<number, number>();
    for (let frame = 1; frame <= 40; frame++) {
      const position = prng.int(prng.pick([10, 5000, 20000]));
      if (model.has(position)) continue;
      model.set(position, frame);
      directory.set(position, frame);
    }
    const first = prng.int(12000);
    const end = first + prng.int(prng.pick([2, 100, 20000]));
    const inside = [...model].filter(([position]) => position >= first && position < end);
    const released: number[] = [];
    directory.clear(first, end, (frame) => released.push(frame));
    expect(released.sort()).toEqual(inside.map(([, frame]) => frame).sort());
    for (const [position] of inside) model.delete(position);
    expect(directory.frameCount).toBe(model.size);
    const wrong: number[] = [];
    for (let position = 0; position < 20000; position++) {
      if (directory.get(position) !== (model.get(position) ?? 0)) wrong.push(position);
    }
    expect(wrong).toEqual([]);
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

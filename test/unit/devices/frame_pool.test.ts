import { expect, test } from "vitest";
import { FRAME_BYTES, FramePool, sharedFramePool } from "../../../src/devices/frame_pool.ts";
import { Arena } from "../../../src/kernel/arena.ts";

/** An arena of so many frames, besides the two pages of its own. */
function arenaBytesOf(frameCount: number): number {
  return (frameCount + 2) * FRAME_BYTES;
}

function fill(pool: FramePool, frame: number, byte: number): void {
  pool.arenaOf(frame).fill(pool.addressOf(frame), byte, FRAME_BYTES);
}

function isAll(pool: FramePool, frame: number, byte: number): boolean {
  const address = pool.addressOf(frame);
  return pool.arenaOf(frame).bytes.subarray(address, address + FRAME_BYTES)
    .every((found) => found === byte);
}

test("frames are zeroed, apart from each other, and never number 0", () => {
  const pool = FramePool.create({ arenaBytes: arenaBytesOf(3) });
  const frames = [1, 2, 3, 4, 5].map(() => pool.allocate());
  expect(new Set(frames).size).toBe(5);
  expect(frames).not.toContain(0);
  for (const frame of frames) expect(isAll(pool, frame, 0)).toBe(true);
  frames.forEach((frame, index) => fill(pool, frame, index + 1));
  frames.forEach((frame, index) => expect(isAll(pool, frame, index + 1)).toBe(true));
  expect(pool.usedBytes).toBe(5 * FRAME_BYTES);
});

test("a frame that comes back is zeroed again", () => {
  const pool = FramePool.create({ arenaBytes: arenaBytesOf(1), bytesMax: FRAME_BYTES });
  const frame = pool.allocate();
  fill(pool, frame, 0xee);
  pool.free(frame);
  expect(pool.usedBytes).toBe(0);
  expect(isAll(pool, pool.allocate(), 0)).toBe(true);
});

test("a pool makes another arena when all of its arenas are full, and fills up the first again", () => {
  const pool = FramePool.create({ arenaBytes: arenaBytesOf(2) });
  const frames = [1, 2, 3, 4, 5].map(() => pool.allocate());
  expect(new Set(frames.map((frame) => pool.arenaOf(frame))).size).toBe(3);
  pool.free(frames[0]!);
  pool.allocate();
  const last = pool.allocate();
  expect(pool.arenaOf(last)).toBe(pool.arenaOf(frames[0]!));
});

test("limits come in threes: below the pool's limit, at it, and one frame past it", () => {
  const pool = FramePool.create({ bytesMax: 3 * FRAME_BYTES - 1, arenaBytes: arenaBytesOf(8) });
  pool.allocate();
  const second = pool.allocate();
  expect(() => pool.allocate()).toThrow(expect.objectContaining({
    code: "ENOMEM",
    message: "Cannot allocate a frame: the pool holds 131072 bytes, all that it may",
  }));
  pool.free(second);
  pool.allocate();
});

test("a pool over an arena ends where the arena ends, and makes no other", () => {
  const arena = Arena.create({ bytesMax: arenaBytesOf(2) });
  const pool = FramePool.over(arena);
  const frames = [pool.allocate(), pool.allocate()];
  for (const frame of frames) expect(pool.arenaOf(frame)).toBe(arena);
  expect(() => pool.allocate()).toThrow(expect.objectContaining({
    code: "ENOMEM",
    message: "Cannot allocate a frame: the pool holds 131072 bytes, and no arena has room",
  }));
});

test("two pools over one arena do not hand out the same frame", () => {
  const arena = Arena.create({ bytesMax: arenaBytesOf(2) });
  const [one, two] = [FramePool.over(arena), FramePool.over(arena)];
  expect(one.allocate()).not.toBe(two.allocate());
  expect(() => one.allocate()).toThrow();
});

test("a pool that can hold nothing is a mistake only when it is none at all", () => {
  expect(() => FramePool.create({ bytesMax: 0 }).allocate()).toThrow(/all that it may/);
  expect(() => FramePool.create({ bytesMax: NaN })).toThrow(RangeError);
  expect(() => FramePool.create({ bytesMax: -1 })).toThrow(RangeError);
});

test("the shared pool is always the same", () => {
  expect(sharedFramePool()).toBe(sharedFramePool());
});

import { expect, test } from "vitest";
import { FRAME_BYTES, FRAME_SECTORS, FramePool } from "../../../src/devices/frame_pool.ts";
import { SparseMemory } from "../../../src/devices/sparse_memory.ts";
import { patternOf, Prng, verifySectors } from "../../../src/testing/mod.ts";

function poolOf(frameCount: number): FramePool {
  return FramePool.create({ arenaBytes: 2 ** 22, bytesMax: frameCount * FRAME_BYTES });
}

function read(memory: SparseMemory, sector: number, sectorCount: number): Uint8Array {
  const target = new Uint8Array(sectorCount * 512).fill(0xa5);
  memory.read(target, sector);
  return target;
}

test("zeroes written into a hole take no frame, and anything else takes one", () => {
  const memory = new SparseMemory("memory", poolOf(8));
  memory.write(new Uint8Array(3 * FRAME_BYTES), 5);
  memory.write(new Uint8Array(512), 0);
  expect(memory.usedBytes).toBe(0);
  const bytes = new Uint8Array(3 * FRAME_BYTES);
  bytes[FRAME_BYTES] = 1;
  memory.write(bytes, 0);
  expect(memory.usedBytes).toBe(FRAME_BYTES);
  verifySectors(read(memory, 0, 3 * FRAME_SECTORS), bytes, 0, "a write of mostly zeroes");
});

test("zeroes over whole frames free them, over parts of frames they do not", () => {
  const memory = new SparseMemory("memory", poolOf(8));
  memory.write(patternOf(1, 0, 4 * FRAME_SECTORS), 0);
  memory.zero(1, 2 * FRAME_SECTORS + 1);
  expect(memory.usedBytes).toBe(3 * FRAME_BYTES);
  const expected = patternOf(1, 0, 4 * FRAME_SECTORS).fill(0, 512, (2 * FRAME_SECTORS + 1) * 512);
  verifySectors(read(memory, 0, 4 * FRAME_SECTORS), expected, 0, "after zeroes");
  memory.clear();
  expect(memory.usedBytes).toBe(0);
});

test("a frame that is used again holds nothing of its last use", () => {
  const memory = new SparseMemory("memory", poolOf(1));
  memory.write(patternOf(1, 0, FRAME_SECTORS), 0);
  memory.zero(0, FRAME_SECTORS);
  const one = patternOf(2, 1000, 1);
  memory.write(one, 1000);
  const frame = 1000 - 1000 % FRAME_SECTORS;
  const expected = new Uint8Array(FRAME_BYTES);
  expected.set(one, (1000 - frame) * 512);
  verifySectors(read(memory, frame, FRAME_SECTORS), expected, frame, "a frame used again");
});

test("a write for which no memory is left changes nothing, and keeps no frame", () => {
  const memory = new SparseMemory("disk", poolOf(3));
  const before = patternOf(1, 0, FRAME_SECTORS);
  memory.write(before, FRAME_SECTORS);
  expect(() => memory.write(patternOf(2, 0, 4 * FRAME_SECTORS), 0)).toThrow(
    expect.objectContaining({
      code: "ENOMEM",
      message: `Cannot write 512 sectors at sector 0 of "disk": no memory is left for them`,
    }),
  );
  expect(memory.usedBytes).toBe(FRAME_BYTES);
  const expected = new Uint8Array(4 * FRAME_BYTES);
  expected.set(before, FRAME_BYTES);
  verifySectors(read(memory, 0, 4 * FRAME_SECTORS), expected, 0, "after the refusal");
  memory.write(patternOf(3, 0, 2 * FRAME_SECTORS), 4 * FRAME_SECTORS);
  memory.write(patternOf(4, 0, FRAME_SECTORS), FRAME_SECTORS);
});

test("a copy for which no memory is left changes nothing at the target", () => {
  const source = new SparseMemory("source", poolOf(4));
  const target = new SparseMemory("target", poolOf(2));
  source.write(patternOf(1, 0, 3 * FRAME_SECTORS), 0);
  const before = patternOf(2, 0, 1);
  target.write(before, 0);
  expect(() => source.copyTo(0, target, 0, 3 * FRAME_SECTORS)).toThrow(
    expect.objectContaining({
      code: "ENOMEM",
      message: `Cannot copy to 384 sectors at sector 0 of "target": no memory is left for them`,
    }),
  );
  expect(target.usedBytes).toBe(FRAME_BYTES);
  verifySectors(read(target, 0, 1), before, 0, "the target");
});

test("a hole is copied as a hole", () => {
  const pool = poolOf(8);
  const source = new SparseMemory("source", pool);
  const target = new SparseMemory("target", pool);
  target.write(patternOf(1, 0, 4 * FRAME_SECTORS), 0);
  source.copyTo(0, target, FRAME_SECTORS, 2 * FRAME_SECTORS);
  expect(target.usedBytes).toBe(2 * FRAME_BYTES);
  source.copyTo(0, target, 7, 1);
  const expected = patternOf(1, 0, 4 * FRAME_SECTORS).fill(0, FRAME_BYTES, 3 * FRAME_BYTES);
  expected.fill(0, 7 * 512, 8 * 512);
  verifySectors(read(target, 0, 4 * FRAME_SECTORS), expected, 0, "after copies of holes");
  expect(source.usedBytes).toBe(0);
});

test("moving one frame through a hole of many takes no more than two frames", () => {
  const memory = new SparseMemory("memory", poolOf(2));
  memory.write(patternOf(1, 0, FRAME_SECTORS), 0);
  memory.copyTo(0, memory, FRAME_SECTORS, 100 * FRAME_SECTORS);
  const frame = read(memory, FRAME_SECTORS, FRAME_SECTORS);
  verifySectors(frame, patternOf(1, 0, FRAME_SECTORS), 0, "one frame on");
  memory.zero(0, FRAME_SECTORS);
  memory.copyTo(FRAME_SECTORS, memory, 0, 100 * FRAME_SECTORS);
  verifySectors(read(memory, 0, FRAME_SECTORS), patternOf(1, 0, FRAME_SECTORS), 0, "and back");
});

test("any writes, zeroes and copies, also onto itself, read like the same done to plain bytes", () => {
  const sectorCount = 6 * FRAME_SECTORS;
  for (let round = 0; round < 30; round++) {
    const prng = Prng.fromSeed(`sparse/${round}`);
    const shared = FramePool.create({ arenaBytes: 2 ** 22 });
    const memories = [
      new SparseMemory("a", shared),
      new SparseMemory("b", shared),
      new SparseMemory("c", FramePool.create({ arenaBytes: 2 ** 22 })),
    ];
    const models = memories.map(() => new Uint8Array(sectorCount * 512));
    for (let seed = 1; seed < 60; seed++) {
      const from = prng.int(3);
      const to = prng.bool() ? from : prng.int(3);
      const count = prng.intBetween(1, prng.pick([1, 8, 130, 300]));
      const sector = prng.int(sectorCount - count + 1);
      const targetSector = prng.bool(0.3)
        ? Math.floor(prng.int(sectorCount - count + 1) / FRAME_SECTORS) * FRAME_SECTORS
        : prng.int(sectorCount - count + 1);
      switch (prng.weighted({ write: 2, zero: 2, copy: 4 })) {
        case "write": {
          const source = patternOf(seed, sector, count);
          memories[from]!.write(source, sector);
          models[from]!.set(source, sector * 512);
          break;
        }
        case "zero":
          memories[from]!.zero(sector, sector + count);
          models[from]!.fill(0, sector * 512, (sector + count) * 512);
          break;
        case "copy": {
          memories[from]!.copyTo(sector, memories[to]!, targetSector, count);
          const moved = models[from]!.slice(sector * 512, (sector + count) * 512);
          models[to]!.set(moved, targetSector * 512);
        }
      }
    }
    memories.forEach((memory, index) =>
      verifySectors(read(memory, 0, sectorCount), models[index]!, 0, `round ${round}, ${index}`)
    );
    for (const memory of memories) memory.clear();
    expect(shared.usedBytes).toBe(0);
  }
});

import { assertEquals } from "@std/assert";
import { test } from "vitest";
import { BadBlockList } from "../../../../src/targets/fault/bad_block_list.ts";
import { Prng } from "../../../../src/testing/prng.ts";

test("blocks are told in ascending order, whatever order they were added in", () => {
  const list = new BadBlockList();
  for (const block of [72, 60, 67]) assertEquals(list.add(block, 0), true);
  assertEquals([list.blocks, list.count], [[60, 67, 72], 3]);
});

test("a block is bad once: adding it again changes nothing", () => {
  const list = new BadBlockList();
  list.add(5, 7);
  assertEquals([list.add(5, 9), list.count, list.writeFailuresLeft(5)], [false, 1, 7]);
  assertEquals([list.remove(5), list.remove(5), list.count], [true, false, 0]);
});

test("write failures are counted down to 0, and the block stays bad", () => {
  const list = new BadBlockList();
  list.add(5, 2);
  list.add(6, 1);
  list.countWriteFailure(5);
  assertEquals([list.writeFailuresLeft(5), list.writeFailuresLeft(6)], [1, 1]);
  list.countWriteFailure(5);
  assertEquals([list.writeFailuresLeft(5), list.has(5), list.writeFailuresLeft(4)], [0, true, 0]);
});

test("the next bad block is found from below, from itself, and not from behind", () => {
  const list = new BadBlockList();
  list.add(5, 0);
  list.add(9, 0);
  assertEquals([4, 5, 6, 9, 10].map((block) => list.nextFrom(block)), [5, 5, 9, 9, Infinity]);
  assertEquals([4, 5, 6].map((block) => list.has(block)), [false, true, false]);
  list.clear();
  assertEquals([list.nextFrom(0), list.count], [Infinity, 0]);
});

test("it is a sorted map, by any sequence of changes", () => {
  for (let seed = 0; seed < 50; seed++) {
    const prng = Prng.fromSeed(`bad blocks/${seed}`);
    const list = new BadBlockList();
    const model = new Map<number, number>();
    for (let turn = 0; turn < 200; turn++) {
      const block = prng.int(30);
      if (prng.bool(0.6)) {
        const writeFailures = prng.int(256);
        assertEquals(list.add(block, writeFailures), !model.has(block), `seed ${seed}`);
        if (!model.has(block)) model.set(block, writeFailures);
      } else {
        assertEquals(list.remove(block), model.delete(block), `seed ${seed}`);
      }
      const sorted = [...model.keys()].sort((one, other) => one - other);
      const found = [list.blocks, list.nextFrom(block), list.writeFailuresLeft(block)];
      const next = sorted.find((each) => each >= block) ?? Infinity;
      assertEquals(found, [sorted, next, model.get(block) ?? 0], `seed ${seed}`);
    }
  }
});

import { expect, test } from "vitest";
import { HeldChunks } from "../../../../src/disk/layers/held_chunks.ts";
import { Prng } from "../../../../src/testing/mod.ts";
import { layerStack, openOn, SECTOR_COUNT, viewOf } from "./layers.ts";

const CHUNK_COUNT = 8;

function heldAfter(prng: Prng): { held: HeldChunks; chunks: number[] } {
  const stack = layerStack();
  const chunks = new Set<number>();
  for (const id of [1, 2, 3]) {
    openOn(stack, id);
    for (let count = prng.int(4); count > 0; count--) {
      const chunk = prng.int(CHUNK_COUNT);
      chunks.add(chunk);
      viewOf(stack, id).writeSync(new Uint8Array(512), chunk * 8);
    }
  }
  const held = HeldChunks.of([1, 2, 3].map((id) => stack.tableOf(id)));
  return { held, chunks: [...chunks].sort((a, b) => a - b) };
}

test("the chunks of several layers are told once, in order, in runs that do not touch", () => {
  for (let seed = 0; seed < 100; seed++) {
    const { held, chunks } = heldAfter(Prng.fromSeed(`held/${seed}`));
    const told = held.runs.flatMap(({ first, count }) =>
      Array.from({ length: count }, (_, at) => first + at)
    );
    expect(told, `seed ${seed}`).toEqual(chunks);
    expect(held.count).toBe(chunks.length);
    for (const [at, { first }] of held.runs.entries()) {
      const before = held.runs[at - 1];
      if (before !== undefined) expect(first).toBeGreaterThan(before.first + before.count);
    }
    expect([...held.pieces(2)].every(({ count }) => count <= 2)).toBe(true);
    expect([...held.pieces(2)].reduce((sum, { count }) => sum + count, 0)).toBe(chunks.length);
  }
});

test("as stretches, the last chunk ends with the disk", () => {
  const stack = layerStack();
  openOn(stack, 1);
  viewOf(stack, 1).writeSync(new Uint8Array(512), SECTOR_COUNT - 1);
  viewOf(stack, 1).writeSync(new Uint8Array(512), 9);
  expect(HeldChunks.of([stack.tableOf(1)]).extents(8, SECTOR_COUNT)).toEqual([
    { sector: 8, sectorCount: 8 },
    { sector: 56, sectorCount: 4 },
  ]);
});

test("no layers hold no chunks", () => {
  expect(HeldChunks.of([]).runs).toEqual([]);
});

import { expect, test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../../src/devices/mod.ts";
import { planDiff } from "../../../../src/disk/layers/diff.ts";
import { HeldChunks } from "../../../../src/disk/layers/held_chunks.ts";
import { patternOf, Prng } from "../../../../src/testing/mod.ts";
import { layerStack, openOn, SECTOR_COUNT, shown, viewOf } from "./layers.ts";

/** Chunks that differ, found by looking at every byte. */
function naiveDiff(one: Uint8Array, other: Uint8Array): number[] {
  const chunks: number[] = [];
  for (let chunk = 0; chunk * 8 < SECTOR_COUNT; chunk++) {
    const [from, to] = [chunk * 4096, (chunk + 1) * 4096];
    if (Buffer.compare(one.subarray(from, to), other.subarray(from, to)) !== 0) chunks.push(chunk);
  }
  return chunks;
}

test("a diff tells the chunks in which a byte differs, and no others", () => {
  for (let seed = 0; seed < 100; seed++) {
    const prng = Prng.fromSeed(`diff/${seed}`);
    const stack = layerStack();
    openOn(stack, 1);
    openOn(stack, 2);
    const view = viewOf(stack, 2);
    for (let count = prng.int(6); count > 0; count--) {
      const sector = prng.int(SECTOR_COUNT);
      // Sometimes what is there already: held, and the same.
      const bytes = patternOf(prng.bool() ? 1 : count + 1, sector, 1);
      if (prng.bool()) bytes[prng.int(512)]! ^= 1;
      view.writeSync(bytes, sector);
    }
    const held = HeldChunks.of([stack.tableOf(2)]);
    const extents = runSync(planDiff(stack.viewOf(null), stack.viewOf(2), held, 8));
    const told = extents.flatMap(({ sector, sectorCount }) =>
      Array.from({ length: Math.ceil(sectorCount / 8) }, (_, at) => sector / 8 + at)
    );
    expect(told, `seed ${seed}`).toEqual(naiveDiff(shown(stack, null), shown(stack, 2)));
    const last = extents.at(-1);
    if (last !== undefined) {
      expect(last.sector + last.sectorCount).toBeLessThanOrEqual(SECTOR_COUNT);
    }
  }
});

test("only chunks that are held are read", () => {
  const stack = layerStack();
  openOn(stack, 1);
  const other = createMemoryDevice({ sectorCount: SECTOR_COUNT }); // Differs everywhere.
  viewOf(stack, 1).writeSync(patternOf(5, 8, 1), 8);
  const held = HeldChunks.of([stack.tableOf(1)]);
  expect(runSync(planDiff(other, stack.viewOf(1), held, 8))).toEqual([
    { sector: 8, sectorCount: 8 },
  ]);
});

test("a stretch longer than a piece is one extent", () => {
  const sectorCount = 4096;
  const [one, other] = [0, 1].map((seed) =>
    createMemoryDevice({ sectorCount, content: patternOf(seed, 0, sectorCount) })
  ) as [ReturnType<typeof createMemoryDevice>, ReturnType<typeof createMemoryDevice>];
  const held = {
    *pieces(countMax: number) {
      for (let first = 0; first < 512; first += countMax) yield { first, count: countMax };
    },
  } as unknown as HeldChunks;
  expect(runSync(planDiff(one, other, held, 8))).toEqual([{ sector: 0, sectorCount }]);
});

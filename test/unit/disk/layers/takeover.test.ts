import { expect, test } from "vitest";
import { runAsync, runSync } from "../../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../../src/devices/mod.ts";
import { LayerStack } from "../../../../src/disk/layers/layer_stack.ts";
import { Takeover } from "../../../../src/disk/layers/takeover.ts";
import { layerSectors } from "../../../../src/disk/manifest/layer_size.ts";
import { patternOf, Prng } from "../../../../src/testing/mod.ts";
import { layerStack, openOn, SECTOR_COUNT, shown, viewOf } from "./layers.ts";

function scribble(stack: LayerStack, id: number, prng: Prng): void {
  for (let count = prng.int(5); count > 0; count--) {
    const sector = prng.int(SECTOR_COUNT);
    const sectorCount = prng.intBetween(1, Math.min(12, SECTOR_COUNT - sector));
    viewOf(stack, id).writeSync(patternOf(prng.uint32(), sector, sectorCount), sector);
  }
}

function takeOver(stack: LayerStack, upper: number, lower: number): Takeover {
  const takeover = new Takeover(stack.tableOf(lower));
  while (!takeover.isDone) {
    runSync(takeover.advance(stack.tableOf(upper), stack.tableOf(lower)));
  }
  return takeover;
}

test("after it a layer shows the same without the one below", () => {
  for (let seed = 0; seed < 100; seed++) {
    const prng = Prng.fromSeed(`takeover/${seed}`);
    const stack = layerStack();
    for (const id of [1, 2, 3]) {
      openOn(stack, id);
      scribble(stack, id, prng);
    }
    const before = shown(stack, 3);
    const { progress } = takeOver(stack, 3, 2);
    expect(progress.doneCount).toBe(progress.totalCount);
    runSync(stack.move(3, 1));
    expect(shown(stack, 3), `seed ${seed}`).toEqual(before);
    takeOver(stack, 3, 1);
    runSync(stack.move(3, null));
    expect(shown(stack, 3), `seed ${seed}`).toEqual(before);
    stack.check();
  }
});

test("what the upper layer has is not copied, and a second takeover copies nothing", () => {
  const stack = layerStack();
  openOn(stack, 1);
  openOn(stack, 2);
  viewOf(stack, 1).writeSync(patternOf(3, 0, 24), 0);
  viewOf(stack, 2).writeSync(patternOf(4, 8, 8), 8);
  takeOver(stack, 2, 1);
  expect(stack.tableOf(2).exceptionCount).toBe(3);
  takeOver(stack, 2, 1);
  expect(stack.tableOf(2).exceptionCount).toBe(3);
});

test("chunks that the lower layer takes over meanwhile are taken over as well", () => {
  const stack = layerStack();
  for (const id of [1, 2, 3]) openOn(stack, id);
  viewOf(stack, 1).writeSync(patternOf(3, 0, 24), 0);
  viewOf(stack, 2).writeSync(patternOf(4, 40, 8), 40);
  const before = shown(stack, 3);
  const upper = new Takeover(stack.tableOf(2));
  takeOver(stack, 2, 1);
  runSync(stack.move(2, null));
  while (!upper.isDone) runSync(upper.advance(stack.tableOf(3), stack.tableOf(2)));
  runSync(stack.move(3, null));
  expect(shown(stack, 3)).toEqual(before);
});

test("it goes in pieces, and writes between them and beside them stay", async () => {
  const sectorCount = 40_000; // 19 MiB: five pieces.
  const origin = createMemoryDevice({ sectorCount });
  const stack = new LayerStack(origin, {
    sectorCount,
    chunkSectors: 8,
    durability: "flush",
    onEvent() {},
  });
  for (const id of [1, 2]) {
    const cow = createMemoryDevice({ sectorCount: layerSectors(sectorCount, 8) });
    runSync(stack.open(id, id === 1 ? null : 1, cow));
  }
  const wanted = patternOf(7, 0, sectorCount);
  viewOf(stack, 1).writeSync(wanted, 0);
  const takeover = new Takeover(stack.tableOf(1));
  let pieceCount = 0;
  const writes: Promise<void>[] = [];
  for (; !takeover.isDone; pieceCount++) {
    const bytes = patternOf(100 + pieceCount, 0, 3);
    for (const sector of [pieceCount * 8192 + 5, sectorCount - 8 - pieceCount * 16]) {
      wanted.set(bytes, sector * 512);
      writes.push(viewOf(stack, 2).write(bytes, sector));
    }
    await runAsync(takeover.advance(stack.tableOf(2), stack.tableOf(1)));
  }
  expect(pieceCount).toBeGreaterThanOrEqual(5);
  await Promise.all(writes);
  runSync(stack.move(2, null));
  const found = new Uint8Array(sectorCount * 512);
  viewOf(stack, 2).readSync(found, 0);
  expect(Buffer.compare(found, wanted)).toBe(0);
});

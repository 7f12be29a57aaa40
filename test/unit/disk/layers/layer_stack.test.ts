import { expect, test } from "vitest";
import { checked } from "../../../../src/block/checked.ts";
import { runSync } from "../../../../src/block/plan.ts";
import { patternOf } from "../../../../src/testing/mod.ts";
import {
  layerCow,
  layerStack,
  memoryOrigin,
  openOn,
  ORIGIN,
  SECTOR_COUNT,
  shown,
  viewOf,
} from "./layers.ts";

const ONE = patternOf(2, 4, 10);

function withBytes(base: Uint8Array, bytes: Uint8Array, sector: number): Uint8Array {
  const next = base.slice();
  next.set(bytes, sector * 512);
  return next;
}

test("a layer shows what lies below it, and what was written to it", () => {
  const stack = layerStack();
  openOn(stack, 1);
  openOn(stack, 2);
  viewOf(stack, 1).writeSync(ONE, 4);
  const written = withBytes(ORIGIN, ONE, 4);
  expect(shown(stack, 2)).toEqual(written);
  viewOf(stack, 2).writeSync(ONE.subarray(0, 512), 59);
  expect(shown(stack, 2)).toEqual(withBytes(written, ONE.subarray(0, 512), 59));
  expect(shown(stack, 1)).toEqual(written);
  expect(shown(stack, null)).toEqual(ORIGIN);
  stack.check();
});

test("a layer that is closed has kept what was written to it", () => {
  const stack = layerStack();
  const cow = openOn(stack, 1);
  viewOf(stack, 1).writeSync(ONE, 4);
  runSync(stack.close(1));
  expect(stack.has(1)).toBe(false);
  openOn(stack, 1, cow);
  expect(shown(stack, 1)).toEqual(withBytes(ORIGIN, ONE, 4));
});

test("a layer is moved under whatever lies on it", () => {
  const stack = layerStack();
  openOn(stack, 1);
  openOn(stack, 2);
  openOn(stack, 3);
  viewOf(stack, 1).writeSync(ONE, 4);
  const view = viewOf(stack, 3);
  runSync(stack.move(2, null));
  expect(shown(stack, 3)).toEqual(ORIGIN);
  expect(viewOf(stack, 3)).toBe(view);
  runSync(stack.move(2, 1));
  expect(shown(stack, 3)).toEqual(withBytes(ORIGIN, ONE, 4));
});

test("requests wait while a layer is moved, and go on after it", async () => {
  const stack = layerStack();
  openOn(stack, 1);
  const moving = stack.move(1, null);
  for (let next = moving.next(); !viewOf(stack, 1).isBusy; next = moving.next()) {
    expect(next.done).toBe(false);
    runSync((function* () {
      yield next.value!;
    })());
  }
  const write = viewOf(stack, 1).write(ONE, 4);
  expect(() => viewOf(stack, 1).writeSync(ONE, 4)).toThrow(/suspended/);
  runSync(moving);
  await write;
  expect(shown(stack, 1)).toEqual(withBytes(ORIGIN, ONE, 4));
});

test("another origin is put under all layers, or under none", () => {
  const stack = layerStack();
  openOn(stack, 1);
  viewOf(stack, 1).writeSync(ONE, 4);
  openOn(stack, 3 - 1);
  const cow = layerCow();
  runSync(stack.open(3, null, cow));
  const other = patternOf(9, 0, SECTOR_COUNT);
  const origin = memoryOrigin(other);
  let flushCount = 0;
  const failing = checked({
    name: "failing",
    sectorCount: SECTOR_COUNT,
    supports: { write: false, discard: false, discardZeroes: false, permanence: false },
    readSync: (target, sector) => origin.readSync(target, sector),
    writeSync() {},
    flushSync() {
      if (++flushCount > 2) throw new Error("it fails");
    },
    closeSync() {},
  });
  expect(() => runSync(stack.moveOrigin(failing, [1, 3]))).toThrow("it fails");
  expect(shown(stack, 2)).toEqual(withBytes(ORIGIN, ONE.subarray(0), 4));
  expect(shown(stack, 3)).toEqual(ORIGIN);
  runSync(stack.moveOrigin(origin, [1, 3]));
  expect(stack.origin).toBe(origin);
  expect(shown(stack, 3)).toEqual(other);
  stack.check();
});

test("a layer that cannot be opened leaves nothing behind", () => {
  const stack = layerStack();
  const cow = layerCow();
  cow.writeSync(new Uint8Array(512).fill(1), 0);
  expect(() => runSync(stack.open(1, null, cow))).toThrow(/magic/);
  expect(stack.layers).toEqual([]);
  openOn(stack, 1);
  expect(shown(stack, 1)).toEqual(ORIGIN);
});

test("events tell which layer they are about", () => {
  const seen: string[] = [];
  const stack = layerStack(memoryOrigin(), (id, { kind }) => seen.push(`${id}: ${kind}`));
  openOn(stack, 1);
  viewOf(stack, 1).writeSync(ORIGIN, 0);
  expect(seen).toContain("1: usage");
});

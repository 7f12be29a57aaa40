import { expect, test } from "vitest";
import { patternOf } from "../../src/testing/pattern.ts";
import { readCowImage } from "./cow_image.ts";
import { drawOperations } from "./operations.ts";
import { Stomper } from "./stomper.ts";

test("a fork begins as what it was taken of and goes its own way", () => {
  const origin = new Stomper(4);
  origin.stomp(1, 0, 2);
  const snapshot = origin.fork(3);
  origin.stomp(2, 1, 2);
  snapshot.stomp(3, 0, 1);
  const writes = (view: Stomper) =>
    Array.from({ length: view.sectorCount }, (_, sector) => [...view.writesAt(sector)]);
  expect(writes(origin)).toEqual([[1], [2], [2], [0]]);
  expect(writes(snapshot)).toEqual([[3], [1], [0]]);
});

test("a stale, a misplaced and a torn sector are told apart from the right one", () => {
  const view = new Stomper(3);
  view.stomp(5, 0, 3);
  expect(view.compare(patternOf(5, 0, 3), 0)).toBe(null);
  expect(view.compare(patternOf(4, 0, 1), 0)).toBe(
    "sector 0 holds sector 0 of write 4, want write 5",
  );
  expect(view.compare(patternOf(5, 2, 1), 1)).toBe(
    "sector 1 holds sector 2 of write 5, want write 5",
  );
  const torn = patternOf(5, 0, 1);
  torn.set([torn[511]! ^ 1], 511);
  expect(view.compare(torn, 0)).toMatch(/torn at byte 511, want write 5/);
  expect(view.compare(new Uint8Array(512), 0)).toBe("sector 0 holds zeroes, want write 5");
});

test("an uncertain sector must stay what it was read as", () => {
  const view = new Stomper(1);
  view.stomp(1, 0, 1);
  view.maybeStomp(2, 0, 1);
  expect(view.compare(patternOf(3, 0, 1), 0)).toMatch(/want write 1 or write 2/);
  expect(view.compare(patternOf(2, 0, 1), 0)).toBe(null);
  expect(view.compare(patternOf(1, 0, 1), 0)).toMatch(/want write 2/);
});

test("a view can become another one, or perhaps", () => {
  const [one, other] = [new Stomper(2), new Stomper(2)];
  one.stomp(1, 0, 2);
  other.stomp(2, 0, 1);
  one.maybeBecome(other);
  expect([...one.writesAt(0)]).toEqual([1, 2]);
  one.become(other);
  expect([...one.writesAt(0), ...one.writesAt(1)]).toEqual([2, 0]);
});

test("the same seed draws the same operations, and other seeds leave some out", () => {
  expect(drawOperations("x", 50)).toEqual(drawOperations("x", 50));
  const kinds = Array.from(
    { length: 20 },
    (_, seed) => new Set(drawOperations(`${seed}`, 200).map(({ kind }) => kind)).size,
  );
  expect(Math.min(...kinds)).toBeLessThan(9);
  expect(Math.max(...kinds)).toBeGreaterThan(9);
});

test("the second reader of COW devices refuses what breaks the format", () => {
  const fresh = () => {
    const bytes = new Uint8Array(8 * 512);
    bytes.set([0x53, 0x6e, 0x41, 0x70, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
    return bytes;
  };
  const withEntry = (oldChunk: number, newChunk: number) => {
    const bytes = fresh();
    bytes[512] = oldChunk;
    bytes[520] = newChunk;
    return bytes;
  };
  expect(readCowImage(fresh())).toEqual({ isValid: true, chunkSectors: 1, entries: [] });
  expect(readCowImage(withEntry(9, 2)).entries).toEqual([[9, 2]]);
  expect(() => readCowImage(withEntry(9, 3))).toThrow("which is not the next one");
  expect(() => readCowImage(withEntry(9, 0))).toThrow("something lies behind the end");
  expect(() => readCowImage(new Uint8Array(4096))).toThrow("its magic is not SnAp");
  const tailed = fresh();
  tailed[300] = 1;
  expect(() => readCowImage(tailed)).toThrow("its header has a tail");
});

/**
 * Listing the runs of an exception index: a workspace full at a time, while the index may change.
 */
import { test } from "vitest";
import { assertEquals } from "@std/assert";
import { Arena } from "../../../src/kernel/arena.ts";
import { ExceptionIndex } from "../../../src/kernel/exception_index.ts";

test("runs can be listed while the index changes: what stays is listed once", () => {
  const index = new ExceptionIndex(Arena.create({ bytesMax: 2 ** 28 }));
  const stays = new Map<number, number>();
  // Four times as many of either kind as are listed at once.
  for (let chunk = 0; chunk < 40_000; chunk += 4) {
    index.insert(chunk, chunk + 1);
    stays.set(chunk, 0);
  }
  for (let chunk = 2 ** 24; chunk < 2 ** 24 + 10_000 * 32; chunk += 32) {
    index.insert(chunk, chunk + 1, 16);
    stays.set(chunk, 0);
  }
  let step = 0;
  for (const { oldChunk } of index.runs()) {
    if (stays.has(oldChunk)) stays.set(oldChunk, stays.get(oldChunk)! + 1);
    // Grows both tables several times over, and takes some away.
    index.insert(2 ** 20 + 2 * step++, 0);
    const window = 2 ** 26 + 16 * step;
    index.insert(window, 2 * window, 16);
    // Windows that become long when short runs are listed, and short when long ones are.
    if (step % 3 === 0) index.remove(2 ** 20 + step);
    if (step % 3 === 1) index.remove(window - 16);
    if (step % 3 === 2) index.insert(window - 16, 2 * (window - 16));
  }
  assertEquals([...stays.values()].filter((times) => times !== 1), []);
  index.check();
});

test("the list is whole, whichever run is the last one that is listed at once", () => {
  // 2,559 runs are listed at once.
  for (const short of [2557, 2558, 2559, 2560]) {
    for (const long of [0, 1, 2]) {
      const index = new ExceptionIndex(Arena.create({ bytesMax: 2 ** 28 }));
      for (let i = 0; i < short; i++) index.insert(i * 2, 0);
      for (let i = 0; i < long; i++) index.insert(2 ** 20 + 32 * i, 0, 16);
      assertEquals(new Set([...index.runs()].map(({ oldChunk }) => oldChunk)).size, short + long);
      assertEquals([...index.runs()].length, short + long);
    }
  }
});

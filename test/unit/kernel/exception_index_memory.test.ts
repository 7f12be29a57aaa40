/**
 * The memory of an exception index: what an exception costs, what is given back, and when an arena is
 * full. What a full one refuses is in `exception_index_full.test.ts`.
 */
import { test } from "vitest";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { Arena, PAGE_BYTES } from "../../../src/kernel/arena.ts";
import { CHUNKS_MAX, ExceptionIndex } from "../../../src/kernel/exception_index.ts";
import { Prng } from "../../../src/testing/prng.ts";

const indexInOwnArena = () => new ExceptionIndex(Arena.create({ bytesMax: 2 ** 28 }));

test("clearing gives every page back, and the index can be used again", () => {
  const arena = Arena.create({ bytesMax: 2 ** 26 });
  const index = new ExceptionIndex(arena);
  const before = arena.usedBytes;
  for (let chunk = 0; chunk < 1_000_000; chunk += 3) index.insert(chunk, chunk);
  assert(index.usedBytes > 4_000_000);
  assertEquals(arena.usedBytes, before + index.usedBytes);
  index.clear();
  assertEquals(index.usedBytes, 0);
  assertEquals(arena.usedBytes, before);
  index.insert(5, 6);
  assertEquals([...index.runs()], [{ oldChunk: 5, newChunk: 6, count: 1 }]);
  index.check();
});

test("what is removed one by one gives its memory back on the way", () => {
  const index = indexInOwnArena();
  const chunks = Array.from({ length: 320_000 }, (_, i) => i * 7);
  for (const chunk of chunks) index.insert(chunk, chunk);
  const full = index.usedBytes;
  for (const chunk of chunks.slice(0, 200_000)) index.remove(chunk);
  index.check();
  assert(index.usedBytes < 0.5 * full, `${index.usedBytes} of ${full} bytes`);
  for (const chunk of chunks.slice(200_000)) assertEquals(index.find(chunk), chunk);
  for (const chunk of chunks.slice(200_000)) index.remove(chunk);
  assertEquals(index.usedBytes, 0);
  index.check();
});

test("a full arena refuses an insertion and keeps what there was", () => {
  const arena = Arena.create({ bytesMax: 8 * PAGE_BYTES });
  const index = new ExceptionIndex(arena);
  let count = 0;
  const failure = assertThrows(() => {
    for (;; count++) index.insert(count * 3, count);
  }, BlockDeviceError);
  assertEquals((failure as BlockDeviceError).code, "ENOMEM");
  index.check();
  assert(count * 16 > 3 * PAGE_BYTES, `${count} exceptions in ${index.usedBytes} bytes`);
  assertEquals(index.exceptionCount, count);
  for (let i = 0; i < count; i++) assertEquals(index.find(i * 3), i);
  // What is removed makes room again; a run that still finds none at its end is taken back whole.
  index.remove(0, 3 * 1000);
  assertThrows(() => index.insert(2 ** 36, 0, 2 ** 24), BlockDeviceError, "Cannot insert");
  assertEquals(index.exceptionCount, count - 1000);
  assertEquals(index.find(2 ** 36), -1);
  index.check();
  for (let i = 0; i < 900; i++) assertEquals(index.insert(2 ** 37 + 2 * i, i), true);
  index.check();
});

test("growing finds room for the last home's crowd, however many they are", () => {
  // Windows whose scattered numbers are the highest. The index grows at 6,048 runs, to two pages,
  // where the last home has some 200 slots behind it.
  const windowOf = (scattered: bigint) => Number(BigInt.asUintN(34, scattered * 0x2a32a66edn)) * 16;
  for (let crowd = 185; crowd < 220; crowd++) {
    const index = indexInOwnArena();
    for (let i = 1; i <= crowd; i++) index.insert(windowOf(2n ** 34n - BigInt(i)), i);
    for (let i = 1; index.runCount < 6100; i++) index.insert(windowOf(BigInt(i) << 21n), i);
    assertEquals(index.usedBytes, crowd <= 203 ? 2 * PAGE_BYTES : 3 * PAGE_BYTES);
    index.check();
    for (let i = 1; i <= crowd; i++) assertEquals(index.find(windowOf(2n ** 34n - BigInt(i))), i);
    index.destroy();
  }
});

test("whichever page was the last, a full arena keeps what there was and gets all back", () => {
  // Past 40 pages of slots the directory moves to a page of its own.
  for (const pageCount of [1, 2, 3, 4, 5, 6, 7, 8, 39, 40, 41, 42, 43, 44, 45]) {
    const arena = Arena.create({ bytesMax: (2 + pageCount) * PAGE_BYTES });
    const before = arena.usedBytes;
    const index = new ExceptionIndex(arena);
    let count = 0;
    let used = 0;
    assertThrows(() => {
      for (;; count++) {
        used = index.usedBytes;
        index.insert(count * 5, count);
      }
    }, BlockDeviceError);
    index.check();
    // Growing takes several pages. If there are too few, it takes none.
    assertEquals(arena.usedBytes, before + used, `${pageCount} pages`);
    for (let i = 0; i < count; i += 11) assertEquals(index.find(i * 5), i);
    assertEquals(index.exceptionCount, count);
    index.destroy();
    assertEquals(arena.usedBytes, before, `${pageCount} pages`);
  }
});

test("an isolated exception costs at most 12.8 bytes, rounded up to pages", () => {
  const prng = Prng.fromSeed("cost");
  const arena = Arena.create({ bytesMax: 2 ** 28 });
  const index = new ExceptionIndex(arena);
  for (let next = 5000; index.exceptionCount < 400_000; next *= 1.03) {
    while (index.exceptionCount < next) index.insert(prng.int(CHUNKS_MAX), prng.int(CHUNKS_MAX));
    const bound = index.exceptionCount * 12.8 + PAGE_BYTES;
    assert(index.usedBytes <= bound, `${index.exceptionCount}: ${index.usedBytes} bytes`);
  }
  index.check();
  const exact = indexInOwnArena();
  while (exact.exceptionCount < 10_000) exact.insert(prng.int(CHUNKS_MAX), prng.int(CHUNKS_MAX));
  assert(exact.usedBytes <= 2 * PAGE_BYTES, `10000 exceptions: ${exact.usedBytes} bytes`);
});

test("exceptions made in order cost a tenth of a byte each, rounded up to pages", () => {
  const index = indexInOwnArena();
  for (let chunk = 0; chunk < 1_000_000; chunk++) index.insert(chunk, chunk + 3);
  assertEquals(index.runCount, Math.ceil(1_000_000 / 256));
  assert(index.usedBytes <= 100_000 + PAGE_BYTES, `${index.usedBytes} bytes`);
  index.check();
});

test("so do exceptions made in order around the metadata of a COW device", () => {
  const index = indexInOwnArena();
  for (let chunk = 0; chunk < 1_000_000; chunk++) {
    index.insert(chunk + 100, 2 + chunk + Math.floor(chunk / 256));
  }
  assert(index.usedBytes <= 300_000, `${index.usedBytes} bytes`);
  index.check();
});

/**
 * Arenas: whose pages are whose, and the verbs on bytes, each against plain TypeScript.
 */
import { expect, test } from "vitest";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { Arena, ARENA_BYTES_MAX, PAGE_BYTES } from "../../../src/kernel/arena.ts";
import { Prng } from "../../../src/testing/prng.ts";

const KERNEL_BYTES = 2 * PAGE_BYTES;

/** An arena with room for so many pages. */
const arenaOfPages = (pageCount: number) =>
  Arena.create({ bytesMax: KERNEL_BYTES + pageCount * PAGE_BYTES });

test("a new arena holds the kernel's own pages and no other", () => {
  const arena = arenaOfPages(4);
  assertEquals(arena.usedBytes, KERNEL_BYTES);
  assertEquals(arena.limitBytes, KERNEL_BYTES + 4 * PAGE_BYTES);
});

test("pages are zeroed, whoever had them before", () => {
  const arena = arenaOfPages(8);
  const run = arena.allocatePages(3);
  assertEquals(run % PAGE_BYTES, 0);
  arena.fill(run, 0xff, 3 * PAGE_BYTES);
  arena.freePages(run, 3);
  const again = arena.allocatePages(5);
  assertEquals(again, run);
  assert(arena.isZero(again, 5 * PAGE_BYTES));
});

test("neighbours that were freed apart serve one longer run", () => {
  const arena = arenaOfPages(4);
  const pages = [0, 1, 2, 3].map(() => arena.allocatePages(1));
  arena.freePages(pages[2]!, 1);
  arena.freePages(pages[1]!, 1);
  assertEquals(arena.allocatePages(2), pages[1]);
});

test("part of a run can be given back", () => {
  const arena = arenaOfPages(4);
  const run = arena.allocatePages(4);
  arena.freePages(run + PAGE_BYTES, 2);
  assertEquals(arena.usedBytes, KERNEL_BYTES + 2 * PAGE_BYTES);
  assertEquals(arena.allocatePages(2), run + PAGE_BYTES);
});

test("the limit itself can be allocated, one page past it cannot, and nothing is changed then", () => {
  const arena = arenaOfPages(3);
  const failure = assertThrows(() => arena.allocatePages(4), BlockDeviceError);
  assertEquals((failure as BlockDeviceError).code, "ENOMEM");
  assertEquals(arena.usedBytes, KERNEL_BYTES);
  const run = arena.allocatePages(3);
  assertEquals(arena.usedBytes, arena.limitBytes);
  expect(() => arena.allocatePages(1)).toThrow(
    "Cannot allocate 1 pages of 65536 bytes: the arena uses 327680 of 327680 bytes",
  );
  arena.freePages(run, 1);
  assertEquals(arena.allocatePages(1), run);
});

test("where no run is long enough an allocation fails, though as many pages are free", () => {
  const arena = arenaOfPages(3);
  const run = arena.allocatePages(3);
  arena.freePages(run, 1);
  arena.freePages(run + 2 * PAGE_BYTES, 1);
  assertThrows(() => arena.allocatePages(2), BlockDeviceError, "Cannot allocate 2 pages");
});

test("pages that are not all in use cannot be freed, nor the kernel's own", () => {
  const arena = arenaOfPages(4);
  const run = arena.allocatePages(2);
  const freeing = (address: number, pageCount: number) =>
    assertThrows(() => arena.freePages(address, pageCount), RangeError);
  freeing(0, 1);
  freeing(PAGE_BYTES, 1);
  freeing(run, 3);
  freeing(run + 512, 1);
  freeing(run, -1);
  freeing(run, 0.5);
  arena.freePages(run + PAGE_BYTES, 1);
  freeing(run, 2);
  assertEquals(arena.usedBytes, KERNEL_BYTES + PAGE_BYTES);
});

test("an arena has a size from three pages to 4 GiB", () => {
  for (const bytesMax of [0, -1, NaN, 3 * PAGE_BYTES - 1, ARENA_BYTES_MAX + 1, Infinity]) {
    assertThrows(() => Arena.create({ bytesMax }), RangeError, "Cannot make an arena");
  }
  assertEquals(Arena.create({ bytesMax: 4 * PAGE_BYTES - 1 }).limitBytes, 3 * PAGE_BYTES);
  assertEquals(
    Arena.create({ bytesMax: ARENA_BYTES_MAX }).limitBytes,
    ARENA_BYTES_MAX - PAGE_BYTES,
  );
});

test("the last bytes of 4 GiB are like any others", () => {
  const arena = Arena.create({ bytesMax: ARENA_BYTES_MAX });
  const pageCount = (arena.limitBytes - arena.usedBytes) / PAGE_BYTES;
  const end = arena.allocatePages(pageCount) + pageCount * PAGE_BYTES;
  assertEquals(end, arena.limitBytes);
  arena.fill(end - 1000, 7, 1000);
  assertEquals(arena.compare(end - 1000, end - 1001, 1000), 0);
  assertEquals(arena.isZero(end - 2000, 1000), true);
  assertEquals(arena.isZero(end - 2000, 1001), false);
  arena.copy(end - 3000, end - 1000, 1000);
  assertEquals(arena.xxh3(end - 1000, 1000), arena.xxh3(end - 3000, 1000));
});

test("what the view was before the memory grew goes on to show the same bytes", () => {
  const arena = arenaOfPages(100);
  const page = arena.allocatePages(1);
  const before = arena.bytes;
  const far = arena.allocatePages(90);
  assert(arena.bytes.length >= far + 90 * PAGE_BYTES);
  assert(arena.bytes.length > before.length);
  arena.bytes[page] = 42;
  assertEquals(before[page], 42);
});

test("no page has two holders, whatever is allocated and freed in whatever order", () => {
  const prng = Prng.fromSeed("pages");
  const arena = arenaOfPages(200);
  const held: { address: number; pageCount: number; tag: number }[] = [];
  let pagesHeld = 0;
  for (let step = 0; step < 4000; step++) {
    if (prng.bool(0.55)) {
      const pageCount = prng.bool(0.8) ? prng.intBetween(1, 3) : prng.intBetween(4, 40);
      let address: number;
      try {
        address = arena.allocatePages(pageCount);
      } catch (error) {
        assertEquals((error as BlockDeviceError).code, "ENOMEM");
        continue;
      }
      const words = new Float64Array(arena.bytes.buffer, address, pageCount * PAGE_BYTES / 8);
      assert(arena.isZero(address, pageCount * PAGE_BYTES), `step ${step}: not zeroed`);
      for (let page = 0; page < pageCount; page++) words[page * PAGE_BYTES / 8] = step + 1;
      held.push({ address, pageCount, tag: step + 1 });
      pagesHeld += pageCount;
    } else if (held.length > 0) {
      const [run] = held.splice(prng.int(held.length), 1);
      const { address, pageCount, tag } = run!;
      const words = new Float64Array(arena.bytes.buffer, address, pageCount * PAGE_BYTES / 8);
      for (let page = 0; page < pageCount; page++) {
        assertEquals(words[page * PAGE_BYTES / 8], tag, `step ${step}: someone else wrote here`);
      }
      arena.freePages(address, pageCount);
      pagesHeld -= pageCount;
    }
    assertEquals(arena.usedBytes, KERNEL_BYTES + pagesHeld * PAGE_BYTES);
  }
  for (const { address, pageCount } of held) arena.freePages(address, pageCount);
  arena.allocatePages(200);
});

test("copying moves bytes also where the two ranges overlap", () => {
  const arena = arenaOfPages(1);
  const page = arena.allocatePages(1);
  const prng = Prng.fromSeed("copy");
  for (let round = 0; round < 300; round++) {
    const expected = prng.bytes(1024);
    arena.bytes.set(expected, page);
    const [target, source] = [prng.int(512), prng.int(512)];
    const byteCount = prng.int(513);
    arena.copy(page + target, page + source, byteCount);
    expected.copyWithin(target, source, source + byteCount);
    assertEquals(arena.bytes.slice(page, page + 1024), expected);
  }
});

test("filling sets every byte of the range and no other", () => {
  const arena = arenaOfPages(1);
  const page = arena.allocatePages(1);
  const expected = new Uint8Array(512);
  for (const [begin, byteCount, byte] of [[0, 0, 9], [3, 1, 1], [64, 65, 255], [100, 411, 77]]) {
    arena.fill(page + begin!, byte!, byteCount!);
    expected.fill(byte!, begin, begin! + byteCount!);
    assertEquals(arena.bytes.slice(page, page + 512), expected);
  }
});

test("one byte anywhere is enough not to be zero, and a byte outside is not seen", () => {
  const arena = arenaOfPages(1);
  const page = arena.allocatePages(1) + 5;
  for (let byteCount = 0; byteCount < 200; byteCount++) {
    arena.bytes[page - 1] = arena.bytes[page + byteCount] = 1;
    assertEquals(arena.isZero(page, byteCount), true, `${byteCount} zeroes`);
    arena.bytes[page + byteCount] = 0;
    for (let at = 0; at < byteCount; at++) {
      arena.bytes[page + at] = 1;
      assertEquals(arena.isZero(page, byteCount), false, `byte ${at} of ${byteCount}`);
      arena.bytes[page + at] = 0;
    }
  }
});

test("comparing finds the first byte that differs, wherever it is", () => {
  const arena = arenaOfPages(1);
  const a = arena.allocatePages(1);
  const b = a + 1031;
  arena.bytes.set(Prng.fromSeed("compare").bytes(200), a);
  arena.copy(b, a, 200);
  for (let byteCount = 0; byteCount < 200; byteCount++) {
    arena.bytes[b + byteCount]! ^= 1;
    assertEquals(arena.compare(a, b, byteCount), byteCount, `${byteCount} equal bytes`);
    for (let at = 0; at < byteCount; at++) {
      arena.bytes[b + at]! ^= 128;
      assertEquals(arena.compare(a, b, byteCount), at);
      arena.bytes[b + at]! ^= 128;
    }
    arena.bytes[b + byteCount]! ^= 1;
  }
});

test("no verb touches what is not in the arena or is the kernel's", () => {
  const arena = arenaOfPages(2);
  const page = arena.allocatePages(2);
  const end = arena.bytes.length;
  const bad = [[0, 1], [KERNEL_BYTES - 1, 1], [end, 1], [end - 1, 2], [-1, 1], [page, -1]];
  for (
    const [address, byteCount] of [...bad, [page + 0.5, 1], [page, NaN], [NaN, 0], [2 ** 32, 0]]
  ) {
    const refused = (verb: () => unknown) => assertThrows(verb, RangeError, "Cannot use");
    refused(() => arena.fill(address!, 1, byteCount!));
    refused(() => arena.copy(address!, page, byteCount!));
    refused(() => arena.copy(page, address!, byteCount!));
    refused(() => arena.isZero(address!, byteCount!));
    refused(() => arena.compare(page, address!, byteCount!));
    refused(() => arena.xxh3(address!, byteCount!));
    refused(() => arena.xxh128(address!, byteCount!));
  }
  arena.fill(end - 1, 1, 1);
  arena.fill(end, 1, 0);
});

test("an attached arena sees the owner's bytes, also after the owner's memory grew", () => {
  const owner = arenaOfPages(100);
  const guest = Arena.attach(owner.memory, owner.allocatePages(1));
  const far = owner.allocatePages(90) + 89 * PAGE_BYTES;
  owner.fill(far, 3, 100);
  assertEquals(guest.compare(far, far + 1, 98), 98);
  assertEquals(guest.xxh128(far, 500), owner.xxh128(far, 500));
  assertEquals(guest.bytes[far], 3);
  assertEquals(guest.usedBytes, owner.usedBytes);
});

test("only the owner hands out pages", () => {
  const owner = arenaOfPages(4);
  const workspace = owner.allocatePages(1);
  const guest = Arena.attach(owner.memory, workspace);
  assertThrows(() => guest.allocatePages(1), TypeError, "another thread's");
  assertThrows(() => guest.freePages(workspace, 1), TypeError, "another thread's");
});

test("only the memory of an arena can be attached to", () => {
  const memory = new WebAssembly.Memory({ initial: 3, maximum: 3, shared: true });
  assertThrows(() => Arena.attach(memory, KERNEL_BYTES), TypeError, "not that of an arena");
  const owner = arenaOfPages(4);
  assertThrows(() => Arena.attach(owner.memory, PAGE_BYTES), RangeError, "Cannot use");
});

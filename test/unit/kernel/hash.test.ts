/**
 * XXH3 against its authors' vectors and against hash-wasm, another implementation.
 */
import { createXXHash128, createXXHash3 } from "hash-wasm";
import { test } from "vitest";
import { assertEquals } from "@std/assert";
import { Arena, PAGE_BYTES } from "../../../src/kernel/arena.ts";
import { xxh128, Xxh3, xxh3 } from "../../../src/kernel/hash.ts";
import { Prng } from "../../../src/testing/prng.ts";

/** Seed 0, from xxHash's own sanity check (`cli/xsum_sanity_check.c`): length, hash. */
const VECTORS_64: [number, bigint][] = [
  [0, 0x2d06800538d394c2n],
  [1, 0xc44bdff4074eecdbn],
  [6, 0x27b56a84cd2d7325n],
  [12, 0xa713daf0dfbb77e7n],
  [24, 0xa3fe70bf9d3510ebn],
  [48, 0x397da259ecba1f11n],
  [80, 0xbcdefbbb2c47c90an],
  [195, 0xcd94217ee362ec3an],
  [403, 0xcdeb804d65c6dea4n],
  [512, 0x617e49599013cb6bn],
  [2048, 0xdd59e2c3a5f038e0n],
  [2240, 0x6e73a90539cf2948n],
  [2367, 0xcb37aeb9e5d361edn],
];

/** Length, higher half and lower half. */
const VECTORS_128: [number, string][] = [
  [0, "99aa06d3014798d86001c324468d497f"],
  [1, "a6cd5e9392000f6ac44bdff4074eecdb"],
  [6, "082afe0b8162d12a3e7039bdda43cfc6"],
  [12, "6e3efd8fc7802b18061a192713f69ad9"],
  [24, "0ce966e4678d37611e7044d28b1b901d"],
  [48, "a002ac4e5478227ef942219aed80f67b"],
  [81, "4952f58181ab00425e8bafb9f95fb803"],
  [222, "337e09641b948717f1aebd597cec6b3a"],
  [403, "1b6de21e332dd73dcdeb804d65c6dea4"],
  [512, "18d2d110dcc9bca1617e49599013cb6b"],
  [2048, "f736557fd47073a5dd59e2c3a5f038e0"],
  [2240, "ccb134fbfa7ce49d6e73a90539cf2948"],
  [2367, "e89c0f6ff369b427cb37aeb9e5d361ed"],
];

/** The bytes that the vectors are hashes of: the top bytes of a multiplicative sequence. */
function vectorBytes(byteCount: number): Uint8Array {
  let word = 2654435761n;
  return Uint8Array.from({ length: byteCount }, () => {
    const byte = Number(word >> 56n);
    word = BigInt.asUintN(64, word * 11400714785074694797n);
    return byte;
  });
}

const hasher64 = await createXXHash3();
const hasher128 = await createXXHash128();
const hex = (hash: bigint) => hash.toString(16).padStart(16, "0");
const expected64 = (bytes: Uint8Array) => hasher64.init().update(bytes).digest();
const expected128 = (bytes: Uint8Array) => hasher128.init().update(bytes).digest();

test("the hashes are those that the authors of XXH3 published", () => {
  const bytes = vectorBytes(2367);
  for (const [byteCount, hash] of VECTORS_64) {
    assertEquals(xxh3(bytes.subarray(0, byteCount)), hash, `${byteCount} bytes`);
  }
  for (const [byteCount, hash] of VECTORS_128) {
    assertEquals(xxh128(bytes.subarray(0, byteCount)), hash, `${byteCount} bytes`);
  }
});

test("every length from 0 to 4096 hashes as in hash-wasm, at any address", () => {
  const bytes = Prng.fromSeed("every length").bytes(4200);
  for (let byteCount = 0; byteCount <= 4096; byteCount++) {
    const begin = byteCount % 67;
    const piece = bytes.subarray(begin, begin + byteCount);
    assertEquals(hex(xxh3(piece)), expected64(piece), `${byteCount} bytes, 64 bits`);
    assertEquals(xxh128(piece), expected128(piece), `${byteCount} bytes, 128 bits`);
  }
});

test("what is longer than the window hashes as in hash-wasm", () => {
  const bytes = Prng.fromSeed("long").bytes(1 << 20);
  const window = 61440;
  const around = (n: number) => [n - 1, n, n + 1];
  for (const byteCount of [window, 2 * window, 2 * window + 1024, 1 << 17].flatMap(around)) {
    const piece = bytes.subarray(7, 7 + byteCount);
    assertEquals(hex(xxh3(piece)), expected64(piece), `${byteCount} bytes, 64 bits`);
    assertEquals(xxh128(piece), expected128(piece), `${byteCount} bytes, 128 bits`);
  }
  assertEquals(hex(xxh3(bytes)), expected64(bytes));
});

test("bytes of an arena hash where they are, whichever view of it they come in", () => {
  const arena = Arena.create({ bytesMax: 1 << 24 });
  const page = arena.allocatePages(2);
  const bytes = Prng.fromSeed("in place").bytes(2 * PAGE_BYTES);
  arena.bytes.set(bytes, page);
  const oldView = arena.bytes.subarray(page, page + bytes.length);
  arena.allocatePages(150);
  for (const byteCount of [0, 3, 17, 129, 241, 1024, 4096, 61441, 2 * PAGE_BYTES]) {
    const expected = expected64(bytes.subarray(0, byteCount));
    const newView = arena.bytes.subarray(page, page + byteCount);
    assertEquals(hex(xxh3(oldView.subarray(0, byteCount))), expected);
    assertEquals(hex(xxh3(newView)), expected);
    assertEquals(hex(arena.xxh3(page, byteCount)), expected);
    assertEquals(arena.xxh3Low32(page, byteCount), parseInt(expected.slice(8), 16));
    const { low, high } = arena.xxh128(page, byteCount);
    assertEquals(hex(high) + hex(low), expected128(bytes.subarray(0, byteCount)));
    assertEquals(xxh128(newView), hex(high) + hex(low));
  }
});

test("pieces of any length hash as the whole", () => {
  const prng = Prng.fromSeed("pieces");
  const bytes = prng.bytes(200_000);
  const arena = Arena.create({ bytesMax: 1 << 20 });
  const page = arena.allocatePages(4);
  arena.bytes.set(bytes, page);
  for (let round = 0; round < 200; round++) {
    const byteCount = prng.bool(0.5) ? prng.int(3000) : prng.int(bytes.length);
    const pieceMax = prng.pick([1, 64, 240, 1023, 1024, 1025, 5000, 70_000]);
    if (byteCount / pieceMax > 5000) continue;
    const hasher = new Xxh3();
    for (let at = 0; at < byteCount;) {
      const end = Math.min(byteCount, at + prng.int(pieceMax + 1));
      const isInArena = prng.bool(0.3);
      const piece = isInArena
        ? arena.bytes.subarray(page + at, page + end)
        : bytes.subarray(at, end);
      hasher.update(piece);
      at = end;
    }
    const whole = bytes.subarray(0, byteCount);
    const what = `round ${round}: ${byteCount} bytes in pieces of up to ${pieceMax}`;
    assertEquals(hex(hasher.digest()), expected64(whole), what);
    assertEquals(hasher.digest128(), expected128(whole), what);
  }
});

test("a digest does not disturb what follows", () => {
  const bytes = Prng.fromSeed("digests").bytes(3000);
  const hasher = new Xxh3();
  for (let end = 0; end < bytes.length; end += 97) {
    assertEquals(hex(hasher.digest()), expected64(bytes.subarray(0, end)));
    hasher.update(bytes.subarray(end, end + 97));
  }
  assertEquals(hex(hasher.reset().digest()), expected64(new Uint8Array(0)));
});

test("two hashers at work do not meet", () => {
  const [a, b] = [new Xxh3(), new Xxh3()];
  const bytes = Prng.fromSeed("two").bytes(5000);
  for (let at = 0; at < bytes.length; at += 500) {
    a.update(bytes.subarray(at, at + 500));
    b.update(bytes.subarray(at, at + 250));
    xxh3(bytes);
  }
  assertEquals(a.digest(), xxh3(bytes));
  assertEquals(hex(b.digest()).length, 16);
});

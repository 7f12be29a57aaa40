/**
 * What the kernel does to every byte, against what JavaScript has without it.
 *
 *     deno bench -A test/bench/bytes.bench.ts
 *
 * XXH3 is measured three ways: over a chunk that lies in an arena, over bytes from elsewhere (which
 * are copied into the kernel first), and with hash-wasm, the usual choice (which copies, too). Each
 * group is a size; the bytes are hot, as a chunk is that was just read. `COWDISK_BENCH_SMOKE=1`
 * shrinks all sizes, for the test that only wants to know whether this still runs.
 */
import { createXXHash128, createXXHash3 } from "hash-wasm";
import { Arena, xxh3 } from "../../src/kernel/mod.ts";
import { Prng } from "../../src/testing/prng.ts";

const isSmoke = Deno.env.get("COWDISK_BENCH_SMOKE") === "1";
const hashSizes = isSmoke ? [512] : [512, 4096, 65536, 1048576];
const moveSizes = isSmoke ? [512] : [4096, 65536, 1048576];
const byteCountMax = 1048576;

const arena = Arena.create({ bytesMax: 2 ** 24 });
const page = arena.allocatePages(32);
const copyPage = page + byteCountMax;
const bytes = Prng.fromSeed("bench").bytes(isSmoke ? 512 : byteCountMax);
arena.bytes.set(bytes, page);
arena.bytes.set(bytes, copyPage);
const target = new Uint8Array(byteCountMax);
const zeroes = arena.allocatePages(16);
const hasher64 = await createXXHash3();
const hasher128 = await createXXHash128();

const nameOf = (byteCount: number) =>
  byteCount < 1024
    ? `${byteCount} B`
    : byteCount < 1048576
    ? `${byteCount / 1024} KiB`
    : `${byteCount / 1048576} MiB`;

for (const byteCount of hashSizes) {
  const piece = bytes.subarray(0, byteCount);
  const group = `XXH3-64 of ${nameOf(byteCount)}`;
  Deno.bench(`${group}: hash-wasm`, { group, baseline: true }, () => {
    hasher64.init().update(piece).digest("binary");
  });
  Deno.bench(`${group}: in an arena`, { group }, () => {
    arena.xxh3(page, byteCount);
  });
  Deno.bench(`${group}: bytes from elsewhere`, { group }, () => {
    xxh3(piece);
  });
}

for (const byteCount of hashSizes) {
  const piece = bytes.subarray(0, byteCount);
  const group = `XXH3-128 of ${nameOf(byteCount)}`;
  Deno.bench(`${group}: hash-wasm`, { group, baseline: true }, () => {
    hasher128.init().update(piece).digest("binary");
  });
  Deno.bench(`${group}: in an arena`, { group }, () => {
    arena.xxh128(page, byteCount);
  });
}

for (const byteCount of moveSizes) {
  const piece = bytes.subarray(0, byteCount);
  const group = `copy ${nameOf(byteCount)}`;
  Deno.bench(`${group}: Uint8Array.set`, { group, baseline: true }, () => {
    target.set(piece);
  });
  Deno.bench(`${group}: in an arena`, { group }, () => {
    arena.copy(copyPage, page, byteCount);
  });
}

/** The loop that JavaScript has instead of `isZero`, eight bytes at a time. */
function isZeroInJavaScript(words: Float64Array): boolean {
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}

/** And instead of `compare`. */
function compareInJavaScript(a: Uint8Array, b: Uint8Array): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return i;
}

for (const byteCount of moveSizes) {
  const words = new Float64Array(byteCount / 8);
  const group = `is zero, ${nameOf(byteCount)}`;
  Deno.bench(`${group}: a loop over Float64Array`, { group, baseline: true }, () => {
    isZeroInJavaScript(words);
  });
  Deno.bench(`${group}: in an arena`, { group }, () => {
    arena.isZero(zeroes, byteCount);
  });
}

for (const byteCount of moveSizes) {
  const piece = bytes.subarray(0, byteCount);
  const twin = piece.slice();
  const group = `compare ${nameOf(byteCount)}`;
  Deno.bench(`${group}: a loop over Uint8Array`, { group, baseline: true }, () => {
    compareInJavaScript(piece, twin);
  });
  Deno.bench(`${group}: in an arena`, { group }, () => {
    arena.compare(copyPage, page, byteCount);
  });
}

/**
 * What the kernel does to every byte, beside what JavaScript, other libraries and a native program
 * have for it.
 *
 * *Hot* bytes are the same ones every time, as a chunk is that was just read; *cold* ones lie at random
 * places of 128 MiB, as in a snapshot. The floor copies or fills as many, for every byte has to be
 * touched; hashes have a peer as their floor.
 *
 * @module
 */
import { createXXHash128, createXXHash3 } from "hash-wasm";
import createXxhashWasm from "xxhash-wasm";
import { formatSize } from "../../../src/block/units.ts";
import { Arena } from "../../../src/kernel/mod.ts";
import { Prng } from "../../../src/testing/prng.ts";
import { type Contest, isSmoke, lazy, type Runner } from "../harness/contest.ts";
import { shuffledBelow, Walk } from "./places.ts";

/** How many bytes an operation is about. */
export const SIZES: readonly number[] = isSmoke ? [512] : [512, 4096, 65_536, 1_048_576];

/** Where the bytes are. */
export type Warmth = "hot" | "cold";

const REGION_BYTES = isSmoke ? 2 ** 20 : 2 ** 27;
const PAGE_BYTES = 65_536;

/** Two regions of random bytes in an arena, and two of a `Uint8Array` each. */
const regions = lazy(() => {
  const arena = Arena.create({ bytesMax: REGION_BYTES * 2 + 2 ** 22 });
  const from = arena.allocatePages(REGION_BYTES / PAGE_BYTES);
  const to = arena.allocatePages(REGION_BYTES / PAGE_BYTES);
  const zeroes = arena.allocatePages(16);
  const piece = Prng.fromSeed("bytes").bytes(2 ** 16);
  const source = new Uint8Array(REGION_BYTES);
  for (let at = 0; at < REGION_BYTES; at += piece.length) source.set(piece, at);
  arena.bytes.set(source, from);
  arena.bytes.set(source, to);
  return { arena, from, to, zeroes, source, target: source.slice() };
});

/** What the places of a size and a warmth are, and how many make a round. */
function walkOf(byteCount: number, warmth: Warmth) {
  const places = warmth === "hot" ? new Uint32Array(1) : shuffledBelow(
    REGION_BYTES / byteCount,
    "bytes",
  ).subarray(0, 2 ** 16);
  const walk = new Walk(places, (place) => place * byteCount);
  const operations = Math.max(4, Math.min(1000, 2 ** 23 / byteCount));
  const runner = (name: string, act: (address: number) => void): Runner => ({
    name,
    run() {
      for (let done = 0; done < operations; done++) act(walk.next());
    },
  });
  return { operations, runner };
}

function titleOf(verb: string, byteCount: number, warmth: Warmth): string {
  return `${verb} ${formatSize(byteCount)}, ${warmth}`;
}

/** Copying. */
export function copy(byteCount: number, warmth: Warmth): Contest {
  const { operations, runner } = walkOf(byteCount, warmth);
  const { arena, from, to, source, target } = regions();
  return {
    title: titleOf("copy", byteCount, warmth),
    operations,
    floor: runner("Uint8Array.set", (at) => target.set(source.subarray(at, at + byteCount), at)),
    runners: [runner("cowdisk", (at) => arena.copy(to + at, from + at, byteCount))],
  };
}

/** Filling. */
export function fill(byteCount: number, warmth: Warmth): Contest {
  const { operations, runner } = walkOf(byteCount, warmth);
  const { arena, to, target } = regions();
  return {
    title: titleOf("fill", byteCount, warmth),
    operations,
    floor: runner("Uint8Array.fill", (at) => void target.fill(7, at, at + byteCount)),
    runners: [runner("cowdisk", (at) => arena.fill(to + at, 7, byteCount))],
  };
}

/** The loop that JavaScript has instead of `compare`. */
function compareInJavaScript(a: Uint8Array, b: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && a[at] === b[at]) at++;
  return at;
}

/** Comparing bytes that are the same. */
export function compare(byteCount: number, warmth: Warmth): Contest {
  const { operations, runner } = walkOf(byteCount, warmth);
  const { arena, from, source } = regions();
  // Both sides of a comparison are of one region: the same random piece lies everywhere in it.
  const twin = PAGE_BYTES;
  const other = (at: number) => at + twin + byteCount > REGION_BYTES ? at : at + twin;
  const shifted = lazy(() => source.slice());
  return {
    title: titleOf("compare", byteCount, warmth),
    operations,
    floor: runner("Uint8Array.set", (at) => {
      shifted().set(source.subarray(at, at + byteCount), at);
    }),
    runners: [
      runner("a loop over Uint8Array", (at) => {
        compareInJavaScript(source, shifted(), at, at + byteCount);
      }),
      runner("cowdisk", (at) => void arena.compare(from + other(at), from + at, byteCount)),
    ],
  };
}

/** The loop that JavaScript has instead of `isZero`, eight bytes at a time. */
function isZeroInJavaScript(words: Float64Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (words[at] !== 0) return false;
  return true;
}

/** Asking whether zeroes are zeroes. */
export function isZero(byteCount: number, warmth: Warmth): Contest {
  const { operations, runner } = walkOf(byteCount, warmth);
  const { arena, zeroes, target } = regions();
  const words = lazy(() => new Float64Array(byteCount / 8));
  return {
    title: titleOf("ask whether all is zero,", byteCount, warmth),
    operations,
    floor: runner("Uint8Array.fill", () => void target.fill(0, 0, byteCount)),
    runners: [
      runner("a loop over Float64Array", () => {
        isZeroInJavaScript(words(), 0, byteCount / 8);
      }),
      runner("cowdisk", () => void arena.isZero(zeroes, byteCount)),
    ],
  };
}

const peers = async () => {
  const [xxh3, xxh128, xxhashWasm] = await Promise.all([
    createXXHash3(),
    createXXHash128(),
    createXxhashWasm(),
  ]);
  return { xxh3, xxh128, xxhashWasm };
};

/** XXH3 where the bytes lie, beside two libraries. xxhash-wasm knows no XXH3: its XXH64 is shown. */
export async function hash(bits: 64 | 128, byteCount: number, warmth: Warmth): Promise<Contest> {
  const { operations, runner } = walkOf(byteCount, warmth);
  const { arena, from, source } = regions();
  const { xxh3, xxh128, xxhashWasm } = await peers();
  const peer = bits === 64 ? xxh3 : xxh128;
  return {
    title: titleOf(`XXH3-${bits} of`, byteCount, warmth),
    operations,
    floor: runner("hash-wasm", (at) => {
      peer.init().update(source.subarray(at, at + byteCount)).digest("binary");
    }),
    runners: [
      ...bits === 128 ? [] : [runner("xxhash-wasm, XXH64", (at) => {
        xxhashWasm.h64Raw(source.subarray(at, at + byteCount));
      })],
      runner("cowdisk", (at) => {
        if (bits === 64) arena.xxh3(from + at, byteCount);
        else arena.xxh128(from + at, byteCount);
      }),
    ],
  };
}

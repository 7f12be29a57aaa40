/**
 * What the WebAssembly kernel does to bytes, beside what one would write without it.
 *
 * | | without it |
 * |---|---|
 * | copy | `Uint8Array.set`, which the engine has in machine code, too |
 * | compare | a loop over words of 32 bits, until two differ; none do |
 * | is zero | a loop over words of 32 bits, until one is not; all are |
 * | XXH3-64 | hash-wasm, the usual choice; bytes are copied into its memory |
 *
 * Both work on the same number of bytes, hot in the cache, as a chunk is that was just read.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { Arena } from "cowdisk/kernel";
import { createXXHash3 } from "hash-wasm";
import type { Runner } from "./contest.ts";
import { type ByteVerb, SIZES } from "./results.ts";

const SIZE_MAX = SIZES.at(-1)!;
const WORD_BYTES = 4;

function compareWords(one: Uint32Array, other: Uint32Array, wordCount: number): number {
  for (let at = 0; at < wordCount; at++) if (one[at] !== other[at]) return at;
  return wordCount;
}

function areZero(words: Uint32Array, wordCount: number): boolean {
  for (let at = 0; at < wordCount; at++) if (words[at] !== 0) return false;
  return true;
}

/** Bytes that no run of zeroes is in; the same ones on every machine. */
function pattern(byteCount: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteCount);
  let state = 1;
  for (let at = 0; at < byteCount; at++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
    bytes[at] = (state >>> 24) | 1;
  }
  return bytes;
}

/** What the contests are about. */
export interface ByteContests {
  /** The two runners for a verb and a size: the kernel's, and the one without it. */
  runners(verb: ByteVerb, byteCount: number): [kernel: Runner, plain: Runner];
}

/** Makes what they work on. */
export async function createByteContests(): Promise<ByteContests> {
  const arena = Arena.create({ bytesMax: 2 ** 24 });
  const pages = SIZE_MAX / 65_536;
  const [first, second, zeroes] = [1, 2, 3].map(() => arena.allocatePages(pages));
  const bytes = pattern(SIZE_MAX);
  arena.bytes.set(bytes, first);
  arena.bytes.set(bytes, second);
  const other = bytes.slice();
  const words = new Uint32Array(bytes.buffer);
  const otherWords = new Uint32Array(other.buffer);
  const zeroWords = new Uint32Array(SIZE_MAX / WORD_BYTES);
  const hasher = await createXXHash3();
  let kept = 0; // What is computed is kept, or an engine might leave it out.

  const repeat = (name: string, once: () => number): Runner => ({
    name,
    run(count) {
      for (let at = 0; at < count; at++) kept ^= once();
    },
  });
  return {
    runners(verb, byteCount) {
      const wordCount = byteCount / WORD_BYTES;
      const piece = bytes.subarray(0, byteCount);
      const ways: Record<ByteVerb, [() => number, () => number]> = {
        "copy": [
          () => (arena.copy(second!, first!, byteCount), 1),
          () => (other.set(piece), 1),
        ],
        "compare": [
          () => arena.compare(first!, second!, byteCount),
          () => compareWords(words, otherWords, wordCount),
        ],
        "is zero": [
          () => Number(arena.isZero(zeroes!, byteCount)),
          () => Number(areZero(zeroWords, wordCount)),
        ],
        "XXH3-64": [
          () => arena.xxh3Low32(first!, byteCount),
          () => hasher.init().update(piece).digest("binary")[0]!,
        ],
      };
      const [kernel, plain] = ways[verb];
      return [repeat("kernel", kernel), repeat("plain", plain)];
    },
  };
}

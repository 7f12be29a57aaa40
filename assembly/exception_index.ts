/**
 * The exception index: which new chunk holds what an old chunk held.
 *
 * An index is a header (`layout.ts`) and its slots (`slots.ts`); many share one arena. Exceptions
 * that continue each other, old and new chunk both one further, are one run as long as they are in
 * one window (`chunk_key.ts`), so a region written in order costs less than a byte a chunk.
 *
 * Invariants: no old chunk is in two runs; no run crosses a window; two runs of one window that
 * continue each other are one run. Chunk numbers are below 2^44. They cross the boundary as f64,
 * which holds them exactly: a 64-bit integer would arrive as a BigInt, and that is an allocation.
 *
 * Here are making, looking up and listing; `exception_change.ts` inserts and removes. Fails:
 * `createIndex` returns 0 when there is no header left. Looking up and listing cannot fail.
 */
import { CHUNKS_MAX, chunksLeft, keyOf, oldChunkOf, placeOf } from "./chunk_key";
import {
  INDEX_HEADER_BYTES,
  INDEX_HEADERS,
  INDEX_IN_USE,
  INDEXES_MAX,
  IndexHeader,
  INLINE_DIRECTORY,
} from "./layout";
import { hasDirectoryPage, releaseSlots } from "./slot_growth";
import { positionAfter, seek, slotAfter, slotBefore } from "./slot_search";
import { countOfWord, EMPTY, keyOfWord, newChunkAt, slotAddress } from "./slots";

/** Returns the address of a new, empty index, or 0 when the arena's index headers are all in use. */
export function createIndex(): usize {
  for (let number: u32 = 0; number < INDEXES_MAX; number++) {
    const address = INDEX_HEADERS + <usize> number * INDEX_HEADER_BYTES;
    const index = changetype<IndexHeader>(address);
    if (index.state == INDEX_IN_USE) continue;
    memory.fill(address, 0, INDEX_HEADER_BYTES);
    index.directory = <u32> (address + INLINE_DIRECTORY);
    index.state = INDEX_IN_USE;
    return address;
  }
  return 0;
}

export function destroyIndex(index: IndexHeader): void {
  clearIndex(index);
  index.state = 0;
}

/** Forgets every exception and gives all pages back. */
export function clearIndex(index: IndexHeader): void {
  releaseSlots(index);
  index.runCount = 0;
  index.exceptionCount = 0;
}

export function exceptionCount(index: IndexHeader): f64 {
  return <f64> index.exceptionCount;
}

export function runCount(index: IndexHeader): u32 {
  return index.runCount;
}

/** Pages in use, the directory's included. */
export function indexPages(index: IndexHeader): u32 {
  return index.pageCount + <u32> hasDirectoryPage(index);
}

/**
 * Looks `oldChunk` up. A hit answers newChunk * 512 + n and a miss answers -n: the n chunks from
 * `oldChunk` on share the answer, consecutive new chunks or none. One search tells as much as its
 * window holds; the windows after it are searched while n is less than `chunksWanted`, which is 256
 * at most, so that a hit's answer is below 2^53.
 */
export function findRun(index: IndexHeader, oldChunk: f64, chunksWanted: u32): f64 {
  const chunk = toChunk(oldChunk);
  let found = findInWindow(index, chunk);
  const newChunk = foundChunk;
  const hit = found > 0;
  let count = <u64> abs(found);
  while (count < chunksWanted && placeOf(chunk + count) == 0 && chunk + count < CHUNKS_MAX) {
    found = findInWindow(index, chunk + count);
    if (hit ? found < 0 || foundChunk != newChunk + count : found > 0) break;
    count += abs(found);
  }
  return hit ? <f64> <i64> (newChunk * 512 + count) : -<f64> <i64> count;
}

/** The new chunk of the last look-up that was a hit. */
let foundChunk: u64 = 0;

/** Returns n > 0: the next n chunks of the window are in one run; or -n: the next n are in none. */
function findInWindow(index: IndexHeader, chunk: u64): i32 {
  const left = chunksLeft(chunk);
  if (index.runCount == 0) return -left;
  const key = keyOf(chunk);
  seek(index, key);
  const before = slotBefore;
  if (before != 0) {
    const word = load<u64>(before);
    const into = key - keyOfWord(word);
    const count = <u64> countOfWord(word);
    if (into < count) {
      foundChunk = newChunkAt(before) + into;
      return <i32> (count - into);
    }
  }
  if (slotAfter == 0) return -left;
  const next = load<u64>(slotAfter);
  return next == EMPTY ? -left : -<i32> min(<u64> left, keyOfWord(next) - key);
}

/** An f64 that is an integer below 2^52 holds it in its low bits once 2^52 is added. */
export function toChunk(value: f64): u64 {
  return reinterpret<u64>(value + 4503599627370496.0) & 0xfffffffffffff;
}

/**
 * Writes up to `runsMax` runs with keys from `cursor` on to `target`, in the order of the slots: the
 * cursor to go on from (f64), then for each run its old chunk, new chunk and count (three f64).
 * Returns how many; fewer than `runsMax` means there are no more. What is inserted or removed
 * between two calls is seen or not; a run that was there all the time is seen once.
 */
export function listRuns(index: IndexHeader, cursor: f64, target: usize, runsMax: u32): u32 {
  const from = toChunk(cursor);
  let position: u32 = 0;
  if (from > 0 && index.runCount > 0) {
    seek(index, from - 1);
    position = positionAfter;
  }
  let listed: u32 = 0;
  for (; position < index.slotCount && listed < runsMax; position++) {
    const slot = slotAddress(index, position);
    const word = load<u64>(slot);
    if (word == EMPTY) continue;
    const key = keyOfWord(word);
    const record = target + 8 + <usize> listed * 24;
    store<f64>(target, <f64> <i64> (key + countOfWord(word)));
    store<f64>(record, <f64> <i64> oldChunkOf(key));
    store<f64>(record, <f64> <i64> newChunkAt(slot), 8);
    store<f64>(record, <f64> countOfWord(word), 16);
    listed++;
  }
  return listed;
}

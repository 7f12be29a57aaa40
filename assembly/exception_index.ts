/**
 * The exception index: which new chunk holds what an old chunk held.
 *
 * An index is a header and two tables (`layout.ts`), each a sorted array of slots (`slots.ts`); many
 * share one arena. Exceptions that continue each other, old and new chunk both one further, are one
 * run, of one of two kinds:
 *
 *     kind    a key is            a run is                                      its limit
 *     short   a chunk             1 to 15 chunks of one window                  a window: 16 chunks
 *     long    a whole window      1 to 16 windows, each excepted to the end     a group: 16 windows
 *
 * A window becomes long with the exception that makes it whole, and short again, in one piece or
 * two, with the first that is removed from it. So a disk that is written in order costs a slot for
 * 256 chunks, and one that is written all over has nothing but short runs, which are found by one
 * search: there is a second only where there are long runs and the window has no short one.
 *
 * Invariants: no old chunk is in two runs, of whichever kind; no run crosses its limit; no short run
 * fills its window; two runs of one kind within one limit that continue each other are one run. So
 * the runs follow from the exceptions alone, whatever was inserted and removed before. Chunk numbers
 * are below 2^38. They cross the boundary as f64, which holds them exactly: a 64-bit integer would
 * arrive as a BigInt, and that is an allocation.
 *
 * Here are making, looking up and listing; `exception_change.ts` inserts and removes. Fails:
 * `createIndex` returns 0 when there is no header left. Looking up and listing cannot fail.
 */
import { CHUNKS_MAX, chunksLeft, keyOf, oldChunkOf, placeOf, WINDOW_SHIFT } from "./chunk_key";
import {
  INDEX_HEADER_BYTES,
  INDEX_HEADERS,
  INDEX_IN_USE,
  INDEXES_MAX,
  IndexHeader,
  longRuns,
  shortRuns,
  SlotTable,
} from "./layout";
import { formatTable, releaseSlots, tablePages } from "./slot_growth";
import { positionAfter, seek, slotAfter, slotBefore, wordBefore } from "./slot_search";
import { countOfWord, EMPTY, keyOfWord, newChunkAt, slotAddress } from "./slots";

/** A long run has 2^8 chunks, at most. */
const LONG_SHIFT: u64 = 2 * WINDOW_SHIFT;

/** Returns the address of a new, empty index, or 0 when the arena's index headers are all in use. */
export function createIndex(): usize {
  for (let number: u32 = 0; number < INDEXES_MAX; number++) {
    const address = INDEX_HEADERS + <usize> number * INDEX_HEADER_BYTES;
    const index = changetype<IndexHeader>(address);
    if (index.state == INDEX_IN_USE) continue;
    memory.fill(address, 0, INDEX_HEADER_BYTES);
    formatTable(shortRuns(index), 0);
    formatTable(longRuns(index), <u32> WINDOW_SHIFT);
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
  releaseSlots(shortRuns(index));
  releaseSlots(longRuns(index));
  index.exceptionCount = 0;
}

export function exceptionCount(index: IndexHeader): f64 {
  return <f64> index.exceptionCount;
}

export function runCount(index: IndexHeader): u32 {
  return shortRuns(index).runCount + longRuns(index).runCount;
}

/** Pages in use, the directories' included. */
export function indexPages(index: IndexHeader): u32 {
  return tablePages(shortRuns(index)) + tablePages(longRuns(index));
}

/**
 * Looks `oldChunk` up. A hit answers newChunk * 512 + n and a miss answers -n: the n chunks from
 * `oldChunk` on share the answer, consecutive new chunks or none. One look-up tells as much as its
 * window holds, or its long run; what follows is searched while n is less than `chunksWanted`, which
 * is 256 at most, so that n is below 512.
 */
export function findRun(index: IndexHeader, oldChunk: f64, chunksWanted: u32): f64 {
  const chunk = toChunk(oldChunk);
  let found = findAt(index, chunk);
  const newChunk = foundChunk;
  const hit = found > 0;
  let count = <u64> abs(found);
  while (count < chunksWanted && placeOf(chunk + count) == 0 && chunk + count < CHUNKS_MAX) {
    found = findAt(index, chunk + count);
    if (hit ? found < 0 || foundChunk != newChunk + count : found > 0) break;
    count += abs(found);
  }
  return hit ? <f64> <i64> (newChunk * 512 + count) : -<f64> <i64> count;
}

/** The new chunk of the last look-up that was a hit. */
export let foundChunk: u64 = 0;

/**
 * Returns n > 0: the next n chunks are in one run; or -n: the next n of the window are in none.
 *
 * Long runs come first where they may have most of the exceptions, hence always where there are no
 * short ones: their table is small, and likely to be in the cache when the other is not. Else they
 * are asked only about windows that have no short run.
 */
function findAt(index: IndexHeader, chunk: u64): i32 {
  const short = shortRuns(index);
  const long = longRuns(index);
  const key = keyOf(chunk);
  if (long.runCount == 0) return findIn(short, key);
  const isLongFirst = (<u64> long.runCount << LONG_SHIFT) > short.runCount;
  if (isLongFirst) {
    const whole = findLong(index, chunk);
    if (whole > 0) return whole;
  }
  const found = findIn(short, key);
  if (found > 0 || isLongFirst || hasShortRun(key, found)) return found;
  const whole = findLong(index, chunk);
  return whole > 0 ? whole : found;
}

/** After a miss: whether there is a run in the window before the key, or after it. */
function hasShortRun(key: u64, found: i32): bool {
  const word = wordBefore();
  return <u32> -found < chunksLeft(key) || word != EMPTY && keyOfWord(word) >= key - placeOf(key);
}

/** How many chunks from this one on are in one long run; 0: none. */
export function findLong(index: IndexHeader, chunk: u64): i32 {
  const windows = findIn(longRuns(index), keyOf(chunk >> WINDOW_SHIFT));
  if (windows < 0) return 0;
  foundChunk += placeOf(chunk);
  return (windows << <i32> WINDOW_SHIFT) - <i32> placeOf(chunk);
}

/** Returns n > 0: the next n keys are in one run; or -n: the next n, up to the limit, are in none. */
function findIn(table: SlotTable, key: u64): i32 {
  const left = <u64> chunksLeft(key);
  if (table.runCount == 0) return -<i32> left;
  seek(table, key);
  if (slotBefore != 0) {
    const word = load<u64>(slotBefore);
    const into = key - keyOfWord(word);
    const count = <u64> countOfWord(word);
    if (into < count && word != EMPTY) {
      foundChunk = newChunkAt(slotBefore) + (into << <u64> table.chunkShift);
      return <i32> (count - into);
    }
  }
  if (slotAfter == 0) return -<i32> left;
  // No branch: an empty slot is as far away as the end of the keys.
  const next = load<u64>(slotAfter);
  return -<i32> min(left, keyOfWord(next) + <u64> (next == EMPTY) - key);
}

/** An f64 that is an integer below 2^52 holds it in its low bits once 2^52 is added. */
export function toChunk(value: f64): u64 {
  return reinterpret<u64>(value + 4503599627370496.0) & 0xfffffffffffff;
}

/**
 * Writes up to `runsMax` runs from `cursor` on to `target`, the short ones and then the long ones, in
 * the order of their slots: the cursor to go on from (f64), then for each run its old chunk, new
 * chunk and count (three f64). Returns how many; fewer than `runsMax` means there are no more. A run
 * that is there all the time is listed once; what is inserted, removed, joined or split between two
 * calls may be listed as it was, as it is, both or not at all.
 */
export function listRuns(index: IndexHeader, cursor: f64, target: usize, runsMax: u32): u32 {
  const from = toChunk(cursor);
  let listed: u32 = 0;
  if (from < CHUNKS_MAX) {
    store<f64>(target, <f64> <i64> CHUNKS_MAX);
    listed = listTable(shortRuns(index), from, 0, target, 0, runsMax);
    if (listed == runsMax) return listed;
  }
  const fromLong = max(from, CHUNKS_MAX) - CHUNKS_MAX;
  return listTable(longRuns(index), fromLong, CHUNKS_MAX, target, listed, runsMax);
}

/** Lists runs with keys from `from` on, behind those that are listed. Cursors are key + `base`. */
function listTable(
  table: SlotTable,
  from: u64,
  base: u64,
  target: usize,
  listed: u32,
  runsMax: u32,
): u32 {
  const shift = <u64> table.chunkShift;
  let position: u32 = 0;
  if (from > 0 && table.runCount > 0) {
    seek(table, from - 1);
    position = positionAfter;
  }
  for (; position < table.slotCount && listed < runsMax; position++) {
    const slot = slotAddress(table, position);
    const word = load<u64>(slot);
    if (word == EMPTY) continue;
    const key = keyOfWord(word);
    const count = <u64> countOfWord(word);
    const record = target + 8 + <usize> listed * 24;
    store<f64>(target, <f64> <i64> (base + key + count));
    store<f64>(record, <f64> <i64> (oldChunkOf(key) << shift));
    store<f64>(record, <f64> <i64> newChunkAt(slot), 8);
    store<f64>(record, <f64> <i64> (count << shift), 16);
    listed++;
  }
  return listed;
}

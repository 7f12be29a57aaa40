/**
 * The check of an exception index: reads every slot and believes nothing.
 *
 * It uses the format of a slot and of a key, but neither the search nor the counts, so that a fault
 * in those is found. The first law that does not hold is the answer; the numbers are also the order
 * of the sentences in `src/kernel/exception_index.ts`.
 *
 * Invariants: reads only. Fails never: a broken index is an answer, not a trap, as long as its
 * directories name pages of the memory.
 */
import { keyOf, oldChunkOf, placeOf, WINDOW_CHUNKS, WINDOW_SHIFT, windowEnd } from "./chunk_key";
import { IndexHeader, longRuns, shortRuns, SlotTable } from "./layout";
import { runsMax, slotsOf } from "./slot_growth";
import {
  countOfWord,
  EMPTY,
  homeOf,
  keyOfWord,
  MARGIN_SLOTS_MIN,
  newChunkAt,
  slotAddress,
  wordAt,
  wordBound,
} from "./slots";

export const SOUND: i32 = 0;
export const BAD_SIZE: i32 = 1;
export const BAD_EMPTY_SLOT: i32 = 2;
export const BAD_WINDOW: i32 = 3;
export const BAD_ORDER: i32 = 4;
export const BAD_POSITION: i32 = 5;
export const BAD_JOIN: i32 = 6;
export const BAD_RUN_COUNT: i32 = 7;
export const BAD_EXCEPTION_COUNT: i32 = 8;
export const BAD_LOAD: i32 = 9;
export const BAD_SHORT_RUN: i32 = 10;
export const BAD_LONG_RUN: i32 = 11;

/** The keys in the runs of the table that was checked last. */
let keyCount: u64 = 0;

/** Returns SOUND, or the law that is broken. */
export function checkIndex(index: IndexHeader): i32 {
  const short = checkTable(shortRuns(index));
  if (short != SOUND) return short;
  const shortChunks = keyCount;
  const long = checkTable(longRuns(index));
  if (long != SOUND) return long;
  const exceptions = shortChunks + (keyCount << WINDOW_SHIFT);
  if (exceptions != index.exceptionCount) return BAD_EXCEPTION_COUNT;
  return checkKinds(shortRuns(index), longRuns(index));
}

function checkTable(table: SlotTable): i32 {
  if (table.slotCount != slotsOf(table.pageCount)) return BAD_SIZE;
  if (table.slotCount > 0 && table.capacity + MARGIN_SLOTS_MIN > table.slotCount) return BAD_SIZE;
  let runs: u32 = 0;
  let previous: usize = 0;
  let free: u32 = 0;
  keyCount = 0;
  for (let position: u32 = 0; position < table.slotCount; position++) {
    const slot = slotAddress(table, position);
    const word = load<u64>(slot);
    if (word == EMPTY) {
      if (load<u16>(slot, 8) != <u16> EMPTY) return BAD_EMPTY_SLOT;
      continue;
    }
    if (keyOfWord(word) + countOfWord(word) > windowEnd(keyOfWord(word))) return BAD_WINDOW;
    if (previous != 0) {
      const end = keyOfWord(load<u64>(previous)) + countOfWord(load<u64>(previous));
      if (keyOfWord(word) < end) return BAD_ORDER;
      if (keyOfWord(word) == end && continues(table, previous, slot)) return BAD_JOIN;
    }
    if (position != max(homeOf(word, table.capacity), free)) return BAD_POSITION;
    free = position + 1;
    previous = slot;
    runs++;
    keyCount += countOfWord(word);
  }
  if (runs != table.runCount) return BAD_RUN_COUNT;
  return runs <= runsMax(table.capacity) ? SOUND : BAD_LOAD;
}

/** Two runs that touch are one unless a window ends between them or their new chunks do not. */
function continues(table: SlotTable, previous: usize, slot: usize): bool {
  if (placeOf(keyOfWord(load<u64>(slot))) == 0) return false;
  const chunks = <u64> countOfWord(load<u64>(previous)) << <u64> table.chunkShift;
  return newChunkAt(slot) == newChunkAt(previous) + chunks;
}

/** The two kinds, each of which is sound by itself: no window is both, and what is whole is long. */
function checkKinds(short: SlotTable, long: SlotTable): i32 {
  for (let position: u32 = 0; position < short.slotCount; position++) {
    const word = wordAt(short, position);
    if (word != EMPTY && countOfWord(word) == <u32> WINDOW_CHUNKS) return BAD_SHORT_RUN;
  }
  for (let position: u32 = 0; position < long.slotCount; position++) {
    const word = wordAt(long, position);
    if (word == EMPTY) continue;
    const window = oldChunkOf(keyOfWord(word));
    for (let next = window; next < window + countOfWord(word); next++) {
      if (hasRun(short, keyOf(next << WINDOW_SHIFT))) return BAD_LONG_RUN;
    }
  }
  return SOUND;
}

/** Whether there is a run in the window that begins at `key`. From its home on there is no gap. */
function hasRun(table: SlotTable, key: u64): bool {
  if (table.capacity == 0) return false;
  let position = homeOf(wordBound(key), table.capacity);
  for (; position < table.slotCount; position++) {
    const word = wordAt(table, position);
    if (word == EMPTY || keyOfWord(word) >= windowEnd(key)) return false;
    if (keyOfWord(word) >= key) return true;
  }
  return false;
}

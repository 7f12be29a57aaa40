/**
 * The check of an exception index: reads every slot and believes nothing.
 *
 * It uses the format of a slot and of a key, but neither the search nor the counts, so that a fault
 * in those is found. The first law that does not hold is the answer; the numbers are also the order
 * of the sentences in `src/kernel/exception_index.ts`.
 *
 * Invariants: reads only. Fails never: a broken index is an answer, not a trap, as long as its
 * directory names pages of the memory.
 */
import { placeOf, windowEnd } from "./chunk_key";
import { IndexHeader } from "./layout";
import { runsMax, slotsOf } from "./slot_growth";
import {
  countOfWord,
  EMPTY,
  homeOf,
  keyOfWord,
  MARGIN_SLOTS_MIN,
  newChunkAt,
  slotAddress,
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

/** Returns SOUND, or the law that is broken. */
export function checkIndex(index: IndexHeader): i32 {
  if (index.slotCount != slotsOf(index.pageCount)) return BAD_SIZE;
  if (index.slotCount > 0 && index.capacity + MARGIN_SLOTS_MIN > index.slotCount) return BAD_SIZE;
  let runs: u32 = 0;
  let exceptions: u64 = 0;
  let previous: usize = 0;
  let free: u32 = 0;
  for (let position: u32 = 0; position < index.slotCount; position++) {
    const slot = slotAddress(index, position);
    const word = load<u64>(slot);
    if (word == EMPTY) {
      if (load<u32>(slot, 8) != <u32> EMPTY) return BAD_EMPTY_SLOT;
      continue;
    }
    if (keyOfWord(word) + countOfWord(word) > windowEnd(keyOfWord(word))) return BAD_WINDOW;
    if (previous != 0) {
      const end = keyOfWord(load<u64>(previous)) + countOfWord(load<u64>(previous));
      if (keyOfWord(word) < end) return BAD_ORDER;
      if (keyOfWord(word) == end && continues(previous, slot)) return BAD_JOIN;
    }
    if (position != max(homeOf(word, index.capacity), free)) return BAD_POSITION;
    free = position + 1;
    previous = slot;
    runs++;
    exceptions += countOfWord(word);
  }
  if (runs != index.runCount) return BAD_RUN_COUNT;
  if (exceptions != index.exceptionCount) return BAD_EXCEPTION_COUNT;
  return runs <= runsMax(index.capacity) ? SOUND : BAD_LOAD;
}

/** Two runs that touch are one unless a window ends between them or their new chunks do not. */
function continues(previous: usize, slot: usize): bool {
  if (placeOf(keyOfWord(load<u64>(slot))) == 0) return false;
  return newChunkAt(slot) == newChunkAt(previous) + countOfWord(load<u64>(previous));
}

/**
 * Changing one table of an exception index: joining a run to its neighbours, and cutting a range out.
 *
 * Here nobody knows what a key stands for, but for one thing: new chunks go on by a table's *step*
 * with each key, which is 1 among short runs and a window among long ones. A *crowd of keys* is what
 * runs may not cross: a window of chunks, or a group of windows (`chunk_key.ts`).
 *
 * Joining is in two halves, so that an insertion can look before it leaps: `weighRun` changes nothing
 * and leaves in this instance's globals what `placeRun`, called next, will do. It needs a free slot
 * if the run joins nothing.
 *
 * Invariants: those of `slots.ts`; runs that continue each other are one. Fails: `weighRun` returns
 * TAKEN when one of the keys is in a run; `cutRange` returns NO_MEMORY when it must split a run and
 * there is no slot for the second half. Nothing is changed then.
 */
import { chunksLeft, keyOf, oldChunkOf, placeOf, WINDOW_CHUNKS, windowEnd } from "./chunk_key";
import { SlotTable } from "./layout";
import { reserveSlots } from "./slot_growth";
import { positionAfter, seek, slotAfter, slotBefore, wordBefore } from "./slot_search";
import {
  closeSlot,
  countOfWord,
  EMPTY,
  keyOfWord,
  newChunkAt,
  openSlot,
  slotAddress,
  storeSlot,
  wordAt,
} from "./slots";

export const NO_MEMORY: i32 = -2;
export const TAKEN: u32 = 0;

/** How many keys of the run before, and of the run after, continue the run that was weighed. */
let countBefore: u32 = 0;
let countAfter: u32 = 0;
/** Whether its window has a run already. */
export let hasNeighbour: bool = false;

/**
 * Returns how many keys the run will have that `count` keys from `key` on become part of, or TAKEN.
 * They lie in one window. The table has at least one page.
 */
export function weighRun(table: SlotTable, key: u64, count: u32, newChunk: u64): u32 {
  const shift = <u64> table.chunkShift;
  seek(table, key);
  countBefore = 0;
  countAfter = 0;
  hasNeighbour = false;
  const word = wordBefore();
  if (word != EMPTY) {
    const there = countOfWord(word);
    const end = keyOfWord(word) + there;
    if (end > key) return TAKEN;
    // The window before this one in the order of keys is no neighbour.
    if (keyOfWord(word) >= key - placeOf(key)) {
      hasNeighbour = true;
      const next = newChunkAt(slotBefore) + (<u64> there << shift);
      if (end == key && next == newChunk) countBefore = there;
    }
  }
  const next = slotAfter != 0 ? load<u64>(slotAfter) : EMPTY;
  if (next != EMPTY && keyOfWord(next) < windowEnd(key)) {
    const end = key + count;
    if (keyOfWord(next) < end) return TAKEN;
    hasNeighbour = true;
    const newEnd = newChunk + (<u64> count << shift);
    if (keyOfWord(next) == end && newChunkAt(slotAfter) == newEnd) countAfter = countOfWord(next);
  }
  return countBefore + count + countAfter;
}

/** Puts the run in place that was weighed last. A free slot is needed if nothing joined it. */
export function placeRun(table: SlotTable, key: u64, count: u32, newChunk: u64): void {
  if (countBefore > 0) {
    const firstChunk = newChunkAt(slotBefore);
    storeSlot(slotBefore, key - countBefore, countBefore + count + countAfter, firstChunk);
    if (countAfter > 0) dropRun(table, positionAfter);
  } else if (countAfter > 0) {
    storeSlot(slotAfter, key, count + countAfter, newChunk);
  } else {
    addRun(table, positionAfter, key, count, newChunk);
  }
}

/** Takes away what the run that was weighed last would have joined. */
export function dropNeighbours(table: SlotTable): void {
  if (countAfter > 0) dropRun(table, positionAfter);
  if (countBefore > 0) dropRun(table, positionAfter - 1);
}

/** Puts a run at `position`, which is its place in the order. There is a slot for it. */
function addRun(table: SlotTable, position: u32, key: u64, count: u32, newChunk: u64): void {
  assert(openSlot(table, position));
  storeSlot(slotAddress(table, position), key, count, newChunk);
  table.runCount++;
}

function dropRun(table: SlotTable, position: u32): void {
  closeSlot(table, position);
  table.runCount--;
}

/** Removes what there is from `begin` to `end`, before keys are made of it: how many, or NO_MEMORY. */
export function cutRange(table: SlotTable, begin: u64, end: u64): i64 {
  // A range of more windows than there are slots is cheaper to go through by slots.
  const isWide = (end - begin) / WINDOW_CHUNKS > table.slotCount;
  return isWide ? cutBySlots(table, begin, end) : cutByWindows(table, begin, end);
}

function cutByWindows(table: SlotTable, begin: u64, end: u64): i64 {
  let removed: i64 = 0;
  for (let chunk = begin; chunk < end && table.runCount > 0;) {
    const piece = <u32> min(end - chunk, <u64> chunksLeft(chunk));
    const result = cutPiece(table, keyOf(chunk), piece);
    if (result < 0) return result;
    removed += result;
    chunk += piece;
  }
  return removed;
}

/** For a range wider than a window: no run is split. */
function cutBySlots(table: SlotTable, begin: u64, end: u64): i64 {
  let removed: i64 = 0;
  for (let position: u32 = 0; position < table.slotCount;) {
    const word = wordAt(table, position++);
    if (word == EMPTY) continue;
    const chunk = oldChunkOf(keyOfWord(word));
    const first = max(chunk, begin);
    const last = min(chunk + countOfWord(word), end);
    if (first >= last) continue;
    removed += cutPiece(table, keyOf(first), <u32> (last - first));
    // The slot of a run that is gone is free, or its successor's: look at it again.
    if (last - first == countOfWord(word)) position--;
  }
  return removed;
}

/**
 * Removes what there is of a range that lies in one window. Only splitting a run can fail: it needs
 * a slot more. A split is the whole of a removal, so nothing is changed then.
 */
function cutPiece(table: SlotTable, key: u64, count: u32): i32 {
  const end = key + count;
  const shift = <u64> table.chunkShift;
  seek(table, key);
  let position = positionAfter;
  let removed: u32 = 0;
  const before = wordBefore();
  if (before != EMPTY) {
    const runKey = keyOfWord(before);
    const runEnd = runKey + countOfWord(before);
    if (runKey == key) position--;
    else if (runEnd > end) return splitRun(table, key, count);
    else if (runEnd > key) {
      removed = <u32> (runEnd - key);
      storeSlot(slotBefore, runKey, <u32> (key - runKey), newChunkAt(slotBefore));
    }
  }
  while (position < table.slotCount) {
    const slot = slotAddress(table, position);
    const word = load<u64>(slot);
    const runKey = keyOfWord(word);
    if (word == EMPTY || runKey >= end) break;
    const there = countOfWord(word);
    const cut = <u32> min(<u64> there, end - runKey);
    removed += cut;
    if (cut < there) {
      storeSlot(slot, end, there - cut, newChunkAt(slot) + (<u64> cut << shift));
      break;
    }
    dropRun(table, position);
  }
  return removed;
}

/** Cuts a range out of the middle of a run. */
function splitRun(table: SlotTable, key: u64, count: u32): i32 {
  if (!reserveSlots(table, 1)) return NO_MEMORY;
  seek(table, key);
  const position = positionAfter;
  const word = load<u64>(slotBefore);
  const newChunk = newChunkAt(slotBefore);
  const runKey = keyOfWord(word);
  const head = <u32> (key - runKey);
  const gone = head + count;
  const tailChunk = newChunk + (<u64> gone << <u64> table.chunkShift);
  addRun(table, position, key + count, countOfWord(word) - gone, tailChunk);
  storeSlot(slotAddress(table, position - 1), runKey, head, newChunk);
  return count;
}

/**
 * Changing an exception index: inserting and removing runs.
 *
 * Both cut their range at the ends of windows and deal with one window after the other. An
 * insertion joins the piece to the run before it, to the run after it, or to both, which then are
 * one; a removal cuts the head, the tail or the middle out of a run, or takes it whole.
 *
 * Invariants: those of `exception_index.ts`, after each call and whatever its result.
 *
 * Fails: `insertRun` with EXISTS when one of its old chunks is there already; either with NO_MEMORY
 * when a slot more is needed and there is no page for it. The exceptions are as they were then: an
 * insertion looks before it writes, and takes back what it had inserted; a removal that needs a slot
 * is the splitting of one run, which is the whole removal.
 */
import { chunksLeft, keyOf, oldChunkOf, placeOf, WINDOW_CHUNKS, windowEnd } from "./chunk_key";
import { findRun, toChunk } from "./exception_index";
import { IndexHeader } from "./layout";
import { addPage, reserveSlot, shrinkSlots } from "./slot_growth";
import { positionAfter, seek, slotAfter, slotBefore } from "./slot_search";
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

const DONE: i32 = 0;
const EXISTS: i32 = -1;
const NO_MEMORY: i32 = -2;

/** Adds the exceptions oldChunk + i -> newChunk + i for i below `count`: all of them, or none. */
export function insertRun(index: IndexHeader, oldChunk: f64, newChunk: f64, count: u32): i32 {
  const chunk = toChunk(oldChunk);
  const target = toChunk(newChunk);
  if (count > chunksLeft(chunk) && findRun(index, oldChunk, count) > -<f64> count) return EXISTS;
  for (let done: u32 = 0; done < count;) {
    const piece = min(count - done, chunksLeft(chunk + done));
    const result = insertPiece(index, keyOf(chunk + done), target + done, piece);
    if (result != DONE) {
      removeRun(index, oldChunk, <f64> done);
      return result;
    }
    done += piece;
  }
  return DONE;
}

/** Adds a run that lies in one window, and joins it to what it continues and what continues it. */
function insertPiece(index: IndexHeader, key: u64, newChunk: u64, count: u32): i32 {
  if (!reserveSlot(index)) return NO_MEMORY;
  seek(index, key);
  const position = positionAfter;
  const before = slotBefore;
  const after = slotAfter;
  let countBefore: u32 = 0;
  let countAfter: u32 = 0;
  if (before != 0) {
    const word = load<u64>(before);
    const end = keyOfWord(word) + countOfWord(word);
    if (end > key) return EXISTS;
    // The window before this one in the order of keys is no neighbour.
    const continues = end == key && placeOf(key) != 0;
    if (continues && newChunkAt(before) + countOfWord(word) == newChunk) {
      countBefore = countOfWord(word);
    }
  }
  const next = after != 0 ? load<u64>(after) : EMPTY;
  if (next != EMPTY && keyOfWord(next) < windowEnd(key)) {
    if (keyOfWord(next) < key + count) return EXISTS;
    if (keyOfWord(next) == key + count && newChunkAt(after) == newChunk + count) {
      countAfter = countOfWord(next);
    }
  }
  if (countBefore > 0) {
    const firstChunk = newChunkAt(before);
    storeSlot(before, key - countBefore, countBefore + count + countAfter, firstChunk);
    if (countAfter > 0) {
      closeSlot(index, position);
      index.runCount--;
    }
  } else if (countAfter > 0) {
    storeSlot(after, key, count + countAfter, newChunk);
  } else if (!addRun(index, position, key, count, newChunk)) {
    return NO_MEMORY;
  }
  index.exceptionCount += count;
  return DONE;
}

/** Puts a run at `position`, which is its place in the order. */
function addRun(index: IndexHeader, position: u32, key: u64, count: u32, newChunk: u64): bool {
  while (!openSlot(index, position)) {
    if (!addPage(index)) return false;
  }
  storeSlot(slotAddress(index, position), key, count, newChunk);
  index.runCount++;
  return true;
}

/** Removes what there is of `count` exceptions from `oldChunk` on: how many that was, or NO_MEMORY. */
export function removeRun(index: IndexHeader, oldChunk: f64, count: f64): f64 {
  const begin = toChunk(oldChunk);
  const end = begin + toChunk(count);
  // A range of more windows than there are slots is cheaper to go through by slots.
  const isWide = (end - begin) / WINDOW_CHUNKS > index.slotCount;
  const removed = isWide ? removeBySlots(index, begin, end) : removeByWindows(index, begin, end);
  if (removed > 0) shrinkSlots(index);
  return <f64> removed;
}

function removeByWindows(index: IndexHeader, begin: u64, end: u64): i64 {
  let removed: i64 = 0;
  for (let chunk = begin; chunk < end && index.runCount > 0;) {
    const piece = <u32> min(end - chunk, <u64> chunksLeft(chunk));
    const result = removePiece(index, keyOf(chunk), piece);
    if (result < 0) return result;
    removed += result;
    chunk += piece;
  }
  return removed;
}

/** For a range wider than a window: no run is split. */
function removeBySlots(index: IndexHeader, begin: u64, end: u64): i64 {
  let removed: i64 = 0;
  for (let position: u32 = 0; position < index.slotCount;) {
    const word = wordAt(index, position++);
    if (word == EMPTY) continue;
    const chunk = oldChunkOf(keyOfWord(word));
    const first = max(chunk, begin);
    const last = min(chunk + countOfWord(word), end);
    if (first >= last) continue;
    removed += removePiece(index, keyOf(first), <u32> (last - first));
    // The slot of a run that is gone is free, or its successor's: look at it again.
    if (last - first == countOfWord(word)) position--;
  }
  return removed;
}

/**
 * Removes what there is of a range that lies in one window. Only splitting a run can fail: it needs
 * a slot more. A split is the whole of a removal, so nothing is changed then.
 */
function removePiece(index: IndexHeader, key: u64, count: u32): i32 {
  const end = key + count;
  seek(index, key);
  let position = positionAfter;
  let removed: u32 = 0;
  if (slotBefore != 0) {
    const word = load<u64>(slotBefore);
    const runKey = keyOfWord(word);
    const runEnd = runKey + countOfWord(word);
    if (runKey == key) position--;
    else if (runEnd > end) return splitRun(index, key, count);
    else if (runEnd > key) {
      removed = <u32> (runEnd - key);
      storeSlot(slotBefore, runKey, <u32> (key - runKey), newChunkAt(slotBefore));
    }
  }
  while (position < index.slotCount) {
    const slot = slotAddress(index, position);
    const word = load<u64>(slot);
    const runKey = keyOfWord(word);
    if (word == EMPTY || runKey >= end) break;
    const runChunks = countOfWord(word);
    const cut = <u32> min(<u64> runChunks, end - runKey);
    removed += cut;
    if (cut < runChunks) {
      storeSlot(slot, end, runChunks - cut, newChunkAt(slot) + cut);
      break;
    }
    closeSlot(index, position);
    index.runCount--;
  }
  index.exceptionCount -= removed;
  return removed;
}

/** Cuts a range out of the middle of a run. */
function splitRun(index: IndexHeader, key: u64, count: u32): i32 {
  if (!reserveSlot(index)) return NO_MEMORY;
  seek(index, key);
  const position = positionAfter;
  const word = load<u64>(slotBefore);
  const newChunk = newChunkAt(slotBefore);
  const runKey = keyOfWord(word);
  const head = <u32> (key - runKey);
  const tail = countOfWord(word) - head - count;
  if (!addRun(index, position, key + count, tail, newChunk + head + count)) return NO_MEMORY;
  storeSlot(slotAddress(index, position - 1), runKey, head, newChunk);
  index.exceptionCount -= count;
  return count;
}

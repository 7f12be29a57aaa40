/**
 * Changing an exception index: inserting and removing runs of any length.
 *
 * A range is dealt with in *pieces*: what it has of a window at either end goes among the short runs,
 * the whole windows between among the long ones.
 *
 *     range                  . . x x | x x x x | x x x x | x . . .
 *     pieces                   short |       long        | short
 *
 * A short piece may make its window whole: then it takes the runs that it joins with it to the long
 * ones. A removal that leaves something of a long window at either end makes a short run of what is
 * left.
 *
 * Invariants: those of `exception_index.ts`, after each call and whatever its result.
 *
 * Fails: `insertRun` with EXISTS when one of its old chunks is there already; either with NO_MEMORY
 * when a slot more is needed and there is no page for it. Nothing is changed then, because both look
 * first, then reserve, and what writes cannot fail:
 *
 *     step          fails with          because of                   what must be taken back
 *     insert 1      EXISTS              a look-up                    -
 *            2      NO_MEMORY           a slot for each whole group  groups: runs nobody has joined
 *            3      NO_MEMORY           slots for the pieces left    groups
 *            4      -                   places the pieces left       -
 *     remove 1      NO_MEMORY           slots for what will be left  -
 *            2      NO_MEMORY           a long run is split          - (the whole of the removal)
 *            3      NO_MEMORY           a short run is split         - (the same: no long one was cut)
 *            4      -                   places what is left          -
 */
import {
  chunksLeft,
  GROUP_WINDOWS,
  keyOf,
  placeOf,
  WINDOW_CHUNKS,
  WINDOW_SHIFT,
} from "./chunk_key";
import { clearIndex, findLong, findRun, foundChunk, toChunk } from "./exception_index";
import { IndexHeader, longRuns, shortRuns, SlotTable } from "./layout";
import {
  cutRange,
  dropNeighbours,
  hasNeighbour,
  NO_MEMORY,
  placeRun,
  TAKEN,
  weighRun,
} from "./run_change";
import { hasFreeSlots, reserveSlots, shrinkSlots } from "./slot_growth";

const DONE: i32 = 0;
const EXISTS: i32 = -1;

/** Adds the exceptions oldChunk + i -> newChunk + i for i below `count`: all of them, or none. */
export function insertRun(index: IndexHeader, oldChunk: f64, newChunk: f64, count: u32): i32 {
  const chunk = toChunk(oldChunk);
  const target = toChunk(newChunk);
  const isPiece = count <= chunksLeft(chunk) && count < WINDOW_CHUNKS;
  if (!isPiece && findRun(index, oldChunk, count) > -<f64> count) return EXISTS;
  const result = isPiece
    ? insertPiece(index, chunk, target, count)
    : insertPieces(index, chunk, target, count);
  if (result == DONE) index.exceptionCount += count;
  return result;
}

/** Adds a run that lies in one window and does not fill it: all steps at once, the usual case. */
function insertPiece(index: IndexHeader, chunk: u64, newChunk: u64, count: u32): i32 {
  const table = shortRuns(index);
  const key = keyOf(chunk);
  if (table.pageCount == 0 && !reserveSlots(table, 1)) return NO_MEMORY;
  let joined = weighRun(table, key, count, newChunk);
  if (joined == TAKEN) return EXISTS;
  if (!hasNeighbour && longRuns(index).runCount > 0) {
    if (findLong(index, chunk) > 0) return EXISTS;
    joined = weighRun(table, key, count, newChunk);
  }
  if (joined == WINDOW_CHUNKS) {
    if (!reserveSlots(longRuns(index), 1)) return NO_MEMORY;
    makeLong(index, chunk, newChunk);
    shrinkSlots(table);
    return DONE;
  }
  if (joined == count && !hasFreeSlots(table, 1)) {
    if (!reserveSlots(table, 1)) return NO_MEMORY;
    weighRun(table, key, count, newChunk);
  }
  placeRun(table, key, count, newChunk);
  return DONE;
}

/** Adds a run that has whole windows, or pieces of two. None of the exceptions is there yet. */
function insertPieces(index: IndexHeader, chunk: u64, newChunk: u64, count: u32): i32 {
  const short = shortRuns(index);
  const long = longRuns(index);
  const end = chunk + count;
  // The whole windows of the run, and among them the whole groups.
  const windows = (chunk + WINDOW_CHUNKS - 1) >> WINDOW_SHIFT;
  const windowsEnd = end >> WINDOW_SHIFT;
  const groups = min((windows + GROUP_WINDOWS - 1) & ~(GROUP_WINDOWS - 1), windowsEnd);
  const groupsEnd = max(windowsEnd & ~(GROUP_WINDOWS - 1), groups);
  for (let group = groups; group < groupsEnd; group += GROUP_WINDOWS) {
    if (!reserveSlots(long, 1)) return takeBack(index, groups, group);
    placeLong(index, group, <u32> GROUP_WINDOWS, newChunk + (group << WINDOW_SHIFT) - chunk);
  }
  const head = <u32> ((windows << WINDOW_SHIFT) - chunk);
  const tail = <u32> placeOf(end);
  const tailChunk = newChunk + count - tail;
  const before = <u32> (groups - windows);
  const after = <u32> (windowsEnd - groupsEnd);
  const afterChunk = newChunk + (groupsEnd << WINDOW_SHIFT) - chunk;
  const headJoined = weighPiece(short, chunk, head, newChunk);
  const tailJoined = weighPiece(short, end - tail, tail, tailChunk);
  const shortSlots = <u32> (head > 0 && headJoined == head) +
    <u32> (tail > 0 && tailJoined == tail);
  const longSlots = <u32> (headJoined == WINDOW_CHUNKS) + <u32> (tailJoined == WINDOW_CHUNKS) +
    <u32> (before > 0 && weighPiece(long, windows, before, newChunk + head) == before) +
    <u32> (after > 0 && weighPiece(long, groupsEnd, after, afterChunk) == after);
  if (!reserveSlots(short, shortSlots) || !reserveSlots(long, longSlots)) {
    return takeBack(index, groups, groupsEnd);
  }
  placeShort(index, chunk, head, newChunk);
  placeLong(index, windows, before, newChunk + head);
  placeLong(index, groupsEnd, after, afterChunk);
  placeShort(index, end - tail, tail, tailChunk);
  shrinkSlots(short);
  return DONE;
}

/** Takes whole groups away again, and what was reserved. */
function takeBack(index: IndexHeader, groups: u64, groupsEnd: u64): i32 {
  cutRange(longRuns(index), groups, groupsEnd);
  settle(index);
  return NO_MEMORY;
}

/** How long the run will be that a piece becomes part of: as long as the piece, if it joins none. */
function weighPiece(table: SlotTable, number: u64, count: u32, newChunk: u64): u32 {
  if (count == 0 || table.pageCount == 0) return count;
  return weighRun(table, keyOf(number), count, newChunk);
}

/** Places a piece of a window, or nothing. What it needs is reserved. */
function placeShort(index: IndexHeader, chunk: u64, count: u32, newChunk: u64): void {
  if (count == 0) return;
  const table = shortRuns(index);
  const key = keyOf(chunk);
  const joined = weighRun(table, key, count, newChunk);
  if (joined == WINDOW_CHUNKS) makeLong(index, chunk, newChunk);
  else placeRun(table, key, count, newChunk);
}

/** Places whole windows of one group, or none. What they need is reserved. */
function placeLong(index: IndexHeader, window: u64, count: u32, newChunk: u64): void {
  if (count == 0) return;
  const key = keyOf(window);
  weighRun(longRuns(index), key, count, newChunk);
  placeRun(longRuns(index), key, count, newChunk);
}

/** Makes a window long that the piece fills which was weighed last. */
function makeLong(index: IndexHeader, chunk: u64, newChunk: u64): void {
  dropNeighbours(shortRuns(index));
  placeLong(index, chunk >> WINDOW_SHIFT, 1, newChunk - placeOf(chunk));
}

/** Removes what there is of `count` exceptions from `oldChunk` on: how many that was, or NO_MEMORY. */
export function removeRun(index: IndexHeader, oldChunk: f64, count: f64): f64 {
  const begin = toChunk(oldChunk);
  const end = begin + toChunk(count);
  // What long windows at either end leave: chunks before `begin`, and chunks from `end` on.
  let head: u32 = 0;
  let tail: u32 = 0;
  let headChunk: u64 = 0;
  let tailChunk: u64 = 0;
  let removed: i64 = 0;
  if (longRuns(index).runCount > 0) {
    if (placeOf(begin) != 0 && findLong(index, begin) > 0) {
      head = <u32> placeOf(begin);
      headChunk = foundChunk - head;
    }
    if (placeOf(end) != 0 && findLong(index, end) > 0) {
      tail = chunksLeft(end);
      tailChunk = foundChunk;
    }
    if (!reserveSlots(shortRuns(index), <u32> (head > 0) + <u32> (tail > 0))) return NO_MEMORY;
    const windowsEnd = (end + WINDOW_CHUNKS - 1) >> WINDOW_SHIFT;
    const windows = cutRange(longRuns(index), begin >> WINDOW_SHIFT, windowsEnd);
    if (windows < 0) {
      settle(index);
      return NO_MEMORY;
    }
    removed = (windows << WINDOW_SHIFT) - head - tail;
  }
  const cut = cutRange(shortRuns(index), begin, end);
  if (cut < 0) return NO_MEMORY;
  placeShort(index, begin - head, head, headChunk);
  placeShort(index, end, tail, tailChunk);
  removed += cut;
  index.exceptionCount -= removed;
  if (removed > 0) settle(index);
  return <f64> removed;
}

/** Gives back the memory that is not needed any more: all of it, if there is no exception. */
function settle(index: IndexHeader): void {
  if (index.exceptionCount == 0) return clearIndex(index);
  shrinkSlots(shortRuns(index));
  shrinkSlots(longRuns(index));
}

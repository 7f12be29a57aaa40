/**
 * A table of slots: ordered open addressing in an array with gaps.
 *
 * A slot is 10 bytes and holds one run of exceptions:
 *
 *     bytes 0-7    word   [ key: 38 bits | keys - 1: 4 | new chunk, high: 22 ]
 *     bytes 8-9    low    [ new chunk, low: 16 ]
 *
 * A key is a chunk's, or, in a table of long runs, a window's (`chunk_key.ts`). An empty slot is all
 * ones, which no run can be: a run that starts at the last key has no other. So words compare as keys
 * do, and an empty slot compares as plus infinity. Words lie at any even address: WebAssembly does
 * not mind.
 *
 * The home of a key is its top 32 bits scaled to the capacity, hence monotone in the key, and all
 * keys of one window have the same home. The runs, in the order of their keys, lie at
 *
 *     position(i) = max(home(i), position(i - 1) + 1)
 *
 *     home       0 0 2   2 2       7       a, b have home 0; c, d, e home 2; f home 7
 *     slots      a b c d e . . f . .       d and e were pushed off, the gap ends the crowd
 *
 * Invariants: that equation. It makes the array a function of its runs and its capacity, whatever
 * was inserted and removed before; it needs no tombstones; and it says that from the home of a key
 * on, all runs up to that key follow without a gap, which is what a search relies on. There is no
 * wrap-around: what the last homes push out lies past the capacity.
 *
 * Fails: `openSlot` returns false, and changes nothing, when no gap is left up to the last slot.
 */
import { CHUNK_BITS, WINDOW_CHUNKS, WINDOW_SHIFT } from "./chunk_key";
import { PAGE_SHIFT, SlotTable } from "./layout";

export const SLOT_BYTES: u32 = 10;
/** A segment is the fewest slots that fill whole pages, and their number is a power of two. */
export const SEGMENT_SHIFT: u32 = 15;
export const SEGMENT_SLOTS: u32 = 1 << SEGMENT_SHIFT;
export const SEGMENT_MASK: u32 = SEGMENT_SLOTS - 1;
export const SEGMENT_PAGES: u32 = 5;
/** Past the last home there are at least this many slots. */
export const MARGIN_SLOTS_MIN: u32 = 64;
export const EMPTY: u64 = ~(<u64> 0);

const LOW_BITS: u64 = 16;
const COUNT_SHIFT: u64 = CHUNK_BITS - LOW_BITS;
const COUNT_MASK: u32 = <u32> WINDOW_CHUNKS - 1;
const HIGH_MASK: u64 = ((<u64> 1) << COUNT_SHIFT) - 1;
const KEY_SHIFT: u64 = COUNT_SHIFT + WINDOW_SHIFT;

if (CHUNK_BITS + KEY_SHIFT != 64) ERROR("a key, a count and the high bits must fill a word");

if (SEGMENT_SLOTS * SLOT_BYTES != SEGMENT_PAGES << PAGE_SHIFT) {
  ERROR("a segment must fill its pages");
}

export function segmentAddress(table: SlotTable, segment: u32): usize {
  return <usize> load<u16>(<usize> table.directory + <usize> (segment << 1)) << PAGE_SHIFT;
}

export function slotAddress(table: SlotTable, position: u32): usize {
  return segmentAddress(table, position >> SEGMENT_SHIFT) +
    <usize> ((position & SEGMENT_MASK) * SLOT_BYTES);
}

export function wordAt(table: SlotTable, position: u32): u64 {
  return load<u64>(slotAddress(table, position));
}

export function keyOfWord(word: u64): u64 {
  return word >> KEY_SHIFT;
}

/** How many keys the run has. */
export function countOfWord(word: u64): u32 {
  return (<u32> (word >> COUNT_SHIFT) & COUNT_MASK) + 1;
}

export function newChunkAt(slot: usize): u64 {
  return ((load<u64>(slot) & HIGH_MASK) << LOW_BITS) | <u64> load<u16>(slot, 8);
}

/** Greater than the word of every run that starts at `key` or before; not than the empty word. */
export function wordBound(key: u64): u64 {
  return (key << KEY_SHIFT) | (((<u64> 1) << KEY_SHIFT) - 1);
}

export function homeOf(word: u64, capacity: u32): u32 {
  return <u32> (((word >> 32) * <u64> capacity) >> 32);
}

export function storeSlot(slot: usize, key: u64, count: u32, newChunk: u64): void {
  const word = (key << KEY_SHIFT) | (<u64> (count - 1) << COUNT_SHIFT) | (newChunk >> LOW_BITS);
  store<u64>(slot, word);
  store<u16>(slot, <u16> newChunk, 8);
}

export function emptySlot(slot: usize): void {
  store<u64>(slot, EMPTY);
  store<u16>(slot, <u16> EMPTY, 8);
}

export function isEmptySlot(slot: usize): bool {
  return load<u64>(slot) == EMPTY;
}

export function copySlot(target: usize, source: usize): void {
  const low = load<u16>(source, 8);
  store<u64>(target, load<u64>(source));
  store<u16>(target, low, 8);
}

/** Frees the slot at `position` by moving it, and what follows without a gap, up by one. */
export function openSlot(table: SlotTable, position: u32): bool {
  const end = table.slotCount;
  let gap = position;
  while (gap < end && wordAt(table, gap) != EMPTY) gap++;
  if (gap == end) return false;
  moveUp(table, position, gap);
  return true;
}

/** Empties the slot at `position`, and takes back down what was pushed off its home. */
export function closeSlot(table: SlotTable, position: u32): void {
  let end = position + 1;
  for (; end < table.slotCount; end++) {
    const word = wordAt(table, end);
    if (word == EMPTY || homeOf(word, table.capacity) == end) break;
  }
  moveDown(table, position, end);
  emptySlot(slotAddress(table, end - 1));
}

/** Moves the slots [begin, end) to [begin + 1, end + 1), a segment at a time from the back. */
function moveUp(table: SlotTable, begin: u32, end: u32): void {
  while (end > begin) {
    const place = end & SEGMENT_MASK;
    const from = place == 0 ? end - 1 : max(begin, end - place);
    const slot = slotAddress(table, from);
    if (place == 0) copySlot(slotAddress(table, end), slot);
    else memory.copy(slot + SLOT_BYTES, slot, <usize> ((end - from) * SLOT_BYTES));
    end = from;
  }
}

/** Moves the slots [begin + 1, end) to [begin, end - 1), a segment at a time from the front. */
function moveDown(table: SlotTable, begin: u32, end: u32): void {
  while (begin + 1 < end) {
    const left = SEGMENT_SLOTS - (begin & SEGMENT_MASK) - 1;
    const count = left == 0 ? 1 : min(left, end - begin - 1);
    const slot = slotAddress(table, begin);
    if (left == 0) copySlot(slot, slotAddress(table, begin + 1));
    else memory.copy(slot, slot + SLOT_BYTES, <usize> (count * SLOT_BYTES));
    begin += count;
  }
}

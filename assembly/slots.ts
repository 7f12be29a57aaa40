/**
 * The slots of an exception index: ordered open addressing in an array with gaps.
 *
 * A slot is 12 bytes and holds one run of exceptions:
 *
 *     bytes 0-7    word   [ key: 44 bits | chunks - 1: 8 | new chunk, high: 12 ]
 *     bytes 8-11   low    [ new chunk, low: 32 ]
 *
 * An empty slot is all ones, which no run can be: a run that starts at the last key is one chunk
 * long. So words compare as keys do, and an empty slot compares as plus infinity.
 *
 * The home of a key is its top 32 bits scaled to the capacity, hence monotone in the key, and every
 * key of one window has the same home. The runs, in the order of their keys, lie at
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
import { IndexHeader, PAGE_SHIFT } from "./layout";

export const SLOT_BYTES: u32 = 12;
/** A segment is the fewest slots that fill whole pages, and their number is a power of two. */
export const SEGMENT_SHIFT: u32 = 14;
export const SEGMENT_SLOTS: u32 = 1 << SEGMENT_SHIFT;
export const SEGMENT_MASK: u32 = SEGMENT_SLOTS - 1;
export const SEGMENT_PAGES: u32 = 3;
/** Past the last home there are at least this many slots. */
export const MARGIN_SLOTS_MIN: u32 = 64;
export const EMPTY: u64 = ~(<u64> 0);

if (SEGMENT_SLOTS * SLOT_BYTES != SEGMENT_PAGES << PAGE_SHIFT) {
  ERROR("a segment must fill its pages");
}

export function segmentAddress(index: IndexHeader, segment: u32): usize {
  return <usize> load<u16>(<usize> index.directory + <usize> (segment << 1)) << PAGE_SHIFT;
}

export function slotAddress(index: IndexHeader, position: u32): usize {
  return segmentAddress(index, position >> SEGMENT_SHIFT) +
    <usize> ((position & SEGMENT_MASK) * SLOT_BYTES);
}

export function wordAt(index: IndexHeader, position: u32): u64 {
  return load<u64>(slotAddress(index, position));
}

export function keyOfWord(word: u64): u64 {
  return word >> 20;
}

export function countOfWord(word: u64): u32 {
  return (<u32> (word >> 12) & 255) + 1;
}

export function newChunkAt(slot: usize): u64 {
  return ((load<u64>(slot) & 0xfff) << 32) | <u64> load<u32>(slot, 8);
}

/** Greater than the word of every run that starts at `key` or before; not than the empty word. */
export function wordBound(key: u64): u64 {
  return (key << 20) | 0xfffff;
}

export function homeOf(word: u64, capacity: u32): u32 {
  return <u32> (((word >> 32) * <u64> capacity) >> 32);
}

export function storeSlot(slot: usize, key: u64, count: u32, newChunk: u64): void {
  store<u64>(slot, (key << 20) | (<u64> (count - 1) << 12) | (newChunk >> 32));
  store<u32>(slot, <u32> newChunk, 8);
}

export function emptySlot(slot: usize): void {
  store<u64>(slot, EMPTY);
  store<u32>(slot, <u32> EMPTY, 8);
}

export function copySlot(target: usize, source: usize): void {
  const low = load<u32>(source, 8);
  store<u64>(target, load<u64>(source));
  store<u32>(target, low, 8);
}

/** Frees the slot at `position` by moving it, and what follows without a gap, up by one. */
export function openSlot(index: IndexHeader, position: u32): bool {
  const end = index.slotCount;
  let gap = position;
  while (gap < end && wordAt(index, gap) != EMPTY) gap++;
  if (gap == end) return false;
  moveUp(index, position, gap);
  return true;
}

/** Empties the slot at `position`, and takes back down what was pushed off its home. */
export function closeSlot(index: IndexHeader, position: u32): void {
  let end = position + 1;
  for (; end < index.slotCount; end++) {
    const word = wordAt(index, end);
    if (word == EMPTY || homeOf(word, index.capacity) == end) break;
  }
  moveDown(index, position, end);
  emptySlot(slotAddress(index, end - 1));
}

/** Moves the slots [begin, end) to [begin + 1, end + 1), a segment at a time from the back. */
function moveUp(index: IndexHeader, begin: u32, end: u32): void {
  while (end > begin) {
    const place = end & SEGMENT_MASK;
    const from = place == 0 ? end - 1 : max(begin, end - place);
    const slot = slotAddress(index, from);
    if (place == 0) copySlot(slotAddress(index, end), slot);
    else memory.copy(slot + SLOT_BYTES, slot, <usize> ((end - from) * SLOT_BYTES));
    end = from;
  }
}

/** Moves the slots [begin + 1, end) to [begin, end - 1), a segment at a time from the front. */
function moveDown(index: IndexHeader, begin: u32, end: u32): void {
  while (begin + 1 < end) {
    const left = SEGMENT_SLOTS - (begin & SEGMENT_MASK) - 1;
    const count = left == 0 ? 1 : min(left, end - begin - 1);
    const slot = slotAddress(index, begin);
    if (left == 0) copySlot(slot, slotAddress(index, begin + 1));
    else memory.copy(slot, slot + SLOT_BYTES, <usize> (count * SLOT_BYTES));
    begin += count;
  }
}

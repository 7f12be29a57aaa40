/**
 * The one search of a table of slots: where a key is, or would be.
 *
 * From the home of a key on, the runs up to it follow without a gap (`slots.ts`), so the answer is
 * where the words stop being smaller. Nearly always that is among the next sixteen slots. They are
 * searched without a branch, since a branch that nobody can foresee costs as much as twenty slots:
 * the ends of four quarters first, all at once, so that their cache lines are on the way together,
 * then the other three slots of the quarter where the words stop:
 *
 *     slots     0 1 2 [3] 4 5 6 [7] 8 9 10 [11] 12 13 14 [15]      four words, then
 *                         4 5 6                                   three
 *
 * Past the sixteen the search doubles its step, then halves it: a crowd of n costs 2 log n.
 *
 * The answer is three numbers, left in this instance's globals until the next search or change. That
 * there may be no run before or after is nothing to branch upon, either: then the slots there say so,
 * being empty or of another window. Invariants: every run between the key's home and `slotBefore`
 * starts at the key or before. Windows share homes, and before the home lies what others pushed
 * there: the caller compares keys.
 */
import { SlotTable } from "./layout";
import {
  EMPTY,
  homeOf,
  MARGIN_SLOTS_MIN,
  SEGMENT_MASK,
  SEGMENT_SLOTS,
  SLOT_BYTES,
  slotAddress,
  wordAt,
  wordBound,
} from "./slots";

/** The position after the last run that starts at the key or before. */
export let positionAfter: u32 = 0;
/** The slot before it: that run's, or of another window, or empty. 0 at the first position. */
export let slotBefore: usize = 0;
/** The slot at `positionAfter`: a later run or an empty slot. 0 past the last slot. */
export let slotAfter: usize = 0;

const NEAR_SLOTS: u32 = 16;
/** `countNear` may read so many: when all sixteen are smaller, the three that follow, in vain. */
const NEAR_SLOTS_READ: u32 = NEAR_SLOTS + 3;

if (NEAR_SLOTS_READ > MARGIN_SLOTS_MIN) ERROR("past the last home there must be slots to read");

/** Searches for `key`. The table has at least one page. */
export function seek(table: SlotTable, key: u64): void {
  const bound = wordBound(key);
  let position = homeOf(bound, table.capacity);
  // Neither the sixteen slots nor the one before them are in another segment.
  if (((position - 1) & SEGMENT_MASK) < SEGMENT_SLOTS - NEAR_SLOTS_READ) {
    const slot = slotAddress(table, position);
    const near = countNear(slot, bound);
    position += near;
    if (near < NEAR_SLOTS) {
      const after = slot + <usize> (near * SLOT_BYTES);
      positionAfter = position;
      slotAfter = after;
      slotBefore = after - SLOT_BYTES;
      return;
    }
  }
  position = gallop(table, bound, position);
  positionAfter = position;
  slotBefore = position > 0 ? slotAddress(table, position - 1) : 0;
  slotAfter = position < table.slotCount ? slotAddress(table, position) : 0;
}

/** The word of the slot before, as if there were an empty one before the first. */
export function wordBefore(): u64 {
  return slotBefore != 0 ? load<u64>(slotBefore) : EMPTY;
}

/** How many of the sixteen slots hold a smaller word: 16 or more when all do. */
function countNear(slot: usize, bound: u64): u32 {
  const quarters = <u32> (load<u64>(slot, 3 * SLOT_BYTES) < bound) +
    <u32> (load<u64>(slot, 7 * SLOT_BYTES) < bound) +
    (<u32> (load<u64>(slot, 11 * SLOT_BYTES) < bound) +
      <u32> (load<u64>(slot, 15 * SLOT_BYTES) < bound));
  const rest = slot + <usize> (quarters * 4 * SLOT_BYTES);
  return quarters * 4 + <u32> (load<u64>(rest) < bound) +
    (<u32> (load<u64>(rest, SLOT_BYTES) < bound) + <u32> (load<u64>(rest, 2 * SLOT_BYTES) < bound));
}

/** The first position from `low` on whose word is not smaller. */
function gallop(table: SlotTable, bound: u64, low: u32): u32 {
  const end = table.slotCount;
  let step: u32 = 1;
  let high = low;
  while (high < end && wordAt(table, high) < bound) {
    low = high + 1;
    high += step;
    step <<= 1;
  }
  high = min(high, end);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (wordAt(table, middle) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

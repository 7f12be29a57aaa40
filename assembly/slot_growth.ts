/**
 * How an exception index grows and shrinks: a sixth at a time, in place.
 *
 * The home of a key is monotone, so a larger capacity keeps the order of the runs and moves none of
 * them down. Growing therefore needs no second array:
 *
 *     before    a b . c d . . e |                 the gaps as they were
 *     pack                  | a b c d e           all to the back, from the last run to the first
 *     spread    a . b . c . d . . e . . .         to the new places, from the first to the last
 *
 * Spreading never overtakes what it has yet to read: a run's new position is at most its packed one,
 * since all later runs must still fit behind it. Shrinking is the same spread without the packing.
 *
 * The memory must hold the last run. A larger capacity stretches every distance between homes, and
 * rounding takes back at most one, so a run lies at most one slot further from its home than before:
 * the last run alone says how many slots are needed.
 *
 * Invariants: up to 15/16 of the capacity is in use; after growing about 4/5 are, after removals at
 * least 3/8, unless all is in one page. Fails: with no page left, growing returns false, and the
 * runs are where they were; there may be more empty slots behind them.
 */
import { IndexHeader, INLINE_DIRECTORY, INLINE_SEGMENTS, PAGE_BYTES, PAGE_SHIFT } from "./layout";
import { allocatePages, freePages } from "./pages";
import {
  copySlot,
  EMPTY,
  emptySlot,
  homeOf,
  MARGIN_SLOTS_MIN,
  SEGMENT_MASK,
  SEGMENT_PAGES,
  SEGMENT_SHIFT,
  SEGMENT_SLOTS,
  segmentAddress,
  SLOT_BYTES,
  slotAddress,
  wordAt,
} from "./slots";

/** The slots that take what the last homes push out: a 64th of all, but no more than this. */
const MARGIN_SLOTS_MAX: u32 = 512;

if (PAGE_BYTES / SLOT_BYTES / 64 < MARGIN_SLOTS_MIN) ERROR("a page must have the least margin");

/** Makes room for one run more, if the load asks for it. */
export function reserveSlot(index: IndexHeader): bool {
  return index.runCount < runsMax(index.capacity) || growSlots(index);
}

/** The most runs a capacity is for: 15/16 of it. */
export function runsMax(capacity: u32): u32 {
  return capacity - (capacity >> 4);
}

/** Gives memory back when less than 3/8 of it is in use. */
export function shrinkSlots(index: IndexHeader): void {
  if (index.runCount == 0) return releaseSlots(index);
  if (index.pageCount == 1 || index.runCount > (index.capacity >> 3) * 3) return;
  const capacity = capacityOf(pagesFor(index.runCount));
  if (capacity >= index.capacity) return;
  const end = spread(index, capacity, 0);
  while (slotsOf(index.pageCount - 1) >= max(end, capacity)) dropPage(index);
}

/** Gives all memory back. */
export function releaseSlots(index: IndexHeader): void {
  while (index.pageCount > 0) dropPage(index);
  index.capacity = 0;
}

/** Adds an empty page of slots at the end. A segment that is not whole moves to a longer run. */
export function addPage(index: IndexHeader): bool {
  const segment = index.pageCount / SEGMENT_PAGES;
  const pagesThere = index.pageCount % SEGMENT_PAGES;
  if (index.pageCount == INLINE_SEGMENTS * SEGMENT_PAGES && !moveDirectoryOut(index)) return false;
  const address = allocatePages(pagesThere + 1);
  if (address == 0) return false;
  const bytesThere = <usize> (slotsOf(pagesThere) * SLOT_BYTES);
  if (pagesThere > 0) {
    const old = segmentAddress(index, segment);
    memory.copy(address, old, bytesThere);
    freePages(old, pagesThere);
  }
  const bytes = <usize> (pagesThere + 1) << PAGE_SHIFT;
  memory.fill(address + bytesThere, <u8> EMPTY, bytes - bytesThere);
  store<u16>(<usize> index.directory + (segment << 1), <u16> (address >> PAGE_SHIFT));
  index.pageCount++;
  index.slotCount = slotsOf(index.pageCount);
  return true;
}

/** Whole slots in the first pages of an index. */
export function slotsOf(pageCount: u32): u32 {
  const segments = pageCount / SEGMENT_PAGES;
  const rest = pageCount % SEGMENT_PAGES;
  return segments * SEGMENT_SLOTS + rest * PAGE_BYTES / SLOT_BYTES;
}

/** Pages for a load of about 4/5. */
function pagesFor(runCount: u32): u32 {
  const slots = runCount + (runCount >> 2) + 1;
  let pageCount = (slots >> SEGMENT_SHIFT) * SEGMENT_PAGES;
  while (slotsOf(pageCount) < slots) pageCount++;
  return pageCount;
}

function capacityOf(pageCount: u32): u32 {
  const slots = slotsOf(pageCount);
  return slots - min(slots / 64, MARGIN_SLOTS_MAX);
}

function growSlots(index: IndexHeader): bool {
  // Pages that an earlier, failed attempt left behind are used first.
  const pagesLeast = index.pageCount + <u32> (capacityOf(index.pageCount) <= index.capacity);
  const pagesWanted = max(pagesFor(index.runCount + 1), pagesLeast);
  const capacity = capacityOf(pagesWanted);
  const slotsWanted = slotsNeeded(index, capacity);
  while (index.pageCount < pagesWanted || index.slotCount < slotsWanted) {
    if (!addPage(index)) return false;
  }
  spread(index, capacity, pack(index));
  return true;
}

/** An upper bound of the slots up to the last run, once the runs are spread over more capacity. */
function slotsNeeded(index: IndexHeader, capacity: u32): u32 {
  let position = index.slotCount;
  while (position > 0 && wordAt(index, position - 1) == EMPTY) position--;
  if (position == 0) return 0;
  const last = wordAt(index, position - 1);
  return homeOf(last, capacity) + (position - homeOf(last, index.capacity)) + 1;
}

/** Moves every run to the back, without gaps, and returns the position of the first. */
function pack(index: IndexHeader): u32 {
  let target = index.slotCount;
  let targetSlot = slotAddress(index, target - 1) + SLOT_BYTES;
  for (let end = index.slotCount; end > 0;) {
    const begin = (end - 1) & ~SEGMENT_MASK;
    const beginSlot = slotAddress(index, begin);
    for (let slot = beginSlot + (end - begin) * SLOT_BYTES; slot > beginSlot;) {
      slot -= SLOT_BYTES;
      if (load<u64>(slot) == EMPTY) continue;
      if ((target & SEGMENT_MASK) == 0) targetSlot = slotAddress(index, target - 1) + SLOT_BYTES;
      target--;
      targetSlot -= SLOT_BYTES;
      copySlot(targetSlot, slot);
    }
    end = begin;
  }
  return target;
}

/**
 * Moves every run from position `begin` on to its place in `capacity`, and empties all other slots.
 * Returns the position after the last run.
 */
function spread(index: IndexHeader, capacity: u32, begin: u32): u32 {
  const slotCount = index.slotCount;
  let target: u32 = 0;
  let targetSlot = slotAddress(index, 0);
  while (begin < slotCount) {
    const end = min((begin | SEGMENT_MASK) + 1, slotCount);
    let slot = slotAddress(index, begin);
    for (const endSlot = slot + (end - begin) * SLOT_BYTES; slot < endSlot; slot += SLOT_BYTES) {
      const word = load<u64>(slot);
      if (word == EMPTY) continue;
      const low = load<u32>(slot, 8);
      const home = homeOf(word, capacity);
      while (target < home) {
        emptySlot(targetSlot);
        targetSlot = nextSlot(index, targetSlot, ++target);
      }
      store<u64>(targetSlot, word);
      store<u32>(targetSlot, low, 8);
      targetSlot = nextSlot(index, targetSlot, ++target);
    }
    begin = end;
  }
  for (let position = target; position < slotCount;) {
    emptySlot(targetSlot);
    targetSlot = nextSlot(index, targetSlot, ++position);
  }
  index.capacity = capacity;
  return target;
}

/** The slot at `position`, which follows `slot`. Past the last slot the answer is not used. */
function nextSlot(index: IndexHeader, slot: usize, position: u32): usize {
  if ((position & SEGMENT_MASK) != 0) return slot + SLOT_BYTES;
  return position < index.slotCount ? slotAddress(index, position) : 0;
}

/** Gives the last page of slots back. What was in it is gone. */
function dropPage(index: IndexHeader): void {
  const last = index.pageCount - 1;
  const address = segmentAddress(index, last / SEGMENT_PAGES);
  freePages(address + (<usize> (last % SEGMENT_PAGES) << PAGE_SHIFT), 1);
  index.pageCount = last;
  index.slotCount = slotsOf(last);
  if (last <= INLINE_SEGMENTS * SEGMENT_PAGES && hasDirectoryPage(index)) moveDirectoryIn(index);
}

export function hasDirectoryPage(index: IndexHeader): bool {
  return index.directory != <u32> changetype<usize>(index) + <u32> INLINE_DIRECTORY;
}

/** The directory leaves the header for a page of its own. */
function moveDirectoryOut(index: IndexHeader): bool {
  if (hasDirectoryPage(index)) return true;
  const page = allocatePages(1);
  if (page == 0) return false;
  memory.copy(page, index.directory, INLINE_SEGMENTS * 2);
  index.directory = <u32> page;
  return true;
}

function moveDirectoryIn(index: IndexHeader): void {
  const page = <usize> index.directory;
  index.directory = <u32> changetype<usize>(index) + <u32> INLINE_DIRECTORY;
  memory.copy(index.directory, page, INLINE_SEGMENTS * 2);
  freePages(page, 1);
}

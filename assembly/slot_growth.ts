/**
 * How a table of slots grows and shrinks: a sixth at a time, in place.
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
 * least 3/8, unless all is in one page. Fails: with no page left, growing returns false and changes
 * nothing.
 */
import { INLINE_DIRECTORY, INLINE_SEGMENTS, PAGE_BYTES, PAGE_SHIFT, SlotTable } from "./layout";
import { allocatePages, freePages } from "./pages";
import {
  copySlot,
  EMPTY,
  emptySlot,
  homeOf,
  isEmptySlot,
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

/** Makes an empty table of a record of zeroes. */
export function formatTable(table: SlotTable, chunkShift: u32): void {
  table.directory = <u32> (changetype<usize>(table) + INLINE_DIRECTORY);
  table.chunkShift = chunkShift;
}

/** Pages in use, the directory's included. */
export function tablePages(table: SlotTable): u32 {
  return table.pageCount + <u32> hasDirectoryPage(table);
}

/**
 * Makes sure of `count` slots more, so that `openSlot` succeeds as often, whatever the keys. To be
 * sure, as many slots at the very end must be empty: a few at a time, then.
 */
export function reserveSlots(table: SlotTable, count: u32): bool {
  return hasFreeSlots(table, count) || growSlots(table, count);
}

export function hasFreeSlots(table: SlotTable, count: u32): bool {
  if (table.runCount + count > runsMax(table.capacity)) return false;
  for (let position = table.slotCount - count; position < table.slotCount; position++) {
    if (!isEmptySlot(slotAddress(table, position))) return false;
  }
  return true;
}

/** The most runs a capacity is for: 15/16 of it. */
export function runsMax(capacity: u32): u32 {
  return capacity - (capacity >> 4);
}

/**
 * Gives memory back when less than 3/8 of it is in use. The last page stays, also in a table without
 * runs: a disk that is written in order fills and empties it with every window.
 */
export function shrinkSlots(table: SlotTable): void {
  if (table.pageCount <= 1 || table.runCount > (table.capacity >> 3) * 3) return;
  const capacity = capacityOf(pagesFor(table.runCount));
  if (capacity >= table.capacity) return;
  const end = spread(table, capacity, 0);
  while (slotsOf(table.pageCount - 1) >= max(end, capacity)) dropPage(table);
}

/** Forgets all runs and gives all memory back. */
export function releaseSlots(table: SlotTable): void {
  while (table.pageCount > 0) dropPage(table);
  table.capacity = 0;
  table.runCount = 0;
}

/** Adds an empty page of slots at the end. A segment that is not whole moves to a longer run. */
function addPage(table: SlotTable): bool {
  const segment = table.pageCount / SEGMENT_PAGES;
  const pagesThere = table.pageCount % SEGMENT_PAGES;
  const address = allocatePages(pagesThere + 1);
  if (address == 0) return false;
  if (segment == INLINE_SEGMENTS && !moveDirectoryOut(table)) {
    freePages(address, pagesThere + 1);
    return false;
  }
  const bytesThere = <usize> (slotsOf(pagesThere) * SLOT_BYTES);
  if (pagesThere > 0) {
    const old = segmentAddress(table, segment);
    memory.copy(address, old, bytesThere);
    freePages(old, pagesThere);
  }
  const bytes = <usize> (pagesThere + 1) << PAGE_SHIFT;
  memory.fill(address + bytesThere, <u8> EMPTY, bytes - bytesThere);
  store<u16>(<usize> table.directory + (segment << 1), <u16> (address >> PAGE_SHIFT));
  table.pageCount++;
  table.slotCount = slotsOf(table.pageCount);
  return true;
}

/** Whole slots in the first pages of an table. */
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

/** The table has grown when this returns true, and has `count` free slots at its end. */
function growSlots(table: SlotTable, count: u32): bool {
  const pagesBefore = table.pageCount;
  let capacity = table.capacity;
  let pagesWanted = pagesBefore;
  if (table.runCount + count > runsMax(capacity)) {
    // A page that was added for the crowd at the end has not been spread over yet.
    const pagesLeast = pagesBefore + <u32> (capacityOf(pagesBefore) <= capacity);
    pagesWanted = max(pagesFor(table.runCount + count), pagesLeast);
    capacity = capacityOf(pagesWanted);
  }
  const slotsWanted = slotsNeeded(table, capacity) + count;
  while (table.pageCount < pagesWanted || table.slotCount < slotsWanted) {
    if (addPage(table)) continue;
    while (table.pageCount > pagesBefore) dropPage(table);
    return false;
  }
  if (capacity > table.capacity) spread(table, capacity, pack(table));
  return true;
}

/** An upper bound of the slots up to the last run, once the runs are spread over more capacity. */
function slotsNeeded(table: SlotTable, capacity: u32): u32 {
  let position = table.slotCount;
  while (position > 0 && wordAt(table, position - 1) == EMPTY) position--;
  if (position == 0) return 0;
  const last = wordAt(table, position - 1);
  return homeOf(last, capacity) + (position - homeOf(last, table.capacity)) + 1;
}

/** Moves every run to the back, without gaps, and returns the position of the first. */
function pack(table: SlotTable): u32 {
  let target = table.slotCount;
  let targetSlot = slotAddress(table, target - 1) + SLOT_BYTES;
  for (let end = table.slotCount; end > 0;) {
    const begin = (end - 1) & ~SEGMENT_MASK;
    const beginSlot = slotAddress(table, begin);
    for (let slot = beginSlot + (end - begin) * SLOT_BYTES; slot > beginSlot;) {
      slot -= SLOT_BYTES;
      if (load<u64>(slot) == EMPTY) continue;
      if ((target & SEGMENT_MASK) == 0) targetSlot = slotAddress(table, target - 1) + SLOT_BYTES;
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
function spread(table: SlotTable, capacity: u32, begin: u32): u32 {
  const slotCount = table.slotCount;
  let target: u32 = 0;
  let targetSlot = slotAddress(table, 0);
  while (begin < slotCount) {
    const end = min((begin | SEGMENT_MASK) + 1, slotCount);
    let slot = slotAddress(table, begin);
    for (const endSlot = slot + (end - begin) * SLOT_BYTES; slot < endSlot; slot += SLOT_BYTES) {
      const word = load<u64>(slot);
      if (word == EMPTY) continue;
      const low = load<u16>(slot, 8);
      const home = homeOf(word, capacity);
      while (target < home) {
        emptySlot(targetSlot);
        targetSlot = nextSlot(table, targetSlot, ++target);
      }
      store<u64>(targetSlot, word);
      store<u16>(targetSlot, low, 8);
      targetSlot = nextSlot(table, targetSlot, ++target);
    }
    begin = end;
  }
  for (let position = target; position < slotCount;) {
    emptySlot(targetSlot);
    targetSlot = nextSlot(table, targetSlot, ++position);
  }
  table.capacity = capacity;
  return target;
}

/** The slot at `position`, which follows `slot`. Past the last slot the answer is not used. */
function nextSlot(table: SlotTable, slot: usize, position: u32): usize {
  if ((position & SEGMENT_MASK) != 0) return slot + SLOT_BYTES;
  return position < table.slotCount ? slotAddress(table, position) : 0;
}

/** Gives the last page of slots back. What was in it is gone. */
function dropPage(table: SlotTable): void {
  const last = table.pageCount - 1;
  const address = segmentAddress(table, last / SEGMENT_PAGES);
  freePages(address + (<usize> (last % SEGMENT_PAGES) << PAGE_SHIFT), 1);
  table.pageCount = last;
  table.slotCount = slotsOf(last);
  if (last <= INLINE_SEGMENTS * SEGMENT_PAGES && hasDirectoryPage(table)) moveDirectoryIn(table);
}

function hasDirectoryPage(table: SlotTable): bool {
  return table.directory != <u32> changetype<usize>(table) + <u32> INLINE_DIRECTORY;
}

/** The directory leaves the header for a page of its own. */
function moveDirectoryOut(table: SlotTable): bool {
  if (hasDirectoryPage(table)) return true;
  const page = allocatePages(1);
  if (page == 0) return false;
  memory.copy(page, table.directory, INLINE_SEGMENTS * 2);
  table.directory = <u32> page;
  return true;
}

function moveDirectoryIn(table: SlotTable): void {
  const page = <usize> table.directory;
  table.directory = <u32> changetype<usize>(table) + <u32> INLINE_DIRECTORY;
  memory.copy(table.directory, page, INLINE_SEGMENTS * 2);
  freePages(page, 1);
}

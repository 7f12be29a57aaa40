/**
 * The page allocator: hands out runs of 64 KiB pages of the arena and takes them back.
 *
 * One bit a page says whether it is in use (`PAGE_MAP`). A run is found first fit, from the lowest
 * page that may be free; when none is long enough the memory grows. A page has one of three states:
 *
 *     state   bit   position      contents
 *     used    1     anywhere      its holder's
 *     freed   0     < pageFresh   what its last holder left
 *     fresh   0     >= pageFresh  zeroes, and perhaps not in memory yet
 *
 * so a run that is handed out needs zeroing only below `pageFresh`.
 *
 * Invariants: `pagesUsed` is the number of set bits; no page below `pageHint` is free; the kernel's
 * own pages are always used. Fails: an allocation past `pagesLimit`, or one the engine will not grow
 * the memory for, returns 0 and changes nothing; freeing pages that are not all in use returns
 * false and changes nothing.
 *
 * Only the thread that owns the arena may call these: the map is not locked.
 */
import {
  ARENA_HEADER,
  ARENA_MAGIC,
  ArenaHeader,
  FIRST_PAGE,
  PAGE_BYTES,
  PAGE_MAP,
  PAGE_MAP_BYTES,
  PAGE_SHIFT,
  PAGES_MAX,
  STATIC_DATA_END,
} from "./layout";

/** The memory grows by at least this many pages, or by a quarter: growing is a system call. */
const GROW_PAGES_MIN: u32 = 16;

function arena(): ArenaHeader {
  return changetype<ArenaHeader>(ARENA_HEADER);
}

/** Makes an arena of a new memory. To format twice would hand out pages that are in use: refused. */
export function formatArena(pagesLimit: u32): bool {
  assert(__data_end <= STATIC_DATA_END);
  const header = arena();
  if (header.magic == ARENA_MAGIC) return false;
  if (pagesLimit <= FIRST_PAGE || pagesLimit > PAGES_MAX) return false;
  memory.fill(PAGE_MAP, 0, PAGE_MAP_BYTES);
  markPages(0, FIRST_PAGE, true);
  header.pagesLimit = pagesLimit;
  header.pagesUsed = FIRST_PAGE;
  header.pageHint = FIRST_PAGE;
  header.pageFresh = FIRST_PAGE;
  header.magic = ARENA_MAGIC;
  return true;
}

export function isFormatted(): bool {
  return arena().magic == ARENA_MAGIC;
}

export function pagesLimit(): u32 {
  return arena().pagesLimit;
}

export function pagesUsed(): u32 {
  return arena().pagesUsed;
}

/** Returns the address of `pageCount` pages of zeroes, or 0. */
export function allocatePages(pageCount: u32): usize {
  const header = arena();
  if (pageCount == 0 || pageCount > header.pagesLimit - header.pagesUsed) return 0;
  const page = findFreeRun(pageCount);
  const end = page + pageCount;
  if (end > header.pagesLimit || !growTo(end)) return 0;
  if (page < header.pageFresh) {
    const pagesStale = min(end, header.pageFresh) - page;
    memory.fill(<usize> page << PAGE_SHIFT, 0, <usize> pagesStale << PAGE_SHIFT);
  }
  markPages(page, pageCount, true);
  header.pagesUsed += pageCount;
  if (page == header.pageHint) header.pageHint = end;
  if (end > header.pageFresh) header.pageFresh = end;
  return <usize> page << PAGE_SHIFT;
}

/** Takes back `pageCount` pages at `address`: a whole run, or any part of one. */
export function freePages(address: usize, pageCount: u32): bool {
  const header = arena();
  const page = <u32> (address >> PAGE_SHIFT);
  if ((address & (PAGE_BYTES - 1)) != 0 || page < FIRST_PAGE || pageCount == 0) return false;
  if (pageCount > header.pageFresh || page > header.pageFresh - pageCount) return false;
  if (nextPage(page, page + pageCount, false) != page + pageCount) return false;
  markPages(page, pageCount, false);
  header.pagesUsed -= pageCount;
  if (page < header.pageHint) header.pageHint = page;
  return true;
}

/** First fit. The run may begin at the end of what was ever used: then the memory must grow. */
function findFreeRun(pageCount: u32): u32 {
  const header = arena();
  const fresh = header.pageFresh;
  let page = header.pageHint;
  while (page < fresh) {
    page = nextPage(page, fresh, false);
    const end = nextPage(page, min(page + pageCount, fresh), true);
    if (end - page == pageCount || end == fresh) return page;
    page = end;
  }
  return fresh;
}

function growTo(pagesWanted: u32): bool {
  const pagesNow = <u32> memory.size();
  if (pagesWanted <= pagesNow) return true;
  const pagesLimit = arena().pagesLimit;
  const roomy = min(max(pagesWanted, pagesNow + max(pagesNow >> 2, GROW_PAGES_MIN)), pagesLimit);
  if (memory.grow(roomy - pagesNow) >= 0) return true;
  return memory.grow(pagesWanted - pagesNow) >= 0;
}

/** The first page from `page` on, but before `end`, that is used (or free); `end` if there is none. */
function nextPage(page: u32, end: u32, used: bool): u32 {
  while (page < end) {
    const bits = load<u64>(PAGE_MAP + <usize> (page >> 6) * 8) ^ (used ? 0 : ~(<u64> 0));
    const rest = bits >> (page & 63);
    if (rest != 0) return min(page + <u32> ctz(rest), end);
    page = (page | 63) + 1;
  }
  return end;
}

function markPages(page: u32, pageCount: u32, used: bool): void {
  for (let end = page + pageCount; page < end; page++) {
    const address = PAGE_MAP + <usize> (page >> 3);
    const bit = <u8> 1 << <u8> (page & 7);
    const byte = load<u8>(address);
    store<u8>(address, used ? byte | bit : byte & ~bit);
  }
}

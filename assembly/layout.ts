/**
 * The one memory map: every region, every record and every limit of the kernel.
 *
 * One linear memory is one *arena*. Its first two pages belong to the kernel, the rest is handed out
 * in runs of 64 KiB pages (`pages.ts`):
 *
 *     0x00000  guard            never written: address 0 means "none"
 *     0x00400  arena header     ArenaHeader, one record
 *     0x01000  page map         one bit a page, set = in use
 *     0x03000  static data      asc's own (`memoryBase` in asconfig.json): constants only
 *     0x04000  index headers    IndexHeader, one for each exception index of the arena
 *     0x10000  workspace        scratch of the thread that made the arena
 *     0x20000  pages            handed out by pages.ts
 *
 * Invariants: nothing but this file contains an address or an offset; the regions below are a ladder
 * (each starts where the one before it ends, or later); static data is never written after
 * instantiation, because every worker that instantiates the module over the same memory writes it
 * again; all other state is in memory, not in globals, so that those workers share it. The exception
 * is the workspace: each instance has its own, so that two threads can hash at once.
 */

/** Bytes in a page: the unit of WebAssembly memory and of the page allocator. */
export const PAGE_SHIFT: u32 = 16;
export const PAGE_BYTES: u32 = 1 << PAGE_SHIFT;
/** A page less than a 32-bit memory could have, so that no address past a last byte wraps to 0. */
export const PAGES_MAX: u32 = 65535;

export const GUARD_BYTES: usize = 0x400;
export const ARENA_HEADER: usize = GUARD_BYTES;
export const PAGE_MAP: usize = 0x1000;
export const PAGE_MAP_BYTES: usize = (PAGES_MAX + 1) / 8;
export const STATIC_DATA: usize = 0x3000;
export const STATIC_DATA_END: usize = 0x4000;
export const WORKSPACE: usize = 0x10000;
export const WORKSPACE_BYTES: usize = PAGE_BYTES;
/** In a workspace: the accumulators of the hash at hand. */
export const WORKSPACE_ACCUMULATORS: usize = 0;
/** In a workspace: the state of the hash that is being streamed, Xxh3Stream. */
export const WORKSPACE_STREAM: usize = 0x400;
/** In a workspace: bytes or records on their way in or out. A whole number of XXH3 blocks. */
export const WORKSPACE_STAGING: usize = 0x1000;
export const WORKSPACE_STAGING_BYTES: usize = WORKSPACE_BYTES - WORKSPACE_STAGING;
/** The pages below this one are the kernel's. */
export const FIRST_PAGE: u32 = 2;

/** What the arena knows about itself. */
@unmanaged
export class ArenaHeader {
  /** ARENA_MAGIC once the arena is formatted. */
  magic: u32;
  /** The memory never grows past this many pages. */
  pagesLimit: u32;
  /** Pages in use, the kernel's own included. */
  pagesUsed: u32;
  /** No page below this one is free. */
  pageHint: u32;
  /** No page from this one on has ever been handed out: such a page still holds zeroes. */
  pageFresh: u32;
}

/**
 * One exception index: two tables of slots, *short* runs and *long* ones (`exception_index.ts`). The
 * tables' records follow the header's own fields.
 */
@unmanaged
export class IndexHeader {
  /** Exceptions in the index: the sum of the runs' lengths, in chunks. */
  exceptionCount: u64;
  /** INDEX_IN_USE, or 0. */
  state: u32;
  /** Not used: the tables' records begin at a multiple of 8. */
  reserved: u32;
}

/**
 * One table of slots. The slots lie in *segments* of 32,768, 10 bytes each, which is five pages to
 * the byte; the directory holds the page number of each segment. The last segment may be one to four
 * pages short. A few segments fit in the record's own directory; past those the directory is a page
 * of its own, which has room for every segment a 4 GiB arena could hold.
 */
@unmanaged
export class SlotTable {
  /** Address of the directory: u16 page numbers, one a segment. */
  directory: u32;
  /** Occupied slots: one a run. */
  runCount: u32;
  /** Home positions are 0 to capacity - 1. */
  capacity: u32;
  /** Slots there is memory for. Those past `capacity` take what the last homes push out. */
  slotCount: u32;
  /** Pages that hold slots. */
  pageCount: u32;
  /** A key stands for 2^chunkShift chunks: one, or a window of them. */
  chunkShift: u32;
}

export const INDEX_HEADERS: usize = STATIC_DATA_END;
export const INDEX_HEADER_BYTES: usize = 96;
export const INDEXES_MAX: u32 = 512;
export const SLOT_TABLE_BYTES: usize = 40;
/** The directory of a small table: the last 16 bytes of its record. */
export const INLINE_DIRECTORY: usize = offsetof<SlotTable>();
export const INLINE_SEGMENTS: u32 = 8;

export const INDEX_IN_USE: u32 = 0x78656469;

/** The index's runs within windows. */
export function shortRuns(index: IndexHeader): SlotTable {
  return changetype<SlotTable>(changetype<usize>(index) + offsetof<IndexHeader>());
}

/** The index's runs of whole windows. */
export function longRuns(index: IndexHeader): SlotTable {
  return changetype<SlotTable>(
    changetype<usize>(index) + offsetof<IndexHeader>() + SLOT_TABLE_BYTES,
  );
}

if (offsetof<IndexHeader>() != 16) ERROR("IndexHeader must be 16 bytes");
if (offsetof<SlotTable>() != 24) ERROR("SlotTable must be 24 bytes");
if (INLINE_DIRECTORY + INLINE_SEGMENTS * 2 != SLOT_TABLE_BYTES) ERROR("inline directory too long");
if (offsetof<IndexHeader>() + 2 * SLOT_TABLE_BYTES != INDEX_HEADER_BYTES) {
  ERROR("an index header must hold two tables");
}
if (INDEX_HEADERS + INDEX_HEADER_BYTES * INDEXES_MAX > WORKSPACE) {
  ERROR("index headers run into the workspace");
}

/** "cowd", little-endian. */
export const ARENA_MAGIC: u32 = 0x64776f63;

if (offsetof<ArenaHeader>() != 20) ERROR("ArenaHeader must be 20 bytes");
if (ARENA_HEADER + offsetof<ArenaHeader>() > PAGE_MAP) ERROR("arena header runs into the page map");
if (PAGE_MAP + PAGE_MAP_BYTES > STATIC_DATA) ERROR("page map runs into static data");
if (STATIC_DATA_END > WORKSPACE) ERROR("static data runs into the workspace");
if (WORKSPACE + WORKSPACE_BYTES != FIRST_PAGE * PAGE_BYTES) {
  ERROR("workspace must end the kernel's pages");
}

/**
 * The hash of a chunk number: a bijection, so that a slot holds the key and nothing else.
 *
 * Old chunks are grouped in *windows* of 16. A key is the scattered window number and the chunk's
 * place in its window:
 *
 *     old chunk   [ window: 34 bits            | place: 4 ]
 *     key         [ window * SCATTER mod 2^34  | place: 4 ]
 *
 * The chunks of a window stay neighbours, which is what lets a run be one slot (dm-snap.c does the
 * same: the low bits of a chunk take no part in its hash), while windows are scattered. Scattering
 * can be undone, so the key *is* the chunk number.
 *
 * SCATTER is 2^34 divided by the golden ratio (Knuth's multiplicative hashing). It does better than
 * random: consecutive windows, or every n-th, land evenly spaced, and a disk written all over is
 * just that. At a load of 0.87, over 1,600 strides, the furthest any run lay from its home was 2
 * slots for half of the strides and some 470 for the worst, where a random hash gives 24 for each.
 *
 * A window of 16 is measured, too: longer ones make sequential runs cheaper, but put more runs on one
 * home, and look-ups in crowded windows get slower. What is longer than a window is a run of windows
 * instead. Windows are numbered as chunks are, and have keys of the same form, so *groups* of 16
 * windows are to them what windows are to chunks:
 *
 *     window      [ group: 30 bits             | place: 4 ]
 *
 * 38 bits are what is left of a slot of ten bytes, which has a number of this kind on either side
 * and a count (`slots.ts`): 2^38 chunks of 4 KiB are a pebibyte.
 */

export const CHUNK_BITS: u64 = 38;
export const CHUNKS_MAX: u64 = (<u64> 1) << CHUNK_BITS;
export const WINDOW_SHIFT: u64 = 4;
export const WINDOW_CHUNKS: u64 = 1 << WINDOW_SHIFT;
/** Windows in a group: as many as chunks in a window, for keys have one form. */
export const GROUP_WINDOWS: u64 = WINDOW_CHUNKS;

const PLACE_MASK: u64 = WINDOW_CHUNKS - 1;
const WINDOW_MASK: u64 = ((<u64> 1) << (CHUNK_BITS - WINDOW_SHIFT)) - 1;
const SCATTER: u64 = 0x278dde6e5;
/** The inverse of SCATTER modulo 2^64, hence modulo 2^34. */
const GATHER: u64 = 0xfbf2d27aa32a66ed;

if (SCATTER * GATHER != 1) ERROR("GATHER must undo SCATTER");

export function keyOf(oldChunk: u64): u64 {
  const window = ((oldChunk >> WINDOW_SHIFT) * SCATTER) & WINDOW_MASK;
  return (window << WINDOW_SHIFT) | (oldChunk & PLACE_MASK);
}

export function oldChunkOf(key: u64): u64 {
  const window = ((key >> WINDOW_SHIFT) * GATHER) & WINDOW_MASK;
  return (window << WINDOW_SHIFT) | (key & PLACE_MASK);
}

/** Where a chunk, or its key, is in its window. */
export function placeOf(chunk: u64): u64 {
  return chunk & PLACE_MASK;
}

/** The chunks from this one to the end of its window, itself included. */
export function chunksLeft(oldChunk: u64): u32 {
  return <u32> (WINDOW_CHUNKS - placeOf(oldChunk));
}

/** The first key past the window of `key`. */
export function windowEnd(key: u64): u64 {
  return (key | PLACE_MASK) + 1;
}

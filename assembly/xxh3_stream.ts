/**
 * XXH3 of input that comes in pieces.
 *
 * A state holds what the next piece needs of those before it:
 *
 *     sums     the accumulators after all whole blocks but the last
 *     behind   the 64 bytes before the buffer: the last stripe may begin there
 *     buffer   1 to 1024 bytes that are not added yet (0 at the start only)
 *
 * A block is added when a byte after it is known, because the last block is added differently.
 * Digesting changes nothing but a copy of the sums, so a state can be digested and go on.
 *
 * Invariants: `buffered` is 0 only while `byteCount` is; `behind` and `buffer` are contiguous in
 * memory and in the input. The state belongs to the caller; nothing of it stays here.
 */
import {
  ACCUMULATOR_BYTES,
  addBlocks,
  addLast,
  BLOCK_BYTES,
  mergeHigh,
  mergeLow,
  resetAccumulators,
  STRIPE_BYTES,
} from "./xxh3_long";
import { setHigh } from "./xxh3";
import { SHORT_BYTES_MAX, shortHash, shortHash128, shortHigh } from "./xxh3_short";
import { WORKSPACE_STAGING, WORKSPACE_STREAM } from "./layout";

@unmanaged
export class Xxh3Stream {
  byteCount: u64;
  buffered: u32;
  reserved: u32;
}

const SUMS: usize = offsetof<Xxh3Stream>();
/** Where a digest works, so that the sums stay as they are. */
const SUMS_COPY: usize = SUMS + ACCUMULATOR_BYTES;
const BEHIND: usize = SUMS_COPY + ACCUMULATOR_BYTES;
const BUFFER: usize = BEHIND + STRIPE_BYTES;
export const STREAM_BYTES: usize = BUFFER + BLOCK_BYTES;

if (offsetof<Xxh3Stream>() != 16) ERROR("Xxh3Stream must be 16 bytes");
if (WORKSPACE_STREAM + STREAM_BYTES > WORKSPACE_STAGING) {
  ERROR("stream state runs into the staging");
}

export function resetStream(stream: Xxh3Stream): void {
  stream.byteCount = 0;
  stream.buffered = 0;
  resetAccumulators(changetype<usize>(stream) + SUMS);
}

export function updateStream(stream: Xxh3Stream, input: usize, byteCount: usize): void {
  if (byteCount == 0) return;
  const sums = changetype<usize>(stream) + SUMS;
  const buffer = changetype<usize>(stream) + BUFFER;
  stream.byteCount += byteCount;
  const room = BLOCK_BYTES - stream.buffered;
  if (byteCount > room) {
    if (stream.buffered > 0) {
      memory.copy(buffer + stream.buffered, input, room);
      input += room;
      byteCount -= room;
      addBlocks(sums, buffer, 1);
      memory.copy(buffer - STRIPE_BYTES, buffer + BLOCK_BYTES - STRIPE_BYTES, STRIPE_BYTES);
      stream.buffered = 0;
    }
    const blockCount = (byteCount - 1) / BLOCK_BYTES;
    if (blockCount > 0) {
      const bytes = blockCount * BLOCK_BYTES;
      addBlocks(sums, input, blockCount);
      memory.copy(buffer - STRIPE_BYTES, input + bytes - STRIPE_BYTES, STRIPE_BYTES);
      input += bytes;
      byteCount -= bytes;
    }
  }
  memory.copy(buffer + stream.buffered, input, byteCount);
  stream.buffered += <u32> byteCount;
}

/** The 64-bit hash of all input so far. */
export function digestStream(stream: Xxh3Stream): u64 {
  const buffer = changetype<usize>(stream) + BUFFER;
  if (stream.byteCount <= SHORT_BYTES_MAX) return shortHash(buffer, stream.buffered);
  return mergeLow(finishSums(stream), stream.byteCount);
}

/** The low half of the 128-bit hash of all input so far; the high half is left for `xxh128High`. */
export function digestStream128(stream: Xxh3Stream): u64 {
  const buffer = changetype<usize>(stream) + BUFFER;
  if (stream.byteCount <= SHORT_BYTES_MAX) {
    const low = shortHash128(buffer, stream.buffered);
    setHigh(shortHigh);
    return low;
  }
  const sums = finishSums(stream);
  setHigh(mergeHigh(sums, stream.byteCount));
  return mergeLow(sums, stream.byteCount);
}

function finishSums(stream: Xxh3Stream): usize {
  const base = changetype<usize>(stream);
  memory.copy(base + SUMS_COPY, base + SUMS, ACCUMULATOR_BYTES);
  addLast(base + SUMS_COPY, base + BUFFER, stream.buffered);
  return base + SUMS_COPY;
}

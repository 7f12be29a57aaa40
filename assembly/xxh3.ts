/**
 * XXH3 of bytes that lie in the arena, in one call: 64 bits or 128.
 *
 * A 128-bit hash is two numbers, and a call returns one: the low half. The high half waits in
 * `xxh3High` until the next 128-bit hash of this instance. The accumulators are in this instance's
 * workspace, so that workers hash at the same time.
 */
import { WORKSPACE, WORKSPACE_ACCUMULATORS } from "./layout";
import { addLast, mergeHigh, mergeLow, resetAccumulators } from "./xxh3_long";
import { SHORT_BYTES_MAX, shortHash, shortHash128, shortHigh } from "./xxh3_short";

/** This instance's workspace. */
let workspace: usize = WORKSPACE;
let high: u64 = 0;

/** Gives this instance a workspace of its own: a page. */
export function attachWorkspace(address: usize): void {
  workspace = address;
}

export function xxh3(address: usize, byteCount: usize): u64 {
  if (byteCount <= SHORT_BYTES_MAX) return shortHash(address, byteCount);
  return mergeLow(hashLong(address, byteCount), byteCount);
}

/** The low 32 bits of the 64-bit hash: a number on the other side, where 64 bits are a BigInt. */
export function xxh3Low32(address: usize, byteCount: usize): u32 {
  return <u32> xxh3(address, byteCount);
}

/** Returns the low half of the 128-bit hash. */
export function xxh128(address: usize, byteCount: usize): u64 {
  if (byteCount <= SHORT_BYTES_MAX) {
    const low = shortHash128(address, byteCount);
    high = shortHigh;
    return low;
  }
  const sums = hashLong(address, byteCount);
  high = mergeHigh(sums, byteCount);
  return mergeLow(sums, byteCount);
}

/** The high half of the last 128-bit hash. */
export function xxh128High(): u64 {
  return high;
}

export function setHigh(value: u64): void {
  high = value;
}

function hashLong(address: usize, byteCount: usize): usize {
  const sums = workspace + WORKSPACE_ACCUMULATORS;
  resetAccumulators(sums);
  addLast(sums, address, byteCount);
  return sums;
}

/**
 * XXH3 of inputs of more than 240 bytes: eight accumulators, eight bytes wide, and SIMD.
 *
 *     input      | block: 16 stripes of 64 bytes | block | ... | last block, 1 to 1024 bytes |
 *     stripe n   of a block uses the secret from byte 8n on; after the 16th, a scramble
 *     at the end the last 64 bytes once more, wherever they begin
 *
 * The stripes before the last byte come to (byteCount - 1) / 64, and every 16th of them ends a
 * block, so one loop does for blocks and for the rest. The specification adds each word of input to
 * its neighbour's accumulator; here the input is summed where it stands, and the sums change places
 * once a block, which saves a shuffle for each vector. Products of two 32-bit halves are made for
 * two vectors at once: even and odd halves are drawn together first, which is what `extmul` wants.
 *
 * Invariants: nothing is read outside the input. Source: doc/xxhash_spec.md, "large inputs".
 */
import {
  avalanche,
  multiplyFold,
  PRIME32_1,
  PRIME32_2,
  PRIME32_3,
  PRIME64_1,
  PRIME64_2,
  PRIME64_3,
  PRIME64_4,
  PRIME64_5,
  SECRET,
  SECRET_BYTES,
  secretAt,
} from "./xxh3_mix";

export const STRIPE_BYTES: usize = 64;
export const BLOCK_BYTES: usize = 1024;
export const ACCUMULATOR_BYTES: usize = 64;

const STRIPES_PER_BLOCK: usize = BLOCK_BYTES / STRIPE_BYTES;
const SCRAMBLE_SECRET: usize = SECRET + SECRET_BYTES - STRIPE_BYTES;
const LAST_SECRET: usize = SECRET + SECRET_BYTES - 71;

export function resetAccumulators(sums: usize): void {
  store<u64>(sums, PRIME32_3);
  store<u64>(sums, PRIME64_1, 8);
  store<u64>(sums, PRIME64_2, 16);
  store<u64>(sums, PRIME64_3, 24);
  store<u64>(sums, PRIME64_4, 32);
  store<u64>(sums, PRIME32_2, 40);
  store<u64>(sums, PRIME64_5, 48);
  store<u64>(sums, PRIME32_1, 56);
}

/** Adds whole blocks. More input must follow: the last block, though whole, is not for this. */
export function addBlocks(sums: usize, input: usize, blockCount: usize): void {
  addStripes(sums, input, SECRET, blockCount * STRIPES_PER_BLOCK);
}

/** Adds all that is left. At least 64 bytes of input end where this ends, be they added before. */
export function addLast(sums: usize, input: usize, byteCount: usize): void {
  addStripes(sums, input, SECRET, (byteCount - 1) / STRIPE_BYTES);
  addStripes(sums, input + byteCount - STRIPE_BYTES, LAST_SECRET, 1);
}

/** The 64-bit hash, and the low half of the 128-bit one. */
export function mergeLow(sums: usize, byteCount: u64): u64 {
  return merge(sums, byteCount * PRIME64_1, 11);
}

/** The high half of the 128-bit hash. */
export function mergeHigh(sums: usize, byteCount: u64): u64 {
  return merge(sums, ~(byteCount * PRIME64_2), SECRET_BYTES - 75);
}

function merge(sums: usize, start: u64, offset: usize): u64 {
  let x = start;
  for (let at: usize = 0; at < ACCUMULATOR_BYTES; at += 16) {
    const low = load<u64>(sums + at) ^ secretAt(offset + at);
    const high = load<u64>(sums + at, 8) ^ secretAt(offset + at + 8);
    x += multiplyFold(low, high);
  }
  return avalanche(x);
}

function addStripes(sums: usize, input: usize, secret: usize, stripeCount: usize): void {
  let a0 = v128.load(sums);
  let a1 = v128.load(sums, 16);
  let a2 = v128.load(sums, 32);
  let a3 = v128.load(sums, 48);
  while (stripeCount > 0) {
    const stripes = min(stripeCount, STRIPES_PER_BLOCK);
    let s0 = i64x2.splat(0);
    let s1 = i64x2.splat(0);
    let s2 = i64x2.splat(0);
    let s3 = i64x2.splat(0);
    let key = secret;
    for (const end = input + stripes * STRIPE_BYTES; input < end; input += STRIPE_BYTES) {
      const x0 = v128.load(input);
      const x1 = v128.load(input, 16);
      const x2 = v128.load(input, 32);
      const x3 = v128.load(input, 48);
      const k0 = v128.xor(x0, v128.load(key));
      const k1 = v128.xor(x1, v128.load(key, 16));
      const k2 = v128.xor(x2, v128.load(key, 32));
      const k3 = v128.xor(x3, v128.load(key, 48));
      s0 = i64x2.add(s0, x0);
      s1 = i64x2.add(s1, x1);
      s2 = i64x2.add(s2, x2);
      s3 = i64x2.add(s3, x3);
      const even01 = v128.shuffle<i32>(k0, k1, 0, 2, 4, 6);
      const odd01 = v128.shuffle<i32>(k0, k1, 1, 3, 5, 7);
      const even23 = v128.shuffle<i32>(k2, k3, 0, 2, 4, 6);
      const odd23 = v128.shuffle<i32>(k2, k3, 1, 3, 5, 7);
      a0 = i64x2.add(a0, i64x2.extmul_low_i32x4_u(even01, odd01));
      a1 = i64x2.add(a1, i64x2.extmul_high_i32x4_u(even01, odd01));
      a2 = i64x2.add(a2, i64x2.extmul_low_i32x4_u(even23, odd23));
      a3 = i64x2.add(a3, i64x2.extmul_high_i32x4_u(even23, odd23));
      key += 8;
    }
    a0 = i64x2.add(a0, swapWords(s0));
    a1 = i64x2.add(a1, swapWords(s1));
    a2 = i64x2.add(a2, swapWords(s2));
    a3 = i64x2.add(a3, swapWords(s3));
    if (stripes == STRIPES_PER_BLOCK) {
      a0 = scramble(a0, 0);
      a1 = scramble(a1, 16);
      a2 = scramble(a2, 32);
      a3 = scramble(a3, 48);
    }
    stripeCount -= stripes;
  }
  v128.store(sums, a0);
  v128.store(sums, a1, 16);
  v128.store(sums, a2, 32);
  v128.store(sums, a3, 48);
}

function swapWords(x: v128): v128 {
  return v128.shuffle<i64>(x, x, 1, 0);
}

function scramble(a: v128, offset: usize): v128 {
  const mixed = v128.xor(v128.xor(a, i64x2.shr_u(a, 47)), v128.load(SCRAMBLE_SECRET + offset));
  return i64x2.mul(mixed, i64x2.splat(PRIME32_1));
}

/**
 * XXH3 of inputs of up to 240 bytes: six cases, each with its own stretch of the secret.
 *
 *     bytes       0    1-3    4-8    9-16    17-128         129-240
 *     what        -    four bytes of it,     16-byte pieces 16-byte pieces, an avalanche
 *                      mixed whole           from both ends after the eighth
 *
 * `shortHash` is the 64-bit hash. `shortHash128` returns the low half of the 128-bit hash and
 * leaves the high half in `shortHigh`. Each case is named after its lengths. Source: doc/xxhash_spec.md.
 *
 * Invariants: reads only inside the input; between 1 and 3 bytes the two low halves are the same.
 */
import {
  avalanche,
  avalancheOfXxh64,
  multiplyFold,
  multiplyHigh,
  PRIME32_2,
  PRIME64_1,
  PRIME64_2,
  PRIME64_4,
  PRIME_MX2,
  SECRET,
  secretAt,
} from "./xxh3_mix";

export const SHORT_BYTES_MAX: usize = 240;

/** The high half of the last 128-bit hash of a short input. */
export let shortHigh: u64 = 0;

export function shortHash(input: usize, byteCount: usize): u64 {
  if (byteCount > 128) return hash129to240(input, byteCount);
  if (byteCount > 16) return hash17to128(input, byteCount);
  if (byteCount > 8) return hash9to16(input, byteCount);
  if (byteCount > 3) return hash4to8(input, byteCount);
  if (byteCount > 0) {
    return avalancheOfXxh64(<u64> secretFold32(0) ^ <u64> combine1to3(input, byteCount));
  }
  return avalancheOfXxh64(secretAt(56) ^ secretAt(64));
}

export function shortHash128(input: usize, byteCount: usize): u64 {
  if (byteCount > 128) return wide129to240(input, byteCount);
  if (byteCount > 16) return wide17to128(input, byteCount);
  if (byteCount > 8) return wide9to16(input, byteCount);
  if (byteCount > 3) return wide4to8(input, byteCount);
  if (byteCount > 0) {
    const combined = combine1to3(input, byteCount);
    const turned = rotl<u32>(bswap<u32>(combined), 13);
    shortHigh = avalancheOfXxh64(<u64> (secretFold32(8) ^ turned));
    return avalancheOfXxh64(<u64> (secretFold32(0) ^ combined));
  }
  shortHigh = avalancheOfXxh64(secretAt(80) ^ secretAt(88));
  return avalancheOfXxh64(secretAt(64) ^ secretAt(72));
}

/** First, middle and last byte, and the length: four bytes that say all of up to three. */
function combine1to3(input: usize, byteCount: usize): u32 {
  const first = <u32> load<u8>(input);
  const middle = <u32> load<u8>(input + (byteCount >> 1));
  const last = <u32> load<u8>(input + byteCount - 1);
  return last | <u32> byteCount << 8 | first << 16 | middle << 24;
}

function secretFold32(offset: usize): u32 {
  return load<u32>(SECRET + offset) ^ load<u32>(SECRET + offset, 4);
}

function hash4to8(input: usize, byteCount: usize): u64 {
  const first = <u64> load<u32>(input);
  const last = <u64> load<u32>(input + byteCount - 4);
  let x = secretAt(8) ^ secretAt(16) ^ (last | first << 32);
  x ^= rotl<u64>(x, 49) ^ rotl<u64>(x, 24);
  x *= PRIME_MX2;
  x ^= (x >> 35) + byteCount;
  x *= PRIME_MX2;
  return x ^ (x >> 28);
}

function wide4to8(input: usize, byteCount: usize): u64 {
  const first = <u64> load<u32>(input);
  const last = <u64> load<u32>(input + byteCount - 4);
  const x = secretAt(16) ^ secretAt(24) ^ (first | last << 32);
  const factor = PRIME64_1 + (<u64> byteCount << 2);
  let low = x * factor;
  const high = multiplyHigh(x, factor) + (low << 1);
  low ^= high >> 3;
  low ^= low >> 35;
  low *= PRIME_MX2;
  shortHigh = avalanche(high);
  return low ^ (low >> 28);
}

function hash9to16(input: usize, byteCount: usize): u64 {
  const low = secretAt(24) ^ secretAt(32) ^ load<u64>(input);
  const high = secretAt(40) ^ secretAt(48) ^ load<u64>(input + byteCount - 8);
  return avalanche(byteCount + bswap<u64>(low) + high + multiplyFold(low, high));
}

function wide9to16(input: usize, byteCount: usize): u64 {
  const last = load<u64>(input + byteCount - 8);
  const x = secretAt(32) ^ secretAt(40) ^ load<u64>(input) ^ last;
  const y = secretAt(48) ^ secretAt(56) ^ last;
  let low = x * PRIME64_1 + (<u64> (byteCount - 1) << 54);
  const high = multiplyHigh(x, PRIME64_1) + y + (y & 0xffffffff) * (PRIME32_2 - 1);
  low ^= bswap<u64>(high);
  shortHigh = avalanche(multiplyHigh(low, PRIME64_2) + high * PRIME64_2);
  return avalanche(low * PRIME64_2);
}

/** Mixes 16 bytes of input with 16 bytes of the secret. */
function mixStep(input: usize, offset: usize): u64 {
  return multiplyFold(
    load<u64>(input) ^ secretAt(offset),
    load<u64>(input, 8) ^ secretAt(offset + 8),
  );
}

function hash17to128(input: usize, byteCount: usize): u64 {
  let sum = <u64> byteCount * PRIME64_1;
  const end = input + byteCount - 16;
  for (let round = (byteCount + 31) >> 5; round > 0; round--) {
    const at = (round - 1) * 16;
    sum += mixStep(input + at, at * 2) + mixStep(end - at, at * 2 + 16);
  }
  return avalanche(sum);
}

function hash129to240(input: usize, byteCount: usize): u64 {
  let sum = <u64> byteCount * PRIME64_1;
  for (let at: usize = 0; at < 128; at += 16) sum += mixStep(input + at, at);
  sum = avalanche(sum);
  for (let at: usize = 128; at + 16 <= byteCount; at += 16) sum += mixStep(input + at, at - 125);
  return avalanche(sum + mixStep(input + byteCount - 16, 119));
}

/** The two accumulators of a 128-bit hash, from one pair of pieces to the next. */
let sumLow: u64 = 0;
let sumHigh: u64 = 0;

function mixPair(a: usize, b: usize, offset: usize): void {
  sumLow = (sumLow + mixStep(a, offset)) ^ (load<u64>(b) + load<u64>(b, 8));
  sumHigh = (sumHigh + mixStep(b, offset + 16)) ^ (load<u64>(a) + load<u64>(a, 8));
}

function finishPairs(byteCount: usize): u64 {
  const high = sumLow * PRIME64_1 + sumHigh * PRIME64_4 + <u64> byteCount * PRIME64_2;
  shortHigh = 0 - avalanche(high);
  return avalanche(sumLow + sumHigh);
}

function wide17to128(input: usize, byteCount: usize): u64 {
  sumLow = <u64> byteCount * PRIME64_1;
  sumHigh = 0;
  const end = input + byteCount - 16;
  for (let round = (byteCount + 31) >> 5; round > 0; round--) {
    const at = (round - 1) * 16;
    mixPair(input + at, end - at, at * 2);
  }
  return finishPairs(byteCount);
}

function wide129to240(input: usize, byteCount: usize): u64 {
  sumLow = <u64> byteCount * PRIME64_1;
  sumHigh = 0;
  for (let at: usize = 0; at < 128; at += 32) mixPair(input + at, input + at + 16, at);
  sumLow = avalanche(sumLow);
  sumHigh = avalanche(sumHigh);
  for (let at: usize = 128; at + 32 <= byteCount; at += 32) {
    mixPair(input + at, input + at + 16, at - 125);
  }
  // The last pair is turned round; with a seed it would be subtracted here.
  mixPair(input + byteCount - 16, input + byteCount - 32, 103);
  return finishPairs(byteCount);
}

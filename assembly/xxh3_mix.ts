/**
 * The parts that every length of XXH3 is made of: primes, secret, avalanches, the wide product.
 *
 * The algorithm, its constants and its default secret are those of doc/xxhash_spec.md in the xxHash
 * repository. The seed is 0 everywhere, so the terms with a seed are left out. Reads are
 * little-endian, as WebAssembly's are.
 */
export const PRIME32_1: u64 = 0x9e3779b1;
export const PRIME32_2: u64 = 0x85ebca77;
export const PRIME32_3: u64 = 0xc2b2ae3d;
export const PRIME64_1: u64 = 0x9e3779b185ebca87;
export const PRIME64_2: u64 = 0xc2b2ae3d27d4eb4f;
export const PRIME64_3: u64 = 0x165667b19e3779f9;
export const PRIME64_4: u64 = 0x85ebca77c2b2ae63;
export const PRIME64_5: u64 = 0x27d4eb2f165667c5;
export const PRIME_MX1: u64 = 0x165667919e3779f9;
export const PRIME_MX2: u64 = 0x9fb21c651e98df25;

export const SECRET_BYTES: usize = 192;
export const SECRET: usize = memory.data<u64>([
  0xbe4ba423396cfeb8,
  0x1cad21f72c81017c,
  0xdb979083e96dd4de,
  0x1f67b3b7a4a44072,
  0x78e5c0cc4ee679cb,
  0x2172ffcc7dd05a82,
  0x8e2443f7744608b8,
  0x4c263a81e69035e0,
  0xcb00c391bb52283c,
  0xa32e531b8b65d088,
  0x4ef90da297486471,
  0xd8acdea946ef1938,
  0x3f349ce33f76faa8,
  0x1d4f0bc7c7bbdcf9,
  0x3159b4cd4be0518a,
  0x647378d9c97e9fc8,
  0xc3ebd33483acc5ea,
  0xeb6313faffa081c5,
  0x49daf0b751dd0d17,
  0x9e68d429265516d3,
  0xfca1477d58be162b,
  0xce31d07ad1b8f88f,
  0x280416958f3acb45,
  0x7e404bbbcafbd7af,
]);

/** The word of the secret at a byte offset. */
export function secretAt(offset: usize): u64 {
  return load<u64>(SECRET + offset);
}

export function avalanche(x: u64): u64 {
  x ^= x >> 37;
  x *= PRIME_MX1;
  return x ^ (x >> 32);
}

/** The avalanche of XXH64, which the shortest inputs use. */
export function avalancheOfXxh64(x: u64): u64 {
  x ^= x >> 33;
  x *= PRIME64_2;
  x ^= x >> 29;
  x *= PRIME64_3;
  return x ^ (x >> 32);
}

/** The upper half of the 128-bit product. WebAssembly has no instruction for it: four 32-bit ones. */
export function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const bLow = b & 0xffffffff;
  const aHigh = a >> 32;
  const bHigh = b >> 32;
  const highLow = aHigh * bLow;
  const cross = ((aLow * bLow) >> 32) + (highLow & 0xffffffff) + aLow * bHigh;
  return (highLow >> 32) + (cross >> 32) + aHigh * bHigh;
}

/** The two halves of the 128-bit product, one on the other. */
export function multiplyFold(a: u64, b: u64): u64 {
  return (a * b) ^ multiplyHigh(a, b);
}

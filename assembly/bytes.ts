/**
 * What touches every byte of a chunk: copy, fill, compare, is-zero.
 *
 * Free functions of addresses and byte counts; no alignment is asked for. Copy and fill are single
 * instructions, which the engine turns into its own tuned loops. Compare and is-zero go 64 bytes at
 * a time with SIMD, then byte by byte over what is left: the same step finds the exact byte inside
 * a block that differs.
 *
 * Fails: an address outside the memory traps, and `src/kernel/arena.ts` refuses it before.
 */

/** Moves bytes; the two regions may overlap. */
export function copyBytes(target: usize, source: usize, byteCount: usize): void {
  memory.copy(target, source, byteCount);
}

export function fillBytes(target: usize, byte: u32, byteCount: usize): void {
  memory.fill(target, <u8> byte, byteCount);
}

export function isZero(address: usize, byteCount: usize): bool {
  let done: usize = 0;
  for (; byteCount - done >= 64; done += 64) {
    const at = address + done;
    const low = v128.or(v128.load(at), v128.load(at, 16));
    const high = v128.or(v128.load(at, 32), v128.load(at, 48));
    if (v128.any_true(v128.or(low, high))) return false;
  }
  for (; done < byteCount; done++) {
    if (load<u8>(address + done) != 0) return false;
  }
  return true;
}

/** Returns the offset of the first byte that differs, or `byteCount` if none does. */
export function compareBytes(a: usize, b: usize, byteCount: usize): usize {
  let done: usize = 0;
  for (; byteCount - done >= 64; done += 64) {
    const x = a + done;
    const y = b + done;
    const d0 = v128.xor(v128.load(x), v128.load(y));
    const d1 = v128.xor(v128.load(x, 16), v128.load(y, 16));
    const d2 = v128.xor(v128.load(x, 32), v128.load(y, 32));
    const d3 = v128.xor(v128.load(x, 48), v128.load(y, 48));
    if (v128.any_true(v128.or(v128.or(d0, d1), v128.or(d2, d3)))) break;
  }
  for (; done < byteCount; done++) {
    if (load<u8>(a + done) != load<u8>(b + done)) return done;
  }
  return byteCount;
}

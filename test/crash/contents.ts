/**
 * Contents of views, compared sector by sector and to the last byte.
 */
import { describeSector, patternOf } from "../../src/testing/pattern.ts";

const ZEROES = new Uint32Array(128);
const WORDS_MAX = 50_000;
const words = new Map<string, Uint32Array>();

function wordsOf(stamp: number, sector: number): Uint32Array {
  if (stamp === 0) return ZEROES;
  const key = `${stamp}/${sector}`;
  let found = words.get(key);
  if (found === undefined) {
    if (words.size >= WORDS_MAX) words.clear();
    words.set(key, found = new Uint32Array(patternOf(stamp, sector, 1).buffer));
  }
  return found;
}

/** The write that a sector claims to come from; 0 if it does not begin as a pattern does. */
function claimOf(found: Uint32Array): number {
  return found[0] === 0x70776f63 ? found[1] as number : 0;
}

/**
 * The writes that a stretch of a view comes from.
 *
 * @param bytes What was read.
 * @param sector Its first sector.
 * @param stamps Is given every sector and the write that it holds; `null` for no write at all.
 */
export function forEachStamp(
  bytes: Uint8Array,
  sector: number,
  visit: (at: number, stamp: number | null) => void,
): void {
  for (let offset = 0; offset < bytes.length; offset += 512) {
    const at = sector + offset / 512;
    const found = new Uint32Array(bytes.buffer, bytes.byteOffset + offset, 128);
    const stamp = claimOf(found);
    const wanted = wordsOf(stamp, at);
    visit(at, found.every((word, index) => word === wanted[index]) ? stamp : null);
  }
}

/**
 * What is wrong with a stretch of a view.
 *
 * @param bytes What was read.
 * @param sector Its first sector.
 * @param possible The writes that a sector may hold.
 * @returns What is wrong first, or `null`.
 */
export function wrongIn(
  bytes: Uint8Array,
  sector: number,
  possible: (at: number) => Set<number>,
): string | null {
  let wrong: string | null = null;
  forEachStamp(bytes, sector, (at, stamp) => {
    if (wrong !== null || (stamp !== null && possible(at).has(stamp))) return;
    const start = (at - sector) * 512;
    const what = describeSector(bytes.subarray(start, start + 512));
    const wanted = [...possible(at)].map((each) => each === 0 ? "zeroes" : `write ${each}`);
    wrong = `sector ${at} holds ${what}, want ${wanted.join(" or ")}`;
  });
  return wrong;
}

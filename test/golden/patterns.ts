/**
 * Pattern P1, which tells of every sector who wrote it and where, and the listing of sectors as runs.
 *
 * For sector `s` and salt `k`, 128 little-endian words of 32 bits:
 *
 *     0x50534D44, s, k, ~s, then s, k, s, k, …
 */
import { createHash } from "node:crypto";
import { SECTOR_BYTES } from "../../src/block/units.ts";

const WORDS = SECTOR_BYTES / 4;
const MAGIC = 0x50534d44;

/**
 * Fills sectors with P1.
 *
 * @param target Filled whole.
 * @param sector The number of its first sector.
 * @param salt The salt.
 */
export function fillP1(target: Uint8Array, sector: number, salt: number): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  for (let at = 0; at < target.length; at += SECTOR_BYTES, sector++) {
    view.setUint32(at, MAGIC, true);
    view.setUint32(at + 4, sector, true);
    view.setUint32(at + 8, salt, true);
    view.setUint32(at + 12, ~sector, true);
    view.setUint32(at + 16, sector, true);
    view.setUint32(at + 20, salt, true);
    for (let done = 8; done < SECTOR_BYTES - 16; done *= 2) {
      const length = Math.min(done, SECTOR_BYTES - 16 - done);
      target.copyWithin(at + 16 + done, at + 16, at + 16 + length);
    }
  }
}

/**
 * Makes sectors of P1.
 *
 * @param sectorCount How many.
 * @param sector The number of the first.
 * @param salt The salt.
 */
export function makeP1(sectorCount: number, sector: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(sectorCount * SECTOR_BYTES);
  fillP1(bytes, sector, salt);
  return bytes;
}

/** The digest that answers and images are compared by. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Whether 128 words are those of P1 for the sector and salt they name. */
function isP1(words: Uint32Array): boolean {
  const [magic, sector = 0, salt] = words;
  if (magic !== MAGIC || words[3] !== (~sector >>> 0)) return false;
  for (let i = 4; i < WORDS; i += 2) {
    if (words[i] !== sector || words[i + 1] !== salt) return false;
  }
  return true;
}

/** What one sector holds, in the words of a listing. */
function describe(bytes: Uint8Array, sector: number): string {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, WORDS);
  const [, writtenAt = 0, salt] = words;
  if (isP1(words)) {
    const offset = writtenAt - sector;
    return offset === 0 ? `s${salt}` : `s${salt}@${offset > 0 ? "+" : ""}${offset}`;
  }
  const [byte = 0] = bytes;
  if (!bytes.every((each) => each === byte)) return "?";
  return byte === 0 ? "zero" : `x${byte.toString(16).padStart(2, "0")}`;
}

/**
 * Lists sectors as runs of the same kind: `0+24:s1 24+8:s1002@-8 32+96:zero`.
 *
 * | kind | is |
 * |---|---|
 * | `s7` | P1, salt 7, at its place |
 * | `s7@+8` | P1, salt 7, of the sector 8 further on |
 * | `zero`, `xa5` | one byte, everywhere |
 * | `?` | anything else, for example metadata |
 *
 * @param bytes The sectors, as words can be read from.
 * @param sector The number of the first.
 */
export function listRuns(bytes: Uint8Array, sector: number): string {
  const runs: { start: number; count: number; kind: string }[] = [];
  for (let at = 0; at < bytes.length; at += SECTOR_BYTES, sector++) {
    const kind = describe(bytes.subarray(at, at + SECTOR_BYTES), sector);
    const last = runs.at(-1);
    if (last?.kind === kind) last.count++;
    else runs.push({ start: sector, count: 1, kind });
  }
  return runs.map(({ start, count, kind }) => `${start}+${count}:${kind}`).join(" ");
}

/**
 * A third reader of Linux's COW format, slow and simple on purpose, for images that may be anything.
 *
 * It is written from the description of the format and shares no line with `src/`: what it says of a
 * mutated image is what a loader has to make of it. Numbers of 64 bits stay big; every rule is spelt
 * out where it is needed.
 */

/** What the image is read with. */
export interface Surroundings {
  /** Sectors of the origin. */
  readonly originSectors: number;
  /** Sectors in a logical block of the COW device and the origin. */
  readonly blockSectors: number;
  /** Sectors of the COW device that cannot be read. */
  readonly badSectors: ReadonlySet<number>;
}

/** An image whose exceptions can be used. */
export interface UsableImage {
  readonly state: "usable";
  readonly chunkSectors: number;
  /** Old chunk to new chunk. */
  readonly chunks: ReadonlyMap<number, number>;
  /** Whether there is something behind the end of the list, in its area. */
  readonly hasStaleTail: boolean;
  /** Whether the header says valid with 1, and zeroes can be read behind it in its chunk. */
  readonly hasPlainHeader: boolean;
  /** How many more exceptions fit. */
  readonly roomCount: number;
}

/** What an image comes to. */
export type Reading =
  | UsableImage
  | { readonly state: "blank" | "invalid" }
  | { readonly state: "refused"; readonly why: string };

const CHUNK_SECTORS_MAX = 2 ** 21;

/** Whether a number is 1, 2, 4, … up to the largest chunk. */
function isChunkSize(sectors: number): boolean {
  for (let size = 1; size <= CHUNK_SECTORS_MAX; size *= 2) if (size === sectors) return true;
  return false;
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

function hasBadSector(bad: ReadonlySet<number>, first: number, count: number): boolean {
  for (const sector of bad) if (sector >= first && sector < first + count) return true;
  return false;
}

const refused = (why: string): Reading => ({ state: "refused", why });

/**
 * Reads an image.
 *
 * @param bytes The whole COW device.
 * @param surroundings What it is read with.
 */
export function readNaively(bytes: Uint8Array, surroundings: Surroundings): Reading {
  const { blockSectors, badSectors } = surroundings;
  const sectorCount = bytes.length / 512;
  if (sectorCount < blockSectors) return refused("size");
  if (hasBadSector(badSectors, 0, blockSectors)) return refused("unreadable");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0, true);
  if (magic === 0) return { state: "blank" };
  if (magic !== 0x70416e53) return refused("magic");
  const chunkSectors = view.getUint32(12, true);
  if (!isChunkSize(chunkSectors) || chunkSectors % blockSectors !== 0) return refused("chunk size");
  if (view.getUint32(8, true) !== 1) return refused("version");
  if (sectorCount < 2 * chunkSectors) return refused("size");
  const valid = view.getUint32(4, true);
  if (valid === 0) return { state: "invalid" };
  const isPlain = valid === 1 && isZero(bytes, 16, chunkSectors * 512) &&
    !hasBadSector(badSectors, 0, chunkSectors);
  return readList(bytes, view, chunkSectors, isPlain, surroundings);
}

function readList(
  bytes: Uint8Array,
  view: DataView,
  chunkSectors: number,
  hasPlainHeader: boolean,
  { originSectors, badSectors }: Surroundings,
): Reading {
  const perArea = chunkSectors * 32;
  const chunkCount = BigInt(Math.floor(bytes.length / 512 / chunkSectors));
  const oldEnd = BigInt(Math.ceil(originSectors / chunkSectors));
  const chunks = new Map<number, number>();
  const taken = new Set<number>();
  let nextFree = 2;
  let area = 0;
  for (;; area++) {
    const areaChunk = 1 + area * (perArea + 1);
    if (areaChunk >= chunkCount) break;
    if (hasBadSector(badSectors, areaChunk * chunkSectors, chunkSectors)) {
      return refused("unreadable");
    }
    const start = areaChunk * chunkSectors * 512;
    for (let at = start; at < start + chunkSectors * 512; at += 16) {
      const oldChunk = view.getBigUint64(at, true);
      const newChunk = view.getBigUint64(at + 8, true);
      if (newChunk === 0n) {
        return usable(area, (at - start) / 16, !isZero(bytes, at, start + chunkSectors * 512));
      }
      if (oldChunk >= oldEnd) return refused("old chunk outside");
      if (newChunk >= chunkCount) return refused("new chunk outside");
      if (newChunk % BigInt(perArea + 1) === 1n) return refused("on metadata");
      if (chunks.has(Number(oldChunk))) return refused("old chunk twice");
      if (taken.has(Number(newChunk))) return refused("new chunk twice");
      chunks.set(Number(oldChunk), Number(newChunk));
      taken.add(Number(newChunk));
      nextFree = Math.max(nextFree, Number(newChunk) + 1);
    }
  }
  return refused("no successor");

  function usable(endArea: number, entryCount: number, hasStaleTail: boolean): UsableImage {
    const roomCount = countRoom(nextFree, endArea * perArea + entryCount);
    return { state: "usable", chunkSectors, chunks, hasStaleTail, hasPlainHeader, roomCount };
  }

  /** New chunks above the highest in use, each with a place in an area that does not end the device. */
  function countRoom(first: number, places: number): number {
    let count = 0;
    for (let chunk = first; chunk < chunkCount; chunk++) {
      if (chunk % (perArea + 1) === 1) continue;
      const nextArea = Math.floor((places + count + 1) / perArea);
      if (1 + nextArea * (perArea + 1) >= chunkCount) break;
      count++;
    }
    return count;
  }
}

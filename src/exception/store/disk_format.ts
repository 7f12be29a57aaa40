/**
 * Linux's on-disk format of a persistent COW device, byte for byte.
 *
 * ```
 * chunk 0        header: magic, valid, version, chunk size (four LE32), then zeroes
 * chunk 1        area 0: N entries of 16 bytes
 * chunk 2 …      the N data chunks of area 0
 * chunk 1+(N+1)  area 1, and so on: area a lies at chunk 1 + (N+1)·a
 * ```
 *
 * A chunk is `chunkSectors` sectors. An area is one chunk, so it has N = chunk bytes / 16 entries. An
 * entry is old chunk (LE64), new chunk (LE64); a new chunk of 0, which is the header, ends the list.
 * Every area before the last is full. No field binds the COW to its origin, and nothing is
 * checksummed; see `src/README.md` for what follows.
 *
 * Chunk numbers are 64 bits on disk and exact `number`s here: an entry with a number of 2^53 or more
 * is told apart as out of range, never rounded.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-snap-persistent.c, the comment at its head
 * @module
 */

import { SECTOR_BYTES } from "../../block/units.ts";

/** The header's magic: the bytes `SnAp`. */
export const HEADER_MAGIC = 0x70416e53;
/** The only version there is. */
export const HEADER_VERSION = 1;
/** Bytes of a header that mean something. */
export const HEADER_BYTES = 16;
/** Bytes of an entry. */
export const ENTRY_BYTES = 16;
/** Chunks in front of the first area. */
const HEADER_CHUNKS = 1;

/** What a header says. */
export interface DiskHeader {
  /** 0 on a device that was never used. */
  readonly magic: number;
  /** Not 0 unless the snapshot was invalidated. */
  readonly valid: number;
  /** 1. */
  readonly version: number;
  /** Sectors in a chunk. */
  readonly chunkSectors: number;
}

/** An exception as it stands in an area. */
export interface DiskEntry {
  /** The chunk of the origin; not a safe integer when out of range. */
  readonly oldChunk: number;
  /** The chunk of the COW device; 0 ends the list. */
  readonly newChunk: number;
}

/**
 * Reads a header.
 *
 * @param bytes The first sector of the COW device.
 * @returns What it says, unchecked.
 */
export function decodeHeader(bytes: Uint8Array): DiskHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  return {
    magic: view.getUint32(0, true),
    valid: view.getUint32(4, true),
    version: view.getUint32(8, true),
    chunkSectors: view.getUint32(12, true),
  };
}

/**
 * Writes a header.
 *
 * @param bytes Where; at least 16 bytes. What follows them is left alone.
 * @param valid Whether the snapshot is usable.
 * @param chunkSectors Sectors in a chunk.
 */
export function encodeHeader(bytes: Uint8Array, valid: boolean, chunkSectors: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  view.setUint32(0, HEADER_MAGIC, true);
  view.setUint32(4, valid ? 1 : 0, true);
  view.setUint32(8, HEADER_VERSION, true);
  view.setUint32(12, chunkSectors, true);
}

function getChunk(view: DataView, offsetBytes: number): number {
  return view.getUint32(offsetBytes + 4, true) * 2 ** 32 + view.getUint32(offsetBytes, true);
}

function setChunk(view: DataView, offsetBytes: number, chunk: number): void {
  view.setUint32(offsetBytes, chunk % 2 ** 32, true);
  view.setUint32(offsetBytes + 4, Math.floor(chunk / 2 ** 32), true);
}

/** Old chunk of an entry. */
export function entryOldChunk(area: DataView, index: number): number {
  return getChunk(area, index * ENTRY_BYTES);
}

/** New chunk of an entry; 0 ends the list. */
export function entryNewChunk(area: DataView, index: number): number {
  return getChunk(area, index * ENTRY_BYTES + 8);
}

/** Writes an entry; zeroes clear it. */
export function encodeEntry(
  area: DataView,
  index: number,
  oldChunk: number,
  newChunk: number,
): void {
  setChunk(area, index * ENTRY_BYTES, oldChunk);
  setChunk(area, index * ENTRY_BYTES + 8, newChunk);
}

/** Where things lie on a COW device of one chunk size. All in chunks, all exact. */
export class AreaLayout {
  /** Sectors in a chunk. */
  readonly chunkSectors: number;
  /** Bytes in a chunk, which is also the size of an area. */
  readonly chunkBytes: number;
  /** Entries in an area: N. */
  readonly entriesPerArea: number;
  /** From one area to the next: N + 1. */
  readonly strideChunks: number;

  /**
   * The layout for a chunk size.
   *
   * @param chunkSectors Sectors in a chunk, a power of two.
   */
  constructor(chunkSectors: number) {
    this.chunkSectors = chunkSectors;
    this.chunkBytes = chunkSectors * SECTOR_BYTES;
    this.entriesPerArea = this.chunkBytes / ENTRY_BYTES;
    this.strideChunks = this.entriesPerArea + 1;
  }

  /** The first chunk that can hold data. */
  get firstDataChunk(): number {
    return HEADER_CHUNKS + 1;
  }

  /**
   * The chunk of an area.
   *
   * @param area The area's index.
   * @returns Its chunk on the COW device.
   */
  areaChunk(area: number): number {
    return HEADER_CHUNKS + this.strideChunks * area;
  }

  /**
   * The new chunk of an entry, when all were handed out in order.
   *
   * @param place The entry's place in the list.
   * @returns Its chunk on the COW device.
   */
  chunkInOrder(place: number): number {
    return this.firstDataChunk + place + Math.floor(place / this.entriesPerArea);
  }

  /**
   * How large a device must be to hold an area.
   *
   * @param area The area's index.
   * @returns The sector behind its last.
   */
  areaEndSector(area: number): number {
    return (this.areaChunk(area) + 1) * this.chunkSectors;
  }

  /**
   * The smallest device on which a number of exceptions has room, so that it never runs full.
   *
   * @param exceptionCount How many: as many as the source has chunks.
   * @returns Its size, in sectors.
   */
  fittingSectors(exceptionCount: number): number {
    const areaCount = Math.floor(exceptionCount / this.entriesPerArea) + 1;
    return (HEADER_CHUNKS + areaCount + exceptionCount) * this.chunkSectors;
  }

  /**
   * Whether a chunk holds metadata: the header or an area.
   *
   * @param chunk The chunk.
   * @returns Whether it is not for data.
   */
  isMetadataChunk(chunk: number): boolean {
    return chunk < HEADER_CHUNKS || chunk % this.strideChunks === HEADER_CHUNKS;
  }

  /**
   * The next data chunk at or after a chunk. Leaving the skip out after a load was CVE-2013-4299: a
   * data chunk was allocated on top of an area.
   *
   * @param chunk The chunk.
   * @returns It, or the one behind it when it holds metadata.
   */
  skipMetadata(chunk: number): number {
    return this.isMetadataChunk(chunk) ? chunk + 1 : chunk;
  }
}

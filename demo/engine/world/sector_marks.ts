/**
 * Marks: which write each sector of a device is of, as its bytes say.
 *
 * | a sector holds | its mark |
 * |---|---|
 * | zeroes | 0 |
 * | the pattern of write n of this page | n, 1 to 0x7fff |
 * | anything else | 0x8000 and up, a hash of it |
 *
 * A chunk has the mark that all of its sectors share; a chunk of different ones, say one that a loss
 * of power has torn, gets a hash of their marks. Marks are made from bytes on their way to the device,
 * so nothing has to be read again to draw it; what was there before is read once.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { SECTOR_BYTES } from "../../../src/mod.ts";
import { isZeroBytes } from "../../../src/devices/byte_scan.ts";
import { seedOf } from "../../../src/testing/pattern.ts";

/** The first mark of bytes that no write of this page has made. */
export const FOREIGN_MARK = 0x8000;

/** Ranges that are remembered one by one; beyond them all of the device is taken to have changed. */
const RANGES_MAX = 256;

/** Sectors that have changed. */
export interface SectorRange {
  readonly sector: number;
  readonly sectorCount: number;
}

/** What hashes begin with. */
const START = 0x811c9dc5;

function mix(hash: number, word: number): number {
  return Math.imul(hash ^ word, 0x01000193) >>> 0;
}

function foreign(hash: number): number {
  return FOREIGN_MARK | ((hash ^ (hash >>> 15)) & 0x7fff);
}

/**
 * The mark of a sector.
 *
 * @param bytes Bytes.
 * @param offsetBytes Where the sector begins in them.
 * @returns 0 to 0xffff.
 */
export function markOf(bytes: Uint8Array, offsetBytes = 0): number {
  if (isZeroBytes(bytes, offsetBytes, offsetBytes + SECTOR_BYTES)) return 0;
  const seed = seedOf(bytes, offsetBytes);
  if (seed !== null && seed > 0 && seed < FOREIGN_MARK) return seed;
  let hash = START;
  for (let at = offsetBytes; at < offsetBytes + SECTOR_BYTES; at++) {
    hash = mix(hash, bytes[at] ?? 0);
  }
  return foreign(hash);
}

/** The marks of a device's sectors, and which of them have changed since somebody looked. */
export class SectorMarks {
  readonly #marks: Uint16Array;
  #changed: SectorRange[] = [];

  /**
   * Marks of zeroes.
   *
   * @param sectorCount How many.
   */
  constructor(sectorCount: number) {
    this.#marks = new Uint16Array(sectorCount);
  }

  /**
   * Notes what sectors hold.
   *
   * @param bytes Whole sectors.
   * @param sector The first one.
   */
  note(bytes: Uint8Array, sector: number): void {
    const sectorCount = bytes.length / SECTOR_BYTES;
    for (let index = 0; index < sectorCount; index++) {
      this.#marks[sector + index] = markOf(bytes, index * SECTOR_BYTES);
    }
    this.#change({ sector, sectorCount });
  }

  /**
   * The mark of a chunk.
   *
   * @param sector Its first sector.
   * @param sectorCount How many it has; what lies behind the device's end is not looked at.
   */
  chunkMark(sector: number, sectorCount: number): number {
    const end = Math.min(sector + sectorCount, this.#marks.length);
    const first = this.#marks[sector] ?? 0;
    let at = sector + 1;
    while (at < end && this.#marks[at] === first) at++;
    return at >= end ? first : this.#mixed([{ sector, sectorCount: end - sector }]);
  }

  /**
   * The mark of a chunk that lies in pieces.
   *
   * @param pieces Where, in order.
   */
  piecesMark(pieces: readonly SectorRange[]): number {
    const first = this.#marks[pieces[0]?.sector ?? 0] ?? 0;
    const isUniform = pieces.every(({ sector, sectorCount }) =>
      this.#marks.subarray(sector, sector + sectorCount).every((mark) => mark === first)
    );
    return isUniform ? first : this.#mixed(pieces);
  }

  #mixed(pieces: readonly SectorRange[]): number {
    let hash = START;
    for (const { sector, sectorCount } of pieces) {
      for (let at = sector; at < sector + sectorCount; at++) hash = mix(hash, this.#marks[at] ?? 0);
    }
    return foreign(hash);
  }

  /** What has changed since this was asked last; `null` for all of the device. */
  takeChanged(): readonly SectorRange[] | null {
    const changed = this.#changed;
    this.#changed = [];
    return changed.length > RANGES_MAX ? null : changed;
  }

  #change(range: SectorRange): void {
    if (this.#changed.length <= RANGES_MAX) this.#changed.push(range);
  }
}

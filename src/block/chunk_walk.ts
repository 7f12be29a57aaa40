/**
 * The chunk walk: the only place where a request is cut at chunk boundaries.
 *
 * A request of sectors falls apart into an unaligned head, whole chunks, and an unaligned tail. The
 * walk hands them out one chunk at a time as plain numbers, in ascending order, and allocates
 * nothing.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { chunkOf } from "./units.ts";

/**
 * A cursor over the chunks of a request.
 *
 * @example The pieces of a request
 * ```ts
 * import { ChunkWalk } from "cowdisk";
 * import { deepEqual } from "node:assert/strict";
 *
 * const walk = new ChunkWalk(8);
 * const pieces = [];
 * for (walk.start(6, 12); walk.next();) pieces.push([walk.chunk, walk.sectorCount, walk.isWhole]);
 * deepEqual(pieces, [[0, 2, false], [1, 8, true], [2, 2, false]]);
 * ```
 */
export class ChunkWalk {
  /** The chunk's number. */
  chunk = 0;
  /** The piece's first sector, as the request counts. */
  sector = 0;
  /** How many sectors of the request lie in this chunk. */
  sectorCount = 0;
  readonly #chunkSectors: number;
  #nextSector = 0;
  #endSector = 0;

  /**
   * A walk over chunks of one size.
   *
   * @param chunkSectors The size of a chunk.
   */
  constructor(chunkSectors: number) {
    this.#chunkSectors = chunkSectors;
  }

  /** How far into its chunk the piece begins, in sectors. */
  get offsetSectors(): number {
    return this.sector - this.chunk * this.#chunkSectors;
  }

  /** Whether the piece is the whole chunk. */
  get isWhole(): boolean {
    return this.sectorCount === this.#chunkSectors;
  }

  /**
   * Begins a request.
   *
   * @param sector Its first sector.
   * @param sectorCount Its length in sectors.
   */
  start(sector: number, sectorCount: number): void {
    this.#nextSector = sector;
    this.#endSector = sector + sectorCount;
  }

  /**
   * Steps to the next piece.
   *
   * @returns Whether there is one.
   */
  next(): boolean {
    if (this.#nextSector >= this.#endSector) return false;
    this.sector = this.#nextSector;
    this.chunk = chunkOf(this.sector, this.#chunkSectors);
    this.#nextSector = Math.min((this.chunk + 1) * this.#chunkSectors, this.#endSector);
    this.sectorCount = this.#nextSector - this.sector;
    return true;
  }
}

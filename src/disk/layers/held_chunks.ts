/**
 * Which chunks the layers of a state hold: the only ones that can differ from the origin.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { ExceptionTable } from "../../exception/mod.ts";

/** Sectors that follow each other. */
export interface Extent {
  /** The first sector. */
  readonly sector: number;
  /** How many. */
  readonly sectorCount: number;
}

/** Chunks that follow each other. */
export interface ChunkRun {
  /** The first. */
  readonly first: number;
  /** How many. */
  readonly count: number;
}

/** Chunks in order, as runs that do not touch each other. */
export class HeldChunks {
  readonly runs: readonly ChunkRun[];

  private constructor(runs: readonly ChunkRun[]) {
    this.runs = runs;
  }

  /**
   * The chunks that any of some layers holds.
   *
   * @param tables The layers' exceptions.
   */
  static of(tables: Iterable<ExceptionTable>): HeldChunks {
    const found: ChunkRun[] = [];
    for (const table of tables) {
      for (const { oldChunk, count } of table.runs()) found.push({ first: oldChunk, count });
    }
    found.sort((a, b) => a.first - b.first);
    const runs: ChunkRun[] = [];
    for (const { first, count } of found) {
      const last = runs.at(-1);
      if (last === undefined || last.first + last.count < first) runs.push({ first, count });
      else {
        const end = Math.max(last.first + last.count, first + count);
        runs[runs.length - 1] = { first: last.first, count: end - last.first };
      }
    }
    return new HeldChunks(runs);
  }

  /** How many chunks. */
  get count(): number {
    return this.runs.reduce((sum, { count }) => sum + count, 0);
  }

  /**
   * The chunks in pieces.
   *
   * @param countMax How many chunks a piece has at most.
   */
  *pieces(countMax: number): Generator<ChunkRun> {
    for (const { first, count } of this.runs) {
      for (let done = 0; done < count; done += countMax) {
        yield { first: first + done, count: Math.min(countMax, count - done) };
      }
    }
  }

  /**
   * The chunks as stretches of the disk.
   *
   * @param chunkSectors Sectors in a chunk.
   * @param sectorCount The disk's size, which may cut the last chunk short.
   */
  extents(chunkSectors: number, sectorCount: number): Extent[] {
    return this.runs.map(({ first, count }) => {
      const sector = first * chunkSectors;
      return { sector, sectorCount: Math.min(count * chunkSectors, sectorCount - sector) };
    });
  }
}

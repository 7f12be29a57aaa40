/**
 * The origin's surface: which write each of its chunks shows, wherever on the disk it lives. A chunk
 * whose block went bad lives in a spare behind the disk's end.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { SectorMarks, SectorRange } from "./sector_marks.ts";
import type { Stack } from "./stack.ts";
import type { World } from "./world.ts";

/**
 * Chunks that live in spare blocks, and the first sector of the spare.
 *
 * @param world The world.
 * @param stack Its stack; without power nobody knows.
 */
export function relocatedChunks(world: World, stack: Stack | null): ReadonlyMap<number, number> {
  const relocated = new Map<number, number>();
  if (!world.origin.hasSpares || stack === null) return relocated;
  for (const line of stack.relocations()) {
    const [, sector, spare] = /^(\d+) relocated to sector (\d+)/.exec(line) ?? [];
    if (sector === undefined) continue;
    relocated.set(Number(sector) / world.origin.chunkSectors, Number(spare));
  }
  return relocated;
}

/** What the origin shows. */
export class OriginSurface {
  /** Chunks that live in spares. */
  readonly relocated: ReadonlyMap<number, number>;
  /** Another word for another surface: bad blocks come and go without a write to them. */
  readonly word: string;
  readonly #marks: SectorMarks;
  readonly #world: World;

  /**
   * A surface.
   *
   * @param world What is bad.
   * @param marks The disk's marks.
   * @param relocated Chunks that live in spares.
   */
  constructor(world: World, marks: SectorMarks, relocated: ReadonlyMap<number, number>) {
    this.relocated = relocated;
    this.word = `${world.origin.badChunks} ${[...relocated]}`;
    this.#marks = marks;
    this.#world = world;
  }

  /**
   * The mark of a stretch.
   *
   * @param sector Its first sector.
   * @param sectorCount Its length; what lies behind the origin's end is not looked at.
   */
  mark(sector: number, sectorCount: number): number {
    const { origin } = this.#world;
    const end = Math.min(sector + sectorCount, origin.sectorCount);
    if (this.relocated.size === 0) return this.#marks.chunkMark(sector, end - sector);
    const pieces: SectorRange[] = [];
    for (let at = sector; at < end;) {
      const chunk = Math.floor(at / origin.chunkSectors);
      const start = chunk * origin.chunkSectors;
      const next = Math.min(end, start + origin.chunkSectors);
      const home = this.relocated.get(chunk) ?? start;
      pieces.push({ sector: home + at - start, sectorCount: next - at });
      at = next;
    }
    return this.#marks.piecesMark(pieces);
  }
}

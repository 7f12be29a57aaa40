/**
 * Versions of sectors: what has landed in a volatile cache, and what of it a loss of power leaves.
 *
 * A sector has a *version* for every write that has landed since it was durable last. Where durable
 * contents are kept is somebody else's business: what becomes durable is told sector by sector.
 *
 * | event | the sector |
 * |---|---|
 * | a write lands | has one version more; reads see the newest |
 * | a write is answered | the same: that its owner knows of it makes nothing durable |
 * | a flush is answered | every version up to the newest that was answered *before the flush began* is durable |
 * | a durable (FUA) write is answered | its own version, and what that one replaced, is durable |
 * | the power is cut | one of its versions, or the durable content: every sector for itself |
 *
 * So writes may be lost, kept in any order, and torn by sector. A flush promises no more than the
 * contract of a block device does: writes that were under way beside it stay volatile.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { SECTOR_BYTES } from "../block/units.ts";
import type { Prng } from "./prng.ts";

/** A write, from the moment it is under way. */
export interface VolatileWrite {
  /** When it was answered, on the cache's own clock; `Infinity` before. */
  answeredAt: number;
}

interface Version {
  readonly write: VolatileWrite;
  readonly bytes: Uint8Array;
}

/** How much of a cache a cut leaves. */
export type CutManner = "nothing" | "everything" | "by sector" | "by write" | "all but one" | "one";

const MANNERS: Readonly<Record<CutManner, number>> = {
  nothing: 1,
  everything: 1,
  "by sector": 3,
  "by write": 3,
  "all but one": 2,
  one: 2,
};

/** Takes a sector's bytes, which do not change any more. */
export type PutSector = (sector: number, bytes: Uint8Array) => void;

/** What has landed and is not durable. */
export class SectorVersions {
  readonly #versions = new Map<number, Version[]>();
  #nowCount = 0;

  /** How many sectors have a content that could be lost. */
  get sectorCount(): number {
    return this.#versions.size;
  }

  /**
   * A moment.
   *
   * @returns It, later than all before.
   */
  now(): number {
    return ++this.#nowCount;
  }

  /**
   * The newest content of a sector.
   *
   * @param sector The sector.
   * @returns Its bytes; `undefined` when the durable content is the newest.
   */
  newest(sector: number): Uint8Array | undefined {
    return this.#versions.get(sector)?.at(-1)?.bytes;
  }

  /**
   * Lets a write's bytes, or a part of them, land.
   *
   * @param write The write.
   * @param source Whole sectors; copied.
   * @param sector The first sector.
   */
  land(write: VolatileWrite, source: Uint8Array, sector: number): void {
    for (let at = 0; at < source.length; at += SECTOR_BYTES) {
      const version = { write, bytes: source.slice(at, at + SECTOR_BYTES) };
      const number = sector + at / SECTOR_BYTES;
      const versions = this.#versions.get(number);
      if (versions === undefined) this.#versions.set(number, [version]);
      else versions.push(version);
    }
  }

  /**
   * Makes durable what had been answered at some moment.
   *
   * @param moment When the flush began: a result of {@linkcode now}.
   * @param put Keeps what is durable now.
   */
  settle(moment: number, put: PutSector): void {
    for (const [sector, versions] of this.#versions) {
      const last = versions.findLastIndex(({ write }) => write.answeredAt <= moment);
      this.#settleThrough(sector, versions, last, put);
    }
  }

  /**
   * Makes one write durable.
   *
   * @param write The write.
   * @param sector Its first sector.
   * @param sectorCount Its length.
   * @param put Keeps what is durable now.
   */
  settleWrite(write: VolatileWrite, sector: number, sectorCount: number, put: PutSector): void {
    for (let number = sector; number < sector + sectorCount; number++) {
      const versions = this.#versions.get(number) ?? [];
      const last = versions.findLastIndex((each) => each.write === write);
      this.#settleThrough(number, versions, last, put);
    }
  }

  /**
   * What a cut now may leave. Nothing is changed: a moment has many outcomes.
   *
   * @param prng Decides.
   * @param put Told of every sector that is not left as it was durably.
   * @param manner How much of the cache is left. Default: drawn.
   */
  afterCut(
    prng: Prng,
    put: PutSector,
    manner: CutManner = prng.weighted(MANNERS),
  ): void {
    const writes = [...new Set([...this.#versions.values()].flat().map(({ write }) => write))];
    const chosen = writes.length === 0 ? undefined : prng.pick(writes);
    const kept = new Set(
      writes.filter((write) =>
        manner === "everything" || (manner === "by write" && prng.bool()) ||
        (manner === "one" && write === chosen) || (manner === "all but one" && write !== chosen)
      ),
    );
    for (const [sector, versions] of this.#versions) {
      const version = manner === "by sector"
        ? versions[prng.int(versions.length + 1)]
        : versions.findLast(({ write }) => kept.has(write));
      if (version !== undefined) put(sector, version.bytes);
    }
  }

  #settleThrough(sector: number, versions: Version[], last: number, put: PutSector): void {
    const version = versions[last];
    if (version === undefined) return;
    put(sector, version.bytes);
    versions.splice(0, last + 1);
    if (versions.length === 0) this.#versions.delete(sector);
  }
}

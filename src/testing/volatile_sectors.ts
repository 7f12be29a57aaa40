/**
 * Sectors with a volatile cache: what a disk holds, and what it may hold after a loss of power.
 *
 * A sector has a durable content, and a *version* for every write that has landed in the cache since.
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

/** Sectors, some of whose contents do not outlive the power. */
export class VolatileSectors {
  readonly sectorCount: number;
  readonly #durable: Uint8Array;
  readonly #versions = new Map<number, Version[]>();
  #nowCount = 0;

  /**
   * Sectors with nothing in the cache.
   *
   * @param bytes What they hold, durably; kept and changed.
   */
  constructor(bytes: Uint8Array) {
    this.#durable = bytes;
    this.sectorCount = bytes.length / SECTOR_BYTES;
  }

  /** How many sectors have a content that could be lost. */
  get volatileCount(): number {
    return this.#versions.size;
  }

  /** A moment, later than all before. */
  now(): number {
    return ++this.#nowCount;
  }

  /**
   * Reads the newest contents.
   *
   * @param target Filled whole.
   * @param sector The first sector.
   */
  read(target: Uint8Array, sector: number): void {
    const start = sector * SECTOR_BYTES;
    target.set(this.#durable.subarray(start, start + target.length));
    if (this.#versions.size === 0) return;
    for (let at = 0; at < target.length; at += SECTOR_BYTES) {
      const newest = this.#versions.get(sector + at / SECTOR_BYTES)?.at(-1);
      if (newest !== undefined) target.set(newest.bytes, at);
    }
  }

  /**
   * Puts a write's bytes, or a part of them, into the cache.
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
   */
  settle(moment: number): void {
    for (const [sector, versions] of this.#versions) {
      const last = versions.findLastIndex(({ write }) => write.answeredAt <= moment);
      this.#settleThrough(sector, versions, last);
    }
  }

  /**
   * Makes one write durable.
   *
   * @param write The write.
   * @param sector Its first sector.
   * @param sectorCount Its length.
   */
  settleWrite(write: VolatileWrite, sector: number, sectorCount: number): void {
    for (let number = sector; number < sector + sectorCount; number++) {
      const versions = this.#versions.get(number) ?? [];
      this.#settleThrough(number, versions, versions.findLastIndex((each) => each.write === write));
    }
  }

  /**
   * What may be found after a cut now. Nothing is changed: a moment has many outcomes.
   *
   * @param prng Decides.
   * @param manner How much of the cache is left. Default: drawn.
   * @returns All sectors.
   */
  afterCut(prng: Prng, manner: CutManner = prng.weighted(MANNERS)): Uint8Array {
    const bytes = this.#durable.slice();
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
      if (version !== undefined) bytes.set(version.bytes, sector * SECTOR_BYTES);
    }
    return bytes;
  }

  #settleThrough(sector: number, versions: Version[], last: number): void {
    const version = versions[last];
    if (version === undefined) return;
    this.#durable.set(version.bytes, sector * SECTOR_BYTES);
    versions.splice(0, last + 1);
    if (versions.length === 0) this.#versions.delete(sector);
  }
}

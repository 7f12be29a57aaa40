/**
 * Sectors with a volatile cache: what a disk holds, and what it may hold after a loss of power. The
 * durable contents are in memory; what becomes of the others is told in `sector_versions.ts`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { SECTOR_BYTES } from "../block/units.ts";
import type { Prng } from "./prng.ts";
import { type CutManner, SectorVersions, type VolatileWrite } from "./sector_versions.ts";

export type { CutManner, VolatileWrite } from "./sector_versions.ts";

/** Sectors, some of whose contents do not outlive the power. */
export class VolatileSectors {
  readonly sectorCount: number;
  readonly #durable: Uint8Array;
  readonly #versions = new SectorVersions();

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
    return this.#versions.sectorCount;
  }

  /** A moment, later than all before. */
  now(): number {
    return this.#versions.now();
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
    if (this.volatileCount === 0) return;
    for (let at = 0; at < target.length; at += SECTOR_BYTES) {
      const newest = this.#versions.newest(sector + at / SECTOR_BYTES);
      if (newest !== undefined) target.set(newest, at);
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
    this.#versions.land(write, source, sector);
  }

  /**
   * Makes durable what had been answered at some moment.
   *
   * @param moment When the flush began: a result of {@linkcode now}.
   */
  settle(moment: number): void {
    this.#versions.settle(moment, this.#put);
  }

  /**
   * Makes one write durable.
   *
   * @param write The write.
   * @param sector Its first sector.
   * @param sectorCount Its length.
   */
  settleWrite(write: VolatileWrite, sector: number, sectorCount: number): void {
    this.#versions.settleWrite(write, sector, sectorCount, this.#put);
  }

  /**
   * What may be found after a cut now. Nothing is changed: a moment has many outcomes.
   *
   * @param prng Decides.
   * @param manner How much of the cache is left. Default: drawn.
   * @returns All sectors.
   */
  afterCut(prng: Prng, manner?: CutManner): Uint8Array {
    const bytes = this.#durable.slice();
    const put = (sector: number, content: Uint8Array) => bytes.set(content, sector * SECTOR_BYTES);
    this.#versions.afterCut(prng, put, manner);
    return bytes;
  }

  readonly #put = (sector: number, bytes: Uint8Array): void => {
    this.#durable.set(bytes, sector * SECTOR_BYTES);
  };
}

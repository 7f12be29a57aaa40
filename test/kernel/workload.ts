/**
 * Workloads: random writes to an origin and its snapshot, and what must be read afterwards.
 *
 * The model is two byte arrays. A write to the origin changes the origin; a write to the snapshot
 * changes the snapshot; neither shows in the other. Everything else (chunks, exceptions, areas) is
 * the business of whoever keeps the COW device.
 */

import { patternOf } from "../../src/testing/pattern.ts";
import type { Prng } from "../../src/testing/prng.ts";
import type { Write } from "./machine.ts";

/** What an origin and a snapshot of it hold. */
export class Model {
  /** The origin's bytes. */
  readonly origin: Uint8Array;
  /** The snapshot's bytes. */
  readonly snapshot: Uint8Array;

  /**
   * A snapshot just taken.
   *
   * @param origin What the origin held then.
   */
  constructor(origin: Uint8Array) {
    this.origin = origin.slice();
    this.snapshot = origin.slice();
  }

  /**
   * Performs a write.
   *
   * @param write To `live` or to `snap`.
   */
  apply(write: Write): void {
    const side = write.device === "live" ? this.origin : this.snapshot;
    side.set(write.bytes, write.sector * 512);
  }
}

/** How writes are drawn. */
export interface WorkloadOptions {
  /** The origin's size. */
  readonly originSectors: number;
  /** Sectors in a chunk: writes are drawn around its size. */
  readonly chunkSectors: number;
  /** How many writes. */
  readonly count: number;
  /** The most chunks that one write spans. */
  readonly spanMax: number;
}

/** Draws writes. Every write has a content of its own, so what is read tells who wrote it. */
export class Workload {
  readonly #prng: Prng;
  #writeNumber = 0;

  /**
   * A source of writes.
   *
   * @param prng Where chance comes from.
   */
  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /**
   * Draws writes that may overlap.
   *
   * @param options How.
   * @returns The writes.
   */
  writes(options: WorkloadOptions): Write[] {
    return Array.from(
      { length: options.count },
      () => this.#write(options, 0, options.originSectors),
    );
  }

  /**
   * Draws writes that do not overlap: each gets a part of the device, in which it falls somewhere.
   * Two writes can still meet in a chunk.
   *
   * @param options How.
   * @returns The writes, in no order.
   */
  writesApart(options: WorkloadOptions): Write[] {
    const partSectors = Math.floor(options.originSectors / options.count);
    const writes = Array.from({ length: options.count }, (_, part) => {
      return this.#write(options, part * partSectors, partSectors);
    });
    return this.#prng.shuffle(writes);
  }

  /** Draws one write inside a part of the device. */
  #write(options: WorkloadOptions, first: number, sectorCount: number): Write {
    const { chunkSectors, spanMax } = options;
    const prng = this.#prng;
    const shape = prng.weighted({ sectors: 3, chunk: 3, span: 3, tail: 1 });
    let length = prng.intBetween(1, Math.max(1, chunkSectors - 1));
    if (shape === "chunk") length = chunkSectors;
    if (shape === "span") length = prng.intBetween(1, spanMax * chunkSectors);
    length = Math.min(length, sectorCount);
    let offset = prng.int(sectorCount - length + 1);
    // Whole chunks are a case of their own in the store, so they come up on purpose.
    if (shape === "chunk") offset -= (first + offset) % chunkSectors;
    if (shape === "tail") offset = sectorCount - length;
    const sector = first + Math.max(0, offset);
    return {
      device: prng.bool() ? "live" : "snap",
      sector,
      bytes: patternOf(++this.#writeNumber, sector, length),
    };
  }
}

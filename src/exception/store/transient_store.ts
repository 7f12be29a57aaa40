/**
 * The transient store, `N`: exceptions that are gone with the table.
 *
 * Data lies from sector 0 on, without a header; chunks are handed out one after the other; nothing is
 * ever written but data. Its status has no metadata: `used/total 0`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import type { Plan } from "../../block/plan.ts";
import type { ExceptionRun, ExceptionStore, StoreUsage } from "./exception_store.ts";

/** Remembers nothing beyond its own life. */
export class TransientStore implements ExceptionStore {
  readonly type = "N";
  readonly chunkSectors: number;
  readonly unsettledCount = 0;
  readonly #cow: BlockDevice;
  #nextChunk = 0;

  /**
   * A store on a COW device, whose content is of no interest.
   *
   * @param cow The device.
   * @param chunkSectors Sectors in a chunk.
   */
  constructor(cow: BlockDevice, chunkSectors: number) {
    this.#cow = cow;
    this.chunkSectors = chunkSectors;
  }

  // deno-lint-ignore require-yield
  *readMetadata(_onRun: (run: ExceptionRun) => void): Plan<"fresh"> {
    return "fresh";
  }

  prepareException(): number {
    if (this.#cow.sectorCount < (this.#nextChunk + 1) * this.chunkSectors) return -1;
    return this.#nextChunk++;
  }

  *commitExceptions(_runs: readonly ExceptionRun[], _durable: boolean): Plan {}

  // Chunks are not given back; the device is small enough to be worth nothing afterwards.
  abandonException(): void {}

  *invalidate(): Plan {}

  usage(): StoreUsage {
    return {
      allocatedSectors: this.#nextChunk * this.chunkSectors,
      totalSectors: this.#cow.sectorCount,
      metadataSectors: 0,
    };
  }

  destroy(): void {}
}

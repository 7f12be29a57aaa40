/**
 * What the copier is asked to do: one source, several targets, or zeroes for several targets.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";

/** Where copied sectors go. */
export interface CopyTarget {
  /** The device written to. */
  readonly device: BlockDevice;
  /** The first sector there. */
  readonly sector: number;
}

/** What copies and zeroings have in common. */
export interface ZeroJob {
  /** Where the sectors are written; one at least. They overlap neither each other nor the source. */
  readonly targets: readonly CopyTarget[];
  /** How many sectors. Zero is allowed: nothing is done. */
  readonly sectorCount: number;
  /**
   * Ends after every ordered job that was started before it on the same copier, whichever of them is
   * done first. A failure is told in turn, too.
   */
  readonly ordered?: boolean;
  /** Writes by ascending sector only, each after the one before it has ended. */
  readonly sequential?: boolean;
  /**
   * Told how far the job is, in sectors; the last call says `sectorCount`. Not called any more once
   * something has failed.
   */
  readonly onProgress?: (doneSectors: number) => void;
}

/** A copy. */
export interface CopyJob extends ZeroJob {
  /** The device read from. */
  readonly source: BlockDevice;
  /** The first sector there. */
  readonly sector: number;
}

/**
 * A copy that failed, and on which side.
 *
 * The code is that of the failure that came first; it is kept as the cause. Once a job has failed, no
 * target is known to hold the copy, except in a job of a single sub-job: there the targets that are
 * not named have it whole.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError, codeOf } from "../block/errors.ts";

/** One request of a job that failed. */
export interface CopyFailure {
  /** `read` or `write` or `zero`. */
  readonly verb: string;
  /** Which target, or -1 for the source. */
  readonly targetIndex: number;
  /** The device's name. */
  readonly device: string;
  /** The request's first sector. */
  readonly sector: number;
  /** The request's length. */
  readonly sectorCount: number;
  /** What was thrown. */
  readonly cause: unknown;
}

/** Thrown by the copier; tells the source's failure from a target's. */
export class CopyError extends BlockDeviceError {
  /** Whether it was the source that could not be read. */
  readonly sourceFailed: boolean;
  /** The targets that could not be written, by their place in the job; may be several. */
  readonly failedTargets: readonly number[];

  /**
   * Sums up the failures of a job.
   *
   * @param failures In the order in which they came; one at least.
   */
  constructor(failures: readonly CopyFailure[]) {
    const first = failures[0]!;
    const { verb, targetIndex, device, sector, sectorCount, cause } = first;
    const side = targetIndex < 0 ? "the source" : `target ${targetIndex}`;
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      codeOf(cause),
      `Cannot ${verb} ${sectorCount} sectors at sector ${sector} of "${device}", ${side} of a copy: ${why}`,
      { device, sector, sectorCount, cause },
    );
    const indexes = new Set(failures.map((failure) => failure.targetIndex));
    this.sourceFailed = indexes.delete(-1);
    this.failedTargets = [...indexes].sort((a, b) => a - b);
  }
}

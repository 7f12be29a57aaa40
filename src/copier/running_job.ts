/**
 * A job under way: what its sub-jobs share.
 *
 * A job is cut into sub-jobs, and several workers each take the next one until none is left. This is
 * the list they take from, and what they report to:
 *
 *     0 ≤ doneSectors ≤ takenSectors ≤ sectorCount
 *
 * The first failure ends the taking; sub-jobs under way end by themselves and may add failures of
 * their own. With `sequential`, sub-jobs are read in any order but written in the order in which they
 * were taken: `writtenSectors` says whose turn it is.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { Signal } from "../block/gate.ts";
import { type Plan, waitStep } from "../block/plan.ts";
import { divCeil } from "../block/units.ts";
import { CopyError, type CopyFailure } from "./copy_error.ts";
import type { CopyTarget, ZeroJob } from "./job.ts";
import { tryCopyInKernel } from "./kernel_copy.ts";

/** One job, from its start to its end. */
export class RunningJob {
  /** The device read from; `null`: zeroes are written. */
  readonly source: BlockDevice | null;
  /** The first sector there. */
  readonly sourceSector: number;
  /** Where to write. */
  readonly targets: readonly CopyTarget[];
  /** How many sectors. */
  readonly sectorCount: number;
  /** Whether sub-jobs are written one after another. */
  readonly isSequential: boolean;
  /** How many sub-jobs it falls into. */
  readonly subJobCount: number;
  readonly #subJobSectors: number;
  readonly #onProgress: ((doneSectors: number) => void) | undefined;
  readonly #failures: CopyFailure[] = [];
  readonly #turnOver = new Signal();
  #takenSectors = 0;
  #writtenSectors = 0;
  #doneSectors = 0;

  /**
   * Starts a job.
   *
   * @param source The device read from, or `null` to write zeroes.
   * @param sourceSector The first sector there.
   * @param job Where to write, and how.
   * @param subJobSectors The size of a sub-job; the last one may be shorter.
   */
  constructor(
    source: BlockDevice | null,
    sourceSector: number,
    job: ZeroJob,
    subJobSectors: number,
  ) {
    this.source = source;
    this.sourceSector = sourceSector;
    this.targets = job.targets;
    this.sectorCount = job.sectorCount;
    this.subJobCount = divCeil(job.sectorCount, subJobSectors);
    this.#subJobSectors = subJobSectors;
    this.isSequential = job.sequential ?? false;
    this.#onProgress = job.onProgress;
  }

  /** Whether something has failed: no further sub-job begins. */
  get hasFailed(): boolean {
    return this.#failures.length > 0;
  }

  /**
   * Takes the next sub-job.
   *
   * @returns How many sectors into the job it begins, or -1 when there is none left.
   */
  take(): number {
    const offset = this.#takenSectors;
    if (offset >= this.sectorCount || this.hasFailed) return -1;
    this.#takenSectors = offset + this.sectorsAt(offset);
    return offset;
  }

  /**
   * The length of a sub-job.
   *
   * @param offset Where it begins.
   * @returns How many sectors it has.
   */
  sectorsAt(offset: number): number {
    return Math.min(this.#subJobSectors, this.sectorCount - offset);
  }

  /**
   * In a sequential job: waits until everything before a sub-job is written.
   *
   * @param offset Where it begins.
   * @returns Whether it still should be written.
   */
  *waitForTurn(offset: number): Plan<boolean> {
    while (this.#writtenSectors < offset && !this.hasFailed) {
      yield waitStep(this.#turnOver.next, "the write before it");
    }
    return !this.hasFailed;
  }

  /**
   * Notes that a sub-job was written to every target.
   *
   * @param offset Where it begins.
   */
  wrote(offset: number): void {
    if (this.hasFailed) return;
    const sectorCount = this.sectorsAt(offset);
    this.#writtenSectors = offset + sectorCount;
    this.#turnOver.raise();
    this.#doneSectors += sectorCount;
    this.#onProgress?.(this.#doneSectors);
  }

  /**
   * Notes a failure.
   *
   * @param targetIndex Which target, or -1 for the source.
   * @param offset Where the sub-job begins.
   * @param sectorCount How many sectors the request had.
   * @param cause What was thrown.
   */
  fail(targetIndex: number, offset: number, sectorCount: number, cause: unknown): void {
    const target = this.targets[targetIndex];
    this.#failures.push({
      verb: target === undefined ? "read" : this.source === null ? "zero" : "write",
      targetIndex,
      device: (target?.device ?? this.source)!.name,
      sector: (target?.sector ?? this.sourceSector) + offset,
      sectorCount,
      cause,
    });
    this.#turnOver.raise();
  }

  /**
   * Does the whole job inside kernel memory, if all its devices lie there.
   *
   * @returns Whether nothing is left to do.
   */
  runInKernel(): boolean {
    const { source, sourceSector, sectorCount } = this;
    if (source === null) return false;
    for (const [index, { device, sector }] of this.targets.entries()) {
      try {
        if (!tryCopyInKernel(source, sourceSector, device, sector, sectorCount)) return false;
      } catch (error) {
        this.fail(index, 0, sectorCount, error);
        return true;
      }
    }
    this.#takenSectors = this.#writtenSectors = this.#doneSectors = sectorCount;
    this.#onProgress?.(sectorCount);
    return true;
  }

  /** Ends the job: throws what went wrong, if anything did. */
  end(): void {
    if (this.hasFailed) throw new CopyError(this.#failures);
  }
}

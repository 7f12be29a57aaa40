/**
 * The copier: moves sectors from device to device, in bounded memory. It is dm's kcopyd.
 *
 *     copy(job) ─▶ in kernel memory? ──yes──▶ done
 *                    │ no
 *                    ▼
 *     sub-jobs, several at a time:  buffer ─▶ read once ─▶ write every target ─▶ give back
 *                    │
 *                    ▼
 *     ordered? wait until the jobs before it have ended ─▶ end, or throw
 *
 * A job is a plan, so all runners share it. Under the asynchronous runner up to `subJobsMax`
 * sub-jobs are under way at once; the synchronous one does them one after another. A job counts as
 * submitted when its plan is started.
 *
 * Invariants: all jobs together never hold more than `bytesInFlightMax` bytes in buffers, and one
 * spare sub-job's worth for synchronous callers (see `buffer_pool.ts`); a buffer is given back and
 * an ordered job leaves its line however the job ends, also when its plan is given up.
 *
 * Fails: the first request that fails stops the taking of further sub-jobs, those under way end, and
 * the job throws a {@linkcode CopyError} with that request's code. What was written stays written.
 * Nothing is retried and nothing is flushed: durability is the caller's.
 *
 * Devices that are stacked on each other need a copier each, or a copy could wait for a buffer that
 * is held by a copy waiting for it. They may share a {@linkcode Throttle}.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { allStep, type Plan, readStep, waitStep, writeStep, zeroStep } from "../block/plan.ts";
import { sectorsToBytes } from "../block/units.ts";
import { BufferPool } from "./buffer_pool.ts";
import { CompletionOrder } from "./completion_order.ts";
import type { CopyJob, ZeroJob } from "./job.ts";
import { RunningJob } from "./running_job.ts";
import type { Throttle } from "./throttle.ts";

/** Limits of a copier. */
export interface CopierOptions {
  /** The most bytes in buffers, all jobs together. 4 MiB unless said; one sub-job at least. */
  readonly bytesInFlightMax?: number;
  /** The size of a sub-job. 1024 sectors (512 KiB) unless said. */
  readonly subJobSectors?: number;
  /** The most sub-jobs of one job under way at once. 8 unless said. */
  readonly subJobsMax?: number;
  /** Shares out time. None unless said. */
  readonly throttle?: Throttle;
}

function checkCount(name: string, count: number, least: number): void {
  if (Number.isSafeInteger(count) && count >= least) return;
  throw new RangeError(`Cannot use ${count} as ${name}: want a whole number from ${least} on`);
}

/**
 * Copies and zeroes sectors.
 *
 * @example Copying a device
 * ```ts
 * import { Copier, createMemoryDevice, runSync } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * const source = createMemoryDevice({ sectorCount: 100 });
 * const device = createMemoryDevice({ sectorCount: 100 });
 * source.writeSync(new Uint8Array(512).fill(7), 99);
 * const targets = [{ device, sector: 0 }];
 * runSync(new Copier().copy({ source, sector: 0, sectorCount: 100, targets }));
 * const last = new Uint8Array(512);
 * device.readSync(last, 99);
 * equal(last[0], 7);
 * ```
 */
export class Copier {
  readonly #subJobSectors: number;
  readonly #subJobsMax: number;
  readonly #buffers: BufferPool;
  readonly #throttle: Throttle | null;
  readonly #order = new CompletionOrder();

  /**
   * Makes a copier; it holds no memory until it is used.
   *
   * @param options Its limits.
   * @throws {RangeError} When not even one sub-job fits into the bytes allowed.
   */
  constructor(options: CopierOptions = {}) {
    this.#subJobSectors = options.subJobSectors ?? 1024;
    this.#subJobsMax = options.subJobsMax ?? 8;
    checkCount("subJobSectors", this.#subJobSectors, 1);
    checkCount("subJobsMax", this.#subJobsMax, 1);
    const subJobBytes = sectorsToBytes(this.#subJobSectors);
    const bytesMax = options.bytesInFlightMax ?? Math.max(4 * 1024 * 1024, subJobBytes);
    checkCount("bytesInFlightMax", bytesMax, subJobBytes);
    this.#buffers = new BufferPool(bytesMax, subJobBytes);
    this.#throttle = options.throttle ?? null;
  }

  /** The bytes of the buffers in use now; 0 when nothing is under way. */
  get bytesInFlight(): number {
    return this.#buffers.bytesHeld;
  }

  /**
   * A copy.
   *
   * Under the synchronous runner an ordered job fails with `EAGAIN` when an asynchronous one is
   * before it; its targets may have been written.
   *
   * @param job From where, to where, and how.
   * @returns The plan; it throws a {@linkcode CopyError} when a device says no.
   */
  copy(job: CopyJob): Plan {
    return this.#run(job.source, job.sector, job);
  }

  /**
   * A zeroing. As {@linkcode copy}, but there is nothing to read and no buffer is needed.
   *
   * @param job Where, and how.
   * @returns The plan; it throws a {@linkcode CopyError} when a device says no.
   */
  zero(job: ZeroJob): Plan {
    return this.#run(null, 0, job);
  }

  *#run(source: CopyJob["source"] | null, sector: number, request: ZeroJob): Plan {
    checkCount("sectorCount", request.sectorCount, 0);
    checkCount("the number of targets", request.targets.length, 1);
    const job = new RunningJob(source, sector, request, this.#subJobSectors);
    const turn = request.ordered ? this.#order.enter() : null;
    try {
      if (job.sectorCount > 0 && !job.runInKernel()) {
        const workers = Math.min(job.subJobCount, this.#subJobsMax);
        if (workers === 1) yield* this.#work(job);
        else yield allStep(Array.from({ length: workers }, () => this.#work(job)));
      }
      if (turn !== null && !turn.isOpen) yield waitStep(turn, "the copies before it");
    } finally {
      if (turn !== null) this.#order.leave(turn);
    }
    job.end();
  }

  /** Takes sub-jobs until none is left. A device's refusal is noted, not thrown. */
  *#work(job: RunningJob): Plan {
    for (let offset = job.take(); offset >= 0; offset = job.take()) {
      if (job.source === null) yield* this.#writeTargets(job, offset, null);
      else yield* this.#copySubJob(job, job.source, offset);
    }
  }

  *#copySubJob(job: RunningJob, source: CopyJob["source"], offset: number): Plan {
    const sectorCount = job.sectorsAt(offset);
    const byteCount = sectorsToBytes(sectorCount);
    const buffer = this.#buffers.tryTake(byteCount) ?? (yield* this.#buffers.wait(byteCount));
    try {
      if (job.hasFailed) return; // While this one waited for its buffer.
      const bytes = buffer.length === byteCount ? buffer : buffer.subarray(0, byteCount);
      try {
        const step = readStep(source, bytes, job.sourceSector + offset);
        if (this.#throttle === null) yield step;
        else yield* this.#throttle.perform(step);
      } catch (error) {
        return job.fail(-1, offset, sectorCount, error);
      }
      yield* this.#writeTargets(job, offset, bytes);
    } finally {
      this.#buffers.release(buffer);
    }
  }

  /** Writes a sub-job to every target: its bytes, or zeroes where there are none. */
  *#writeTargets(job: RunningJob, offset: number, bytes: Uint8Array | null): Plan {
    if (job.isSequential && !(yield* job.waitForTurn(offset))) return;
    if (job.targets.length === 1) yield* this.#writeTarget(job, 0, offset, bytes);
    else yield allStep(job.targets.map((_, index) => this.#writeTarget(job, index, offset, bytes)));
    job.wrote(offset);
  }

  *#writeTarget(job: RunningJob, index: number, offset: number, bytes: Uint8Array | null): Plan {
    const { device, sector } = job.targets[index]!;
    const sectorCount = job.sectorsAt(offset);
    const step = bytes === null
      ? zeroStep(device, sector + offset, sectorCount)
      : writeStep(device, bytes, sector + offset);
    try {
      if (this.#throttle === null) yield step;
      else yield* this.#throttle.perform(step);
    } catch (error) {
      job.fail(index, offset, sectorCount, error);
    }
  }
}

/**
 * A device inside a target: what it does with a request is a plan.
 *
 * A plan that a target answers with is performed by the mapped device, and sleeps by the runtime's
 * clock. A target that is given a clock sends its requests to a device of its own instead, as the zero
 * target does to have buffers filled with zeroes: that device performs the plan, by that clock.
 *
 * The mapped device has checked the request before; what the plan does with it is up to the target.
 *
 * **Failure**: whatever the plan lets through.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Clock, systemClock } from "../../block/clock.ts";
import type { DeviceLimits, DeviceSupports, WriteOptions } from "../../block/device.ts";
import type { BlockDevice, SyncBlockDevice } from "../../block/device.ts";
import {
  discardStep,
  flushStep,
  type Plan,
  type PlannedDevice,
  readStep,
  runAsync,
  runSync,
  type Step,
  writeStep,
  zeroStep,
} from "../../block/plan.ts";

/** What an inner device is made of. */
export interface InnerDeviceOptions {
  /** A name for people. */
  readonly name: string;
  /** The device below, which says what this one can do. */
  readonly device: BlockDevice;
  /** What becomes of a read, write, zero, discard or flush of this device. */
  readonly plan: (step: Step) => Plan;
  /** What `sleep` steps wait by. Left out: the runtime's. */
  readonly clock?: Clock;
}

class InnerDevice implements SyncBlockDevice, PlannedDevice {
  readonly name: string;
  readonly sectorCount: number;
  readonly limits: DeviceLimits;
  readonly supports: DeviceSupports;
  readonly #plan: (step: Step) => Plan;
  readonly #clock: Clock;

  constructor(options: InnerDeviceOptions) {
    const { name, device, plan, clock = systemClock } = options;
    this.name = name;
    this.sectorCount = device.sectorCount;
    this.limits = device.limits;
    this.supports = device.supports;
    this.#plan = plan;
    this.#clock = clock;
  }

  planStep(step: Step): Plan {
    return this.#plan(step);
  }

  #now(step: Step): void {
    runSync(this.#plan(step));
  }

  #later(step: Step): Promise<void> {
    return runAsync(this.#plan(step), this.#clock);
  }

  readSync(target: Uint8Array, sector: number): void {
    this.#now(readStep(this, target, sector));
  }

  writeSync(source: Uint8Array, sector: number, options?: WriteOptions): void {
    this.#now(writeStep(this, source, sector, options?.fua));
  }

  writeZeroesSync(sector: number, sectorCount: number, options?: WriteOptions): void {
    this.#now(zeroStep(this, sector, sectorCount, options?.fua));
  }

  discardSync(sector: number, sectorCount: number): void {
    this.#now(discardStep(this, sector, sectorCount));
  }

  flushSync(): void {
    this.#now(flushStep(this));
  }

  closeSync(): void {}

  read(target: Uint8Array, sector: number): Promise<void> {
    return this.#later(readStep(this, target, sector));
  }

  write(source: Uint8Array, sector: number, options?: WriteOptions): Promise<void> {
    // The contract: the bytes are taken at the call, and the plan may write them much later.
    return this.#later(writeStep(this, source.slice(), sector, options?.fua));
  }

  writeZeroes(sector: number, sectorCount: number, options?: WriteOptions): Promise<void> {
    return this.#later(zeroStep(this, sector, sectorCount, options?.fua));
  }

  discard(sector: number, sectorCount: number): Promise<void> {
    return this.#later(discardStep(this, sector, sectorCount));
  }

  flush(): Promise<void> {
    return this.#later(flushStep(this));
  }

  async close(): Promise<void> {}

  [Symbol.dispose](): void {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

/**
 * Makes a device for the inside of a target.
 *
 * @param options The device below, and the plans.
 * @returns The device. Closing it does nothing.
 */
export function createInnerDevice(options: InnerDeviceOptions): SyncBlockDevice {
  return new InnerDevice(options);
}

/**
 * The same step, addressed to another device.
 *
 * @param step A read, write, zero, discard or flush.
 * @param device The other device.
 * @returns The step, without the device it was addressed to before.
 */
export function redirected(step: Step, device: BlockDevice): Step {
  if ("device" in step) return { ...step, device };
  throw new TypeError(`A ${step.kind} step is not addressed to a device`);
}

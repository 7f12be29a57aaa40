/**
 * Plans: what is to be done, told apart from doing it.
 *
 * A *plan* is a generator that yields *steps*: read, write, zero, discard or flush a device, wait at
 * a gate, run plans side by side. A *runner* performs the steps: {@linkcode runSync} at once,
 * {@linkcode runAsync} by promises; tests have one that picks the next step by seed and cuts the
 * power between any two. A step that fails is thrown into the plan at its `yield`, so plans handle
 * errors with `try` and `finally`, and every rule is written once for all runners.
 *
 * Between two steps a plan is not interrupted: what it does there is atomic for every runner.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Clock, systemClock } from "./clock.ts";
import { type BlockDevice, isKernelMemoryDevice, isSyncDevice } from "./device.ts";
import type { SyncBlockDevice } from "./device.ts";
import { BlockDeviceError } from "./errors.ts";
import type { Gate } from "./gate.ts";

/** One thing for a runner to do. */
export type Step =
  | { readonly kind: "read"; device: BlockDevice; target: Uint8Array; sector: number }
  | {
    readonly kind: "write";
    device: BlockDevice;
    source: Uint8Array;
    sector: number;
    fua: boolean;
  }
  | {
    readonly kind: "zero";
    device: BlockDevice;
    sector: number;
    sectorCount: number;
    fua: boolean;
  }
  | { readonly kind: "discard"; device: BlockDevice; sector: number; sectorCount: number }
  | { readonly kind: "flush"; device: BlockDevice }
  | { readonly kind: "wait"; gate: Gate; why: string }
  | { readonly kind: "sleep"; timeMs: number }
  | { readonly kind: "all"; plans: Plan<unknown>[] };

/** A procedure made of steps, with a result. */
export type Plan<Result = void> = Generator<Step, Result, void>;

/** A device that can tell the plan of a request instead of performing it. */
export interface PlannedDevice extends BlockDevice {
  /**
   * The plan of one step that is addressed to this device.
   *
   * @param step A read, write, zero, discard or flush of this device.
   */
  planStep(step: Step): Plan;
}

/**
 * Whether a device can tell its plans, so that a simulation can step into it.
 *
 * @param device Any device.
 * @returns Whether it has `planStep`.
 */
export function isPlannedDevice(device: BlockDevice): device is PlannedDevice {
  return "planStep" in device;
}

/**
 * A step that reads.
 *
 * @param device The device.
 * @param target Filled whole.
 * @param sector The first sector.
 * @returns The step.
 */
export function readStep(device: BlockDevice, target: Uint8Array, sector: number): Step {
  return { kind: "read", device, target, sector };
}

/**
 * A step that writes.
 *
 * @param device The device.
 * @param source The bytes; taken when the step is performed.
 * @param sector The first sector.
 * @param fua Whether it must be durable when the step ends.
 * @returns The step.
 */
export function writeStep(
  device: BlockDevice,
  source: Uint8Array,
  sector: number,
  fua = false,
): Step {
  return { kind: "write", device, source, sector, fua };
}

/**
 * A step that writes zeroes.
 *
 * @param device The device.
 * @param sector The first sector.
 * @param sectorCount How many.
 * @param fua Whether it must be durable when the step ends.
 * @returns The step.
 */
export function zeroStep(
  device: BlockDevice,
  sector: number,
  sectorCount: number,
  fua = false,
): Step {
  return { kind: "zero", device, sector, sectorCount, fua };
}

/**
 * A step that discards.
 *
 * @param device The device.
 * @param sector The first sector.
 * @param sectorCount How many.
 * @returns The step.
 */
export function discardStep(device: BlockDevice, sector: number, sectorCount: number): Step {
  return { kind: "discard", device, sector, sectorCount };
}

/**
 * A step that flushes.
 *
 * @param device The device.
 * @returns The step.
 */
export function flushStep(device: BlockDevice): Step {
  return { kind: "flush", device };
}

/**
 * A step that waits.
 *
 * @param gate What is waited for.
 * @param why The end of the sentence "A synchronous call would have to wait for …".
 * @returns The step.
 */
export function waitStep(gate: Gate, why: string): Step {
  return { kind: "wait", gate, why };
}

/** A `sleep` step. The synchronous runner does not perform it: its caller has nobody to yield to. */
export function sleepStep(timeMs: number): Step {
  return { kind: "sleep", timeMs };
}

/**
 * A step that runs plans side by side. It ends when all have, and fails with the first failure.
 *
 * @param plans The plans; none was started.
 * @returns The step.
 */
export function allStep(plans: Plan<unknown>[]): Step {
  return { kind: "all", plans };
}

const FUA = { fua: true } as const;

function syncFace(device: BlockDevice): SyncBlockDevice {
  if (isSyncDevice(device)) return device;
  throw new BlockDeviceError(
    "ENOTSUP",
    `Cannot use "${device.name}" synchronously: it has only the asynchronous face`,
    { device: device.name },
  );
}

function performSync(step: Step): void {
  switch (step.kind) {
    case "read":
      return syncFace(step.device).readSync(step.target, step.sector);
    case "write":
      return syncFace(step.device)
        .writeSync(step.source, step.sector, step.fua ? FUA : undefined);
    case "zero":
      return syncFace(step.device)
        .writeZeroesSync(step.sector, step.sectorCount, step.fua ? FUA : undefined);
    case "discard":
      return syncFace(step.device).discardSync(step.sector, step.sectorCount);
    case "flush":
      return syncFace(step.device).flushSync();
    case "wait":
      if (step.gate.isOpen) return;
      throw new BlockDeviceError("EAGAIN", `A synchronous call would have to wait for ${step.why}`);
    case "sleep": // A synchronous caller has nobody to yield to.
      return;
    case "all":
      for (const plan of step.plans) runSync(plan);
  }
}

/**
 * Performs a step now if its device lies in kernel memory: there it is no I/O and cannot wait, while a
 * step that is yielded passes through every plan that waits for this one. Plans that are made again
 * and again ask this first, and yield the step where the answer is no.
 *
 * @param step A read, write, zero, discard or flush.
 * @returns Whether it was done. What the device refuses is thrown, as at a `yield`.
 */
export function performInKernel(step: Step): boolean {
  if (!("device" in step) || !isKernelMemoryDevice(step.device)) return false;
  performSync(step);
  return true;
}

/**
 * Performs a plan at once.
 *
 * @param plan The plan; it must not have been started.
 * @returns The plan's result.
 * @throws {BlockDeviceError} `EAGAIN` when the plan would have to wait, `ENOTSUP` when a device has
 * no synchronous face, and whatever the plan lets through.
 */
export function runSync<Result>(plan: Plan<Result>): Result {
  let next = plan.next();
  while (!next.done) {
    let failure: unknown;
    let failed = false;
    try {
      performSync(next.value);
    } catch (error) {
      failure = error;
      failed = true;
    }
    next = failed ? plan.throw(failure) : plan.next();
  }
  return next.value;
}

async function performAll(plans: Plan<unknown>[], clock: Clock): Promise<void> {
  const endings = await Promise.allSettled(plans.map((plan) => runAsync(plan, clock)));
  for (const ending of endings) if (ending.status === "rejected") throw ending.reason;
}

function performAsync(step: Step, clock: Clock): Promise<void> {
  switch (step.kind) {
    case "read":
      return step.device.read(step.target, step.sector);
    case "write":
      return step.device.write(step.source, step.sector, step.fua ? FUA : undefined);
    case "zero":
      return step.device.writeZeroes(step.sector, step.sectorCount, step.fua ? FUA : undefined);
    case "discard":
      return step.device.discard(step.sector, step.sectorCount);
    case "flush":
      return step.device.flush();
    case "wait":
      return step.gate.wait();
    case "sleep":
      return clock.sleep(step.timeMs);
    case "all":
      return performAll(step.plans, clock);
  }
}

/**
 * Performs a plan by promises. The plan's first part, up to its first step, runs before this
 * returns.
 *
 * @param plan The plan; it must not have been started.
 * @param clock What `sleep` steps wait by.
 * @returns The plan's result.
 */
export async function runAsync<Result>(
  plan: Plan<Result>,
  clock: Clock = systemClock,
): Promise<Result> {
  let next = plan.next();
  while (!next.done) {
    let failure: unknown;
    let failed = false;
    try {
      await performAsync(next.value, clock);
    } catch (error) {
      failure = error;
      failed = true;
    }
    next = failed ? plan.throw(failure) : plan.next();
  }
  return next.value;
}

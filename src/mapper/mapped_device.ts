/**
 * A mapped device: what is opened, read and written; what its sectors are is up to its table.
 *
 * It performs what its targets decide. A request is put to the target it lies in, the answer is
 * performed, and the target is asked again until the request is done: directly for the synchronous
 * face, as a plan for the asynchronous one and for simulations (`request.ts`). Which table is in
 * charge, and whether requests have to wait, is the business of `table_slots.ts`.
 *
 * **Failure**: what the targets and the devices below answer; `ESHUTDOWN` after the end. A suspended
 * device holds asynchronous requests back and refuses synchronous ones with `EAGAIN`.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm.c
 * @module
 */

import type { DeviceLimits, DeviceSupports, WriteOptions } from "../block/device.ts";
import type { SyncBlockDevice } from "../block/device.ts";
import { Edge } from "../block/edge.ts";
import { BlockDeviceError } from "../block/errors.ts";
import type { Gate } from "../block/gate.ts";
import { type Plan, type PlannedDevice, runAsync, runSync, type Step } from "../block/plan.ts";
import { SECTOR_BYTES } from "../block/units.ts";
import type { Target } from "../targets/target.ts";
import { performPlanned, performSync, type Request } from "./request.ts";
import { TableSlots } from "./table_slots.ts";
import type { TargetList } from "./target_list.ts";

function* planFlush({ targets }: TargetList): Plan {
  for (const target of targets) yield* target.planFlush();
}

/** A device made of targets. */
export class MappedDevice implements SyncBlockDevice, PlannedDevice {
  readonly #edge = new Edge(this);
  readonly #slots = new TableSlots();
  #name: string;
  #background: Promise<void> = Promise.resolve();

  /**
   * A device without a table.
   *
   * @param name Its name.
   */
  constructor(name: string) {
    this.#name = name;
  }

  // What it is.

  get name(): string {
    return this.#name;
  }

  get sectorCount(): number {
    return this.#slots.active.sectorCount;
  }

  get limits(): DeviceLimits {
    return this.#slots.limits;
  }

  get supports(): DeviceSupports {
    return this.#slots.supports;
  }

  /** The targets in charge; `null` before the first `resume`. */
  get activeTargets(): readonly Target[] | null {
    return this.#slots.hasActive ? this.#slots.active.targets : null;
  }

  /** The targets that were loaded and wait for `resume`. */
  get inactiveTargets(): readonly Target[] | null {
    return this.#slots.inactive?.targets ?? null;
  }

  /** Whether requests wait. */
  get isSuspended(): boolean {
    return this.#slots.isSuspended;
  }

  /** Whether a synchronous write would have to wait, here or on a device below. */
  get isBusy(): boolean {
    return this.isSuspended || this.#slots.active.targets.some((target) => target.isBusy());
  }

  /** How many events there were: a snapshot became invalid, filled up, was merged, … */
  get eventNumber(): number {
    return this.#slots.eventNumber;
  }

  /** Opens at the next event. */
  get nextEvent(): Gate {
    return this.#slots.nextEvent;
  }

  /**
   * Gives the device another name.
   *
   * @param name The name.
   */
  rename(name: string): void {
    this.#name = name;
  }

  // Tables.

  /**
   * Fills the inactive slot.
   *
   * @param targets The table, in order and without a gap.
   */
  *load(targets: readonly Target[]): Plan {
    this.#edge.open("load a table");
    yield* this.#slots.load(targets);
  }

  /** Empties the inactive slot. */
  clear(): Plan {
    return this.#slots.clear();
  }

  /** Stops background work, lets requests under way end, and makes new ones wait. */
  *suspend(): Plan {
    this.#edge.open("suspend");
    yield* this.#slots.suspend();
  }

  /**
   * Puts a loaded table in charge, and lets requests go on. What the table does in the background is
   * started by {@linkcode startBackground}.
   *
   * @throws {BlockDeviceError} When a target refuses; the old table stays in charge then.
   */
  *resume(): Plan {
    this.#edge.open("resume");
    yield* this.#slots.resume();
  }

  /** The targets' own work, for example a merge: ends when it is done, has failed or was suspended. */
  background(): Plan {
    return this.#slots.background();
  }

  /**
   * Begins the targets' own work, to go on while requests are served. Suspension pauses it.
   *
   * @returns A promise that is kept when the work ends. It is never broken: targets turn failures
   * into status.
   */
  startBackground(): Promise<void> {
    return this.#background = runAsync(this.background());
  }

  /** Ends use: pauses, destroys both tables. The devices below stay open. */
  *destroy(): Plan {
    if (this.#edge.close()) yield* this.#slots.destroy();
  }

  // The synchronous face.

  readSync(target: Uint8Array, sector: number): void {
    this.#edge.range("read", sector, target.byteLength / SECTOR_BYTES);
    this.#runSync("read", target, sector, target.byteLength / SECTOR_BYTES, false);
  }

  writeSync(source: Uint8Array, sector: number, options?: WriteOptions): void {
    this.#edge.writeRange("write", sector, source.byteLength / SECTOR_BYTES);
    const fua = options?.fua ?? false;
    this.#runSync("write", source, sector, source.byteLength / SECTOR_BYTES, fua);
  }

  writeZeroesSync(sector: number, sectorCount: number, options?: WriteOptions): void {
    this.#edge.writeRange("write zeroes to", sector, sectorCount);
    this.#runSync("zero", null, sector, sectorCount, options?.fua ?? false);
  }

  discardSync(sector: number, sectorCount: number): void {
    this.#edge.discardRange(sector, sectorCount);
    this.#runSync("discard", null, sector, sectorCount, false);
  }

  flushSync(): void {
    this.#edge.open("flush");
    this.#requireActive("flush");
    runSync(planFlush(this.#slots.active));
  }

  closeSync(): void {
    const { hasRequests, active } = this.#slots;
    if (hasRequests || active.targets.some((target) => target.isBusy())) {
      throw this.#mustWait("close", "requests are under way");
    }
    runSync(this.destroy());
  }

  // The asynchronous face. `async` turns a refusal into a rejected promise.

  async read(target: Uint8Array, sector: number): Promise<void> {
    await runAsync(this.#request("read", target, sector, false));
  }

  async write(source: Uint8Array, sector: number, options?: WriteOptions): Promise<void> {
    await runAsync(this.#request("write", source, sector, options?.fua ?? false));
  }

  async writeZeroes(sector: number, sectorCount: number, options?: WriteOptions): Promise<void> {
    await runAsync(this.#perform("zero", null, sector, sectorCount, options?.fua ?? false));
  }

  async discard(sector: number, sectorCount: number): Promise<void> {
    await runAsync(this.#perform("discard", null, sector, sectorCount, false));
  }

  async flush(): Promise<void> {
    await runAsync(this.#flush());
  }

  async close(): Promise<void> {
    await runAsync(this.destroy());
    await this.#background;
  }

  /** As {@linkcode closeSync}. */
  [Symbol.dispose](): void {
    this.closeSync();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** As the asynchronous face, for a simulation that performs the steps itself. */
  *planStep(step: Step): Plan {
    switch (step.kind) {
      case "read":
        return yield* this.#request("read", step.target, step.sector, false);
      case "write":
        return yield* this.#request("write", step.source, step.sector, step.fua);
      case "zero":
        return yield* this.#perform("zero", null, step.sector, step.sectorCount, step.fua);
      case "discard":
        return yield* this.#perform("discard", null, step.sector, step.sectorCount, false);
      case "flush":
        return yield* this.#flush();
      default:
        throw new TypeError(`A ${step.kind} step is not addressed to a device`);
    }
  }

  #requireActive(verb: string): void {
    if (this.#slots.isSuspended) throw this.#mustWait(verb, "it is suspended");
  }

  #mustWait(verb: string, why: string): BlockDeviceError {
    const message = `Cannot ${verb} "${this.#name}" synchronously: ${why}`;
    return new BlockDeviceError("EAGAIN", message, { device: this.#name });
  }

  #runSync(
    kind: Request["kind"],
    bytes: Uint8Array | null,
    sector: number,
    sectorCount: number,
    fua: boolean,
  ): void {
    if (this.#slots.isSuspended) this.#requireActive(kind);
    performSync(this.#slots.active, kind, bytes, sector, sectorCount, fua);
  }

  #check(kind: Request["kind"], sector: number, sectorCount: number): void {
    if (kind === "read") this.#edge.range("read", sector, sectorCount);
    else if (kind === "write") this.#edge.writeRange("write", sector, sectorCount);
    else if (kind === "zero") this.#edge.writeRange("write zeroes to", sector, sectorCount);
    else this.#edge.discardRange(sector, sectorCount);
  }

  #request(kind: "read" | "write", bytes: Uint8Array, sector: number, fua: boolean): Plan {
    return this.#perform(kind, bytes, sector, bytes.byteLength / SECTOR_BYTES, fua);
  }

  *#perform(
    kind: Request["kind"],
    bytes: Uint8Array | null,
    sector: number,
    sectorCount: number,
    fua: boolean,
  ): Plan {
    this.#check(kind, sector, sectorCount);
    const request: Request = { kind, bytes, sector, sectorCount, fua, isOwned: kind === "read" };
    if (this.#slots.isSuspended) {
      request.bytes = kind === "write" ? bytes?.slice() ?? null : bytes;
      request.isOwned = true;
      yield* this.#slots.resumed();
      this.#check(kind, sector, sectorCount); // Another table may be in charge.
    }
    yield* this.#slots.counted(performPlanned(this.#slots.active, request));
  }

  *#flush(): Plan {
    this.#edge.open("flush");
    yield* this.#slots.resumed();
    this.#edge.open("flush");
    yield* this.#slots.counted(planFlush(this.#slots.active));
  }
}

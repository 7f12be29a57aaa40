/**
 * The life of a mapped device's tables: two slots, and the switch from one to the other.
 *
 * `load` fills the inactive slot, `resume` makes it the active one, `clear` empties it. Old and new
 * targets exist side by side between `load` and the end of `resume`, so that exceptions can be handed
 * over.
 *
 * | state | requests |
 * |---|---|
 * | no table | refused: the device has no sectors |
 * | active | performed |
 * | suspending | as active, until background work has paused; then as suspended |
 * | suspended | asynchronous ones wait; synchronous ones fail with `EAGAIN` |
 * | destroyed | `ESHUTDOWN` |
 *
 * **Failure**: a `resume` that a new target refuses leaves the old table in charge, resumed if it was
 * not suspended before, and the new one in the inactive slot. When a device below fails after that,
 * the new table is in charge, and suspended: another `resume` tries again.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm.c, `__dm_suspend()`, `dm_swap_table()`
 * @module
 */

import type { DeviceLimits, DeviceSupports } from "../block/device.ts";
import { type Gate, Signal } from "../block/gate.ts";
import { type Plan, waitStep } from "../block/plan.ts";
import type { Target } from "../targets/target.ts";
import { TargetList } from "./target_list.ts";

const EMPTY = new TargetList([]);

/** The tables of one mapped device. */
export class TableSlots {
  readonly #changed = new Signal();
  readonly #events = new Signal();
  #active = EMPTY;
  #inactive: TargetList | null = null;
  #limits: DeviceLimits = EMPTY.limits;
  #supports: DeviceSupports = EMPTY.supports;
  #isSuspended = false;
  #requestsInFlight = 0;
  #eventNumber = 0;

  /** The table in charge; empty before the first `resume` and after the end. */
  get active(): TargetList {
    return this.#active;
  }

  /** Whether a table is in charge. */
  get hasActive(): boolean {
    return this.#active !== EMPTY;
  }

  /** The table that waits for `resume`. */
  get inactive(): TargetList | null {
    return this.#inactive;
  }

  /** Sizes that requests must keep to, since the last `resume`, also after the end. */
  get limits(): DeviceLimits {
    return this.#limits;
  }

  /** What requests can do, since the last `resume`, also after the end. */
  get supports(): DeviceSupports {
    return this.#supports;
  }

  /** Whether requests wait. */
  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** Whether asynchronous requests are under way. */
  get hasRequests(): boolean {
    return this.#requestsInFlight > 0;
  }

  /** How many events there were. */
  get eventNumber(): number {
    return this.#eventNumber;
  }

  /** Opens at the next event. */
  get nextEvent(): Gate {
    return this.#events.next;
  }

  /** Waits while requests are to wait. */
  *resumed(): Plan {
    while (this.#isSuspended) yield waitStep(this.#changed.next, "a suspended device");
  }

  /**
   * Performs a request; suspension waits for its end.
   *
   * @param plan The request.
   */
  *counted(plan: Plan): Plan {
    this.#requestsInFlight++;
    try {
      yield* plan;
    } finally {
      this.#requestsInFlight--;
      if (this.#requestsInFlight === 0) this.#changed.raise();
    }
  }

  /**
   * Fills the inactive slot.
   *
   * @param targets The table, in order and without a gap.
   */
  *load(targets: readonly Target[]): Plan {
    yield* this.clear();
    this.#inactive = new TargetList(targets);
  }

  /** Empties the inactive slot. */
  *clear(): Plan {
    const dropped = this.#inactive;
    this.#inactive = null;
    for (const target of dropped?.targets ?? []) yield* target.destroy();
  }

  /** Stops background work, lets requests under way end, and makes new ones wait. */
  *suspend(): Plan {
    if (!this.#isSuspended) {
      for (const target of this.#active.targets) if (target.presuspend) yield* target.presuspend();
    }
    this.#isSuspended = true;
    try {
      yield* this.#drain();
    } catch (error) {
      this.#open(); // A synchronous caller cannot wait: nothing has changed.
      throw error;
    }
    for (const target of this.#active.targets) target.postsuspend?.();
  }

  /**
   * Puts a loaded table in charge, and lets requests go on. Work in the background is not started.
   *
   * @throws {BlockDeviceError} When a target refuses; see the module's head.
   */
  *resume(): Plan {
    const next = this.#inactive;
    if (next === null) return yield* this.#resumeActive();
    const wasSuspended = this.#isSuspended;
    yield* this.suspend();
    try {
      for (const target of next.targets) target.preresume?.();
    } catch (refusal) {
      if (!wasSuspended) yield* this.#resumeActive();
      throw refusal;
    }
    const old = this.#active;
    this.#inactive = null;
    this.#active = next;
    for (const target of next.targets) target.onEvent = () => this.#raiseEvent();
    try {
      for (const target of next.targets) if (target.resume) yield* target.resume();
    } finally {
      for (const target of old.targets) yield* target.destroy();
    }
    this.#open();
  }

  /** The targets' own work, for example a merge: ends when it is done, has failed or was suspended. */
  *background(): Plan {
    for (const target of this.#active.targets) if (target.background) yield* target.background();
  }

  /** Ends: pauses, destroys both tables. Requests that wait go on, and find no table. */
  *destroy(): Plan {
    for (const target of this.#active.targets) if (target.presuspend) yield* target.presuspend();
    yield* this.#drain();
    const { targets } = this.#active;
    for (const target of targets) target.postsuspend?.();
    for (const target of targets) yield* target.destroy();
    yield* this.clear();
    this.#active = EMPTY;
    this.#release();
  }

  #raiseEvent(): void {
    this.#eventNumber++;
    this.#events.raise();
  }

  #open(): void {
    this.#limits = this.#active.limits;
    this.#supports = this.#active.supports;
    this.#release();
  }

  #release(): void {
    this.#isSuspended = false;
    this.#changed.raise();
  }

  *#resumeActive(): Plan {
    if (!this.#isSuspended) return;
    for (const target of this.#active.targets) target.preresume?.();
    for (const target of this.#active.targets) if (target.resume) yield* target.resume();
    this.#open();
  }

  *#drain(): Plan {
    while (this.#requestsInFlight > 0) yield waitStep(this.#changed.next, "requests under way");
  }
}

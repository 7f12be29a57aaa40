/**
 * `RunningMerge`: a snapshot on its way back into its origin, as those see it who wait for its end.
 *
 * | it ends | by |
 * |---|---|
 * | merged | the last exception was folded back |
 * | failed | a device below failed; resuming the origin goes on with it |
 * | left | another table took over, or the origin was removed, by somebody else |
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { MappedDevice } from "../../mapper/mapped_device.ts";
import type { Target } from "../../targets/target.ts";

/** What it came to, or that it is under way. */
export type MergeState = "under way" | "merged" | "failed" | "left";

/** A merge, watched. */
export class RunningMerge {
  /** The snapshot's name while it had one. */
  readonly name: string;
  /** The device that shows the snapshot now. */
  readonly origin: MappedDevice;
  /** How many chunks there were to merge. */
  readonly chunkCount: number;
  readonly #target: Target;
  /** Seen when it happens: the origin has another table soon after. */
  #hasMerged = false;

  /**
   * A merge that has begun.
   *
   * @param name The snapshot's name.
   * @param origin The device whose table is the merge.
   * @param chunkCount How many exceptions the snapshot had.
   */
  constructor(name: string, origin: MappedDevice, chunkCount: number) {
    const [target] = origin.activeTargets ?? [];
    if (target === undefined) {
      throw new TypeError(`Cannot watch a merge: "${origin.name}" has none`);
    }
    this.name = name;
    this.origin = origin;
    this.chunkCount = chunkCount;
    this.#target = target;
    this.#watch();
  }

  /** How many chunks are left to merge. */
  get chunksLeft(): number {
    return this.#target.exceptions?.exceptionCount ?? 0;
  }

  /** Why it stopped, when it failed. */
  get failure(): unknown {
    return this.#target.failure;
  }

  /** Where it is. */
  get state(): MergeState {
    if (this.origin.activeTargets?.[0] !== this.#target) return "left";
    if (this.failure !== undefined || this.#target.exceptions?.isValid !== true) return "failed";
    return this.chunksLeft === 0 ? "merged" : "under way";
  }

  /**
   * Waits for its end.
   *
   * @returns What it came to. A merge that somebody else left may never end.
   */
  async ended(): Promise<MergeState> {
    while (!this.#hasMerged && this.state === "under way") await this.origin.nextEvent.wait();
    return this.#hasMerged ? "merged" : this.state;
  }

  async #watch(): Promise<void> {
    while (this.state !== "merged" && this.state !== "left") await this.origin.nextEvent.wait();
    this.#hasMerged = this.state === "merged";
  }
}

/**
 * `snapshot-origin`: the device that snapshots were taken of, as its users go on using it.
 *
 *     0 8192 snapshot-origin 254:0
 *
 * Reads and flushes pass through. A write goes on once every active snapshot of the device holds the
 * old data of the chunks it touches, or has become invalid: it never fails because of a snapshot.
 * Discards are refused, as dm does: a discard would have to be copied out like a write.
 *
 * This module is browser compatible.
 *
 * @see dm-snap.c, `origin_map()`
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../block/device.ts";
import { flushStep, type Plan } from "../block/plan.ts";
import { Origin } from "./origin.ts";
import type { Mapping, Target } from "./target.ts";

/** What a snapshot-origin is made of. */
export interface SnapshotOriginOptions {
  /** The device. */
  readonly origin: BlockDevice;
  /** How many sectors the target is for. Default: all. */
  readonly sectorCount?: number;
  /** The device as table lines name it. Left out: its name. */
  readonly deviceWord?: (device: BlockDevice) => string;
}

class SnapshotOriginTarget implements Target {
  readonly type = "snapshot-origin";
  readonly sectorCount: number;
  readonly supports: DeviceSupports;
  readonly limits: DeviceLimits;
  readonly devices: readonly BlockDevice[];
  onEvent: () => void = () => {};
  readonly #origin: Origin;
  readonly #deviceWord: (device: BlockDevice) => string;

  constructor(options: SnapshotOriginOptions) {
    const { origin } = options;
    this.#origin = Origin.of(origin);
    this.#deviceWord = options.deviceWord ?? ((device) => device.name);
    this.sectorCount = options.sectorCount ?? origin.sectorCount;
    this.supports = Object.freeze({ ...origin.supports, discard: false, discardZeroes: false });
    this.limits = origin.limits;
    this.devices = [origin];
  }

  map(request: Mapping): void {
    if (request.kind === "read") {
      request.remap(this.#origin.device, request.sector, request.sectorCount);
    } else {
      this.#origin.mapWrite(request);
    }
  }

  *planFlush(): Plan {
    yield flushStep(this.#origin.device);
  }

  isBusy(): boolean {
    return this.#origin.isBusy;
  }

  status(): string {
    return "";
  }

  table(): string {
    return this.#deviceWord(this.#origin.device);
  }

  *destroy(): Plan {}
}

/**
 * Plans a snapshot-origin. It does no I/O; it is a plan because every constructor of a target is.
 *
 * @param options What it is made of.
 * @returns The target.
 */
// deno-lint-ignore require-yield
export function* planSnapshotOrigin(options: SnapshotOriginOptions): Plan<Target> {
  return new SnapshotOriginTarget(options);
}

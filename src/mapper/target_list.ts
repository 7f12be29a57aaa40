/**
 * The targets of a table in their order, and what they make of a device together.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { DeviceLimits, DeviceSupports } from "../block/device.ts";
import type { Target } from "../targets/target.ts";

/** One table: targets that follow each other from sector 0 on without a gap. */
export class TargetList {
  /** The targets. */
  readonly targets: readonly Target[];
  /** Where each begins, in sectors. */
  readonly starts: readonly number[];
  /** The size of the device. */
  readonly sectorCount: number;
  /** What all of them can do. */
  readonly supports: DeviceSupports;

  /**
   * A table.
   *
   * @param targets The targets, in order.
   */
  constructor(targets: readonly Target[]) {
    this.targets = targets;
    const starts: number[] = [];
    let sectorCount = 0;
    for (const target of targets) {
      starts.push(sectorCount);
      sectorCount += target.sectorCount;
    }
    this.starts = starts;
    this.sectorCount = sectorCount;
    const all = (ability: keyof DeviceSupports) =>
      targets.length > 0 && targets.every(({ supports }) => supports[ability]);
    this.supports = Object.freeze({
      sync: all("sync"),
      write: all("write"),
      discard: all("discard"),
      discardZeroes: all("discardZeroes"),
      permanence: all("permanence"),
    });
  }

  /** Sizes that requests must keep to: the coarsest of the targets'. */
  get limits(): DeviceLimits {
    const limits = this.targets.map((target) => target.limits);
    return Object.freeze({
      logicalSectors: Math.max(1, ...limits.map((each) => each.logicalSectors)),
      preferredSectors: Math.max(8, ...limits.map((each) => each.preferredSectors)),
    });
  }

  /**
   * The target that a sector lies in.
   *
   * @param sector A sector of the device.
   * @returns The target's index.
   */
  indexOf(sector: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? 0) <= sector) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

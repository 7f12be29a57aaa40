/**
 * `error`: fails every read, write and discard with `EIO`.
 *
 *     80 8 error
 *
 * A hole in a table on purpose: it stands where a disk has died, or where a test wants one that has.
 * A flush has nothing to make durable here, so it succeeds.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../block/device.ts";
import { BlockDeviceError } from "../block/errors.ts";
import type { Plan } from "../block/plan.ts";
import type { Mapping, Target } from "./target.ts";

class ErrorTarget implements Target {
  readonly type = "error";
  readonly sectorCount: number;
  // Accepted so that a request reaches the target, which then fails it, as dm does.
  readonly supports: DeviceSupports = {
    sync: true,
    write: true,
    discard: true,
    discardZeroes: false,
    permanence: true,
  };
  readonly limits: DeviceLimits = { logicalSectors: 1, preferredSectors: 8 };
  readonly devices: readonly BlockDevice[] = [];
  onEvent: () => void = () => {};

  constructor(sectorCount: number) {
    this.sectorCount = sectorCount;
  }

  map(request: Mapping): void {
    const { kind, sector, sectorCount } = request;
    throw new BlockDeviceError(
      "EIO",
      `Cannot ${kind} ${sectorCount} sectors at sector ${sector}: the error target fails every request`,
      { sector, sectorCount },
    );
  }

  *planFlush(): Plan {}

  isBusy(): boolean {
    return false;
  }

  status(): string {
    return "";
  }

  table(): string {
    return "";
  }

  *destroy(): Plan {}
}

/**
 * Makes a target that fails.
 *
 * @param sectorCount How many sectors it is for.
 * @returns The target.
 */
export function createError(sectorCount: number): Target {
  return new ErrorTarget(sectorCount);
}

/**
 * `error`: fails every read, write and discard with `EIO`.
 *
 *     80 8 error
 *     80 8 error /dev/vdb 88        the same, with the sizes that vdb's requests must keep to
 *
 * A hole in a table on purpose: it stands where a disk has died, or where a test wants one that has.
 * A flush has nothing to make durable here, so it succeeds.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-target.c
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import type { Plan } from "../../block/plan.ts";
import type { Mapping, Target } from "../target.ts";

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
  readonly limits: DeviceLimits;
  readonly devices: readonly BlockDevice[];
  onEvent: () => void = () => {};

  constructor(sectorCount: number, device?: BlockDevice) {
    this.sectorCount = sectorCount;
    this.limits = device?.limits ?? { logicalSectors: 1, preferredSectors: 8 };
    this.devices = device === undefined ? [] : [device];
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
 * @param device The device that it stands for, of which only the limits are asked. It is never read
 * or written.
 * @returns The target.
 */
export function createError(sectorCount: number, device?: BlockDevice): Target {
  return new ErrorTarget(sectorCount, device);
}

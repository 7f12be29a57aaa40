/**
 * `zero`: reads zeroes, forgets what is written.
 *
 *     0 4096 zero
 *
 * It makes a device of any size out of nothing: as the origin of a snapshot, a sparse disk.
 *
 * A read must have its bytes put into the caller's buffer, which deciding does not do; so it is sent
 * to a device that consists of zeroes.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { checked } from "../block/checked.ts";
import type { BlockDevice, DeviceLimits, DeviceSupports } from "../block/device.ts";
import type { Plan } from "../block/plan.ts";
import { SECTORS_MAX } from "../block/units.ts";
import type { Mapping, Target } from "./target.ts";

const zeroes: BlockDevice = checked({
  name: "zero",
  sectorCount: SECTORS_MAX,
  supports: { write: false, discard: false, discardZeroes: false, permanence: true },
  readSync: (target) => void target.fill(0),
  writeSync() {},
  flushSync() {},
  closeSync() {},
});

class ZeroTarget implements Target {
  readonly type = "zero";
  readonly sectorCount: number;
  readonly supports: DeviceSupports = {
    sync: true,
    write: true,
    discard: true,
    discardZeroes: true,
    permanence: true,
  };
  readonly limits: DeviceLimits = zeroes.limits;
  readonly devices: readonly BlockDevice[] = [];
  onEvent: () => void = () => {};

  constructor(sectorCount: number) {
    this.sectorCount = sectorCount;
  }

  map(request: Mapping): void {
    if (request.kind === "read") request.remap(zeroes, request.sector, request.sectorCount);
    else request.end(request.sectorCount);
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
 * Makes a target that reads zeroes.
 *
 * @param sectorCount How many sectors it is for.
 * @returns The target.
 */
export function createZero(sectorCount: number): Target {
  return new ZeroTarget(sectorCount);
}

/**
 * What the reference's targets have in common. They do their I/O while they decide, one request after
 * the other, which real targets must not; there is nobody to wait for here.
 */
import type { BlockDevice, DeviceSupports, SyncBlockDevice } from "../../../src/block/device.ts";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { flushStep, type Plan } from "../../../src/block/plan.ts";
import type { Mapping, Target } from "../../../src/targets/target.ts";

/** dm's "kill". */
export const refused = (why: string) => new BlockDeviceError("EIO", `Cannot do that: ${why}`);

/** Sends a request on, or fails it where the kernel's block layer would. */
export function remap(request: Mapping, device: BlockDevice, sector: number, count: number): void {
  if (sector + count > device.sectorCount) throw refused("beyond the end of the device");
  request.remap(device, sector, count);
}

/** A target of the reference. */
export abstract class ReferenceTarget implements Target {
  abstract readonly type: string;
  abstract readonly sectorCount: number;
  abstract readonly devices: readonly SyncBlockDevice[];
  onEvent: () => void = () => {};
  readonly hasDiscards: boolean = false;

  get supports(): DeviceSupports {
    const { hasDiscards } = this;
    return {
      sync: true,
      write: true,
      discard: hasDiscards,
      discardZeroes: false,
      permanence: true,
    };
  }

  get limits() {
    const logicalSectors = Math.max(...this.devices.map((each) => each.limits.logicalSectors));
    return { logicalSectors, preferredSectors: 8 };
  }

  abstract map(request: Mapping): void;
  abstract status(): string;
  abstract table(): string;

  *planFlush(): Plan {
    const device = this.devices.at(-1);
    if (device !== undefined) yield flushStep(device);
  }

  isBusy(): boolean {
    return false;
  }

  *destroy(): Plan {}
}

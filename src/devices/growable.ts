/**
 * Growth: what a device has that can be made larger while it is in use.
 *
 * The law: sectors gained read as zeroes, whatever was ever stored under them before. Nothing
 * shrinks: a device that could would bring its old bytes back at the next growth.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import type { DeviceFacts } from "../block/edge.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { SECTORS_MAX } from "../block/units.ts";

/** A device that can be made larger while it is open. */
export interface GrowableDevice extends BlockDevice {
  /**
   * Makes the device larger, at once.
   *
   * @param sectorCount The new size, in sectors; not below the present one.
   * @throws {BlockDeviceError} `EINVAL` when that is smaller or no size at all, `EROFS` on a
   * read-only device, `ENOSPC` when there is no room, `ESHUTDOWN` after `close`.
   */
  grow(sectorCount: number): void;
}

/**
 * Whether a device can be made larger while it is open.
 *
 * @param device Any device.
 * @returns Whether it has `grow`.
 */
export function isGrowableDevice(device: BlockDevice): device is GrowableDevice {
  return "grow" in device;
}

/**
 * Whether a number can be a device's size.
 *
 * @param sectorCount The number.
 * @returns Whether it is whole, and from 0 to {@linkcode SECTORS_MAX}.
 */
export function isDeviceSize(sectorCount: number): boolean {
  return Number.isSafeInteger(sectorCount) && sectorCount >= 0 && sectorCount <= SECTORS_MAX;
}

/**
 * Checks a request to grow, for the devices that take one.
 *
 * @param device The device.
 * @param isClosed Whether it is closed.
 * @param sectorCount The size asked for.
 * @throws {BlockDeviceError} As {@linkcode GrowableDevice.grow}, but for `ENOSPC`.
 */
export function checkGrowth(device: DeviceFacts, isClosed: boolean, sectorCount: number): void {
  if (isClosed) throw growthRefusal("ESHUTDOWN", device, sectorCount, "it is closed");
  if (!device.supports.write) {
    throw growthRefusal("EROFS", device, sectorCount, "it is read-only");
  }
  if (!isDeviceSize(sectorCount) || sectorCount < device.sectorCount) {
    throw growthRefusal("EINVAL", device, sectorCount, "want a size that is not smaller");
  }
}

function growthRefusal(
  code: "ESHUTDOWN" | "EROFS" | "EINVAL",
  device: DeviceFacts,
  sectorCount: number,
  why: string,
): BlockDeviceError {
  const { name, sectorCount: size } = device;
  return new BlockDeviceError(
    code,
    `Cannot grow "${name}" from ${size} to ${sectorCount} sectors: ${why}`,
    { device: name },
  );
}

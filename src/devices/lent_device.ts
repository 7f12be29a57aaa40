/**
 * A device that is lent to another thread, which may read it and no more.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { checked } from "../block/checked.ts";
import type { BlockDevice } from "../block/device.ts";

/**
 * A device as others have it: it is read, and its end is its owner's business.
 *
 * @param device The device.
 * @param read How it is read. Left out: as it is.
 * @returns Its read-only face.
 */
export function lend(device: BlockDevice, read = device.read.bind(device)): BlockDevice {
  const nothing = () => Promise.resolve();
  return checked({
    name: device.name,
    limits: device.limits,
    get sectorCount() {
      return device.sectorCount;
    },
    supports: { ...device.supports, write: false, discard: false },
    read,
    write: nothing,
    flush: nothing,
    close: nothing,
  });
}

/**
 * A device as somebody sees it who may only read it.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { checked } from "../../block/checked.ts";
import type { BlockDevice, SyncBlockDevice } from "../../block/device.ts";

/**
 * Makes a face of a device that refuses writes.
 *
 * @param device The device. Closing the face leaves it open.
 * @returns The face, with the synchronous half if the device has it.
 */
export function createReadOnlyFace(device: BlockDevice): BlockDevice {
  const { name, sectorCount, limits } = device;
  const { permanence } = device.supports;
  const supports = { write: false, discard: false, discardZeroes: false, permanence };
  const facts = { name, sectorCount, limits, supports };
  if (!device.supports.sync) {
    return checked({
      ...facts,
      read: (target, sector) => device.read(target, sector),
      async write() {},
      async flush() {},
      async close() {},
    });
  }
  const now = device as SyncBlockDevice;
  return checked({
    ...facts,
    readSync: (target, sector) => now.readSync(target, sector),
    writeSync() {},
    flushSync() {},
    closeSync() {},
  });
}

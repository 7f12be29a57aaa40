/**
 * The origin of a disk that is made of nothing: sectors that read as zeroes.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { checked } from "../block/checked.ts";
import type { SyncBlockDevice } from "../block/device.ts";

/**
 * Makes an origin of zeroes.
 *
 * @param sectorCount Its size.
 * @returns A read-only device. It holds nothing, and need not be closed.
 */
export function createZeroOrigin(sectorCount: number): SyncBlockDevice {
  return checked({
    name: "zeroes",
    sectorCount,
    supports: { write: false, discard: false, discardZeroes: false, permanence: true },
    readSync: (target) => void target.fill(0),
    writeSync() {},
    flushSync() {},
    closeSync() {},
  });
}

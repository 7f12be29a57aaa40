/**
 * What can be wrong with the header of a persistent COW device: one body of rules for whoever loads a
 * store and for whoever checks one.
 *
 * A magic of zero is no fault: the device is fresh. Nor is a `valid` of zero: the store is invalid.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-snap-persistent.c, `read_header()`
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import type { ErrorCode } from "../../block/errors.ts";
import { chunkSizeFault } from "./chunk_size.ts";
import { type DiskHeader, HEADER_MAGIC, HEADER_VERSION } from "./disk_format.ts";

/** Something that is wrong with a header. */
export interface HeaderFault {
  /** Which rule it breaks. */
  readonly kind: "foreignMagic" | "unusableChunkSize" | "unknownVersion";
  /** What a load is refused with. */
  readonly code: ErrorCode;
  /** A clause for people: what was found, what was wanted. */
  readonly clause: string;
  /** What the kernel logs, without its `device-mapper: `. */
  readonly log: string;
}

/**
 * Checks a header.
 *
 * @param header What it says.
 * @param devices The devices whose logical blocks a chunk must be made of.
 * @returns What is wrong with it, in the order in which the kernel looks. Behind a foreign magic
 * nothing else is told: it is no header.
 */
export function headerFaults(
  header: DiskHeader,
  devices: readonly BlockDevice[],
): readonly HeaderFault[] {
  const { magic, version, chunkSectors } = header;
  if (magic !== HEADER_MAGIC) {
    return [{
      kind: "foreignMagic",
      code: "ENXIO",
      clause: `its magic is 0x${magic.toString(16)}, want 0x70416e53 ("SnAp") or zeroes`,
      log: "persistent snapshot: Invalid or corrupt snapshot",
    }];
  }
  const faults: HeaderFault[] = [];
  const sizeFault = chunkSizeFault(chunkSectors, devices);
  if (sizeFault !== null) {
    // The kernel tests a size of zero as it tests any other number.
    const reason = chunkSectors === 0 ? "Chunk size is not a power of 2" : sizeFault.reason;
    faults.push({
      kind: "unusableChunkSize",
      code: "EINVAL",
      clause: `in its header ${sizeFault.clause}`,
      log: `persistent snapshot: invalid on-disk chunk size ${chunkSectors}: ${reason}.`,
    });
  }
  if (version !== HEADER_VERSION) {
    faults.push({
      kind: "unknownVersion",
      code: "EINVAL",
      clause: `its version is ${version}, want ${HEADER_VERSION}`,
      log: `persistent snapshot: unable to handle snapshot disk version ${version | 0}`,
    });
  }
  return faults;
}

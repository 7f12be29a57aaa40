/**
 * What snapshots can say of sectors, under the names that qemu gave to such things.
 *
 * | context | of a sector it says |
 * |---|---|
 * | `qemu:allocation-depth` | which layer holds it: 1 the snapshot's COW image, 2 what lies below, … |
 * | `qemu:dirty-bitmap:NAME` | 1 when it may differ between the origin and the snapshot NAME, else 0 |
 *
 * Both are exact to the chunk and come from the exception table: nothing is read. A chunk that was written
 * with what it held, or to the snapshot alone, counts as one that may differ. Of a view that is gone, by a
 * drop or a merge, nothing is said: `ESHUTDOWN`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { allocationOf } from "../mapper/allocation.ts";
import { MappedDevice } from "../mapper/mapped_device.ts";
import type { MetaContext } from "./meta_context.ts";

/** A context whose flags follow from the layer. */
function contextOf(
  name: string,
  device: BlockDevice,
  flagsOf: (depth: number) => number,
): MetaContext {
  return {
    name,
    *planStatus(sector, count) {
      if (device instanceof MappedDevice && device.activeTargets === null) {
        const message = `Cannot tell about "${device.name}": it is gone`;
        throw new BlockDeviceError("ESHUTDOWN", message, { device: device.name });
      }
      return allocationOf(device, sector, count)
        .map(({ sectorCount, depth }) => ({ sectorCount, flags: flagsOf(depth) }));
    },
  };
}

/**
 * Which layer holds a sector.
 *
 * @param device The view.
 * @returns The context `qemu:allocation-depth`.
 */
export function allocationDepth(device: BlockDevice): MetaContext {
  return contextOf("qemu:allocation-depth", device, (depth) => depth);
}

/**
 * What may differ between an origin and a snapshot of it.
 *
 * @param name The snapshot's name.
 * @param snapshot The snapshot.
 * @returns The context `qemu:dirty-bitmap:NAME`.
 */
export function dirtyBitmap(name: string, snapshot: BlockDevice): MetaContext {
  return contextOf(`qemu:dirty-bitmap:${name}`, snapshot, (depth) => depth === 1 ? 1 : 0);
}

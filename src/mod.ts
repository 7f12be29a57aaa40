/**
 * cowdisk: a virtual disk with copy-on-write snapshots, in a browser or in Deno.
 *
 * It is Linux device-mapper's snapshot stack: an origin, snapshots of it, merging them back, with
 * COW images in Linux's own on-disk format.
 *
 * @example Ten lines
 * ```ts
 * import { createMemoryDevice, openOrigin, openSnapshotSync } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * const origin = openOrigin(createMemoryDevice({ sectorCount: 2048 }));
 * const cow = createMemoryDevice({ sectorCount: 1024 });
 * const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 8 });
 *
 * origin.writeSync(new Uint8Array(512).fill(7), 0);
 *
 * const sector = new Uint8Array(512);
 * snapshot.readSync(sector, 0);
 * equal(sector[0], 0);
 * ```
 *
 * @module
 */

export {
  type BlockDevice,
  type DeviceLimits,
  type DeviceSupports,
  isKernelMemoryDevice,
  isSyncDevice,
  type KernelMemoryDevice,
  type SyncBlockDevice,
  type WriteOptions,
} from "./block/device.ts";
export { type AsyncImplementation, checked, type SyncImplementation } from "./block/checked.ts";
export { ChunkWalk } from "./block/chunk_walk.ts";
export type { Clock } from "./block/clock.ts";
export type { DeviceFacts } from "./block/edge.ts";
export {
  BlockDeviceError,
  codeOf,
  ERROR_CODES,
  type ErrorCode,
  type ErrorPlace,
} from "./block/errors.ts";
export {
  allStep,
  discardStep,
  flushStep,
  type Plan,
  type PlannedDevice,
  readStep,
  runAsync,
  runSync,
  type Step,
  waitStep,
  writeStep,
  zeroStep,
} from "./block/plan.ts";
export { Gate } from "./block/gate.ts";
export { formatSize, parseSize, SECTOR_BYTES } from "./block/units.ts";
export * from "./copier/mod.ts";
export * from "./devices/mod.ts";
export * from "./disk/mod.ts";
export * from "./exception/mod.ts";
export * from "./mapper/mod.ts";
export * from "./targets/mod.ts";

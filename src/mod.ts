/**
 * cowdisk: a virtual disk with copy-on-write snapshots, in a browser or in Deno.
 *
 * It is Linux device-mapper's snapshot stack: an origin, snapshots of it, merging them back, with
 * COW images in Linux's own on-disk format.
 *
 * | to | begin with |
 * |---|---|
 * | keep a disk with named snapshots | {@linkcode Disk} |
 * | take a snapshot of any device, and merge it back | {@linkcode openOrigin}, {@linkcode openSnapshot}, {@linkcode openMerge} |
 * | keep what was read from a slow origin, relocate bad blocks | {@linkcode openCache}, {@linkcode openBadBlock} |
 * | speak device-mapper's tables and messages | {@linkcode Mapper} |
 * | have a device in memory, or in another thread | {@linkcode createMemoryDevice}, {@linkcode serveDevice}, {@linkcode connectDevice} |
 * | write a device | {@linkcode BlockDevice}, {@linkcode checked} |
 * | look for faults in a COW image, and mend them | {@linkcode planCowCheck}, {@linkcode planCowRepair}, {@linkcode runSync} |
 *
 * What needs a certain runtime, or not everybody needs, has a door of its own:
 *
 * | door | holds |
 * |---|---|
 * | `cowdisk/file`, `cowdisk/directory` | a disk in a file; a storage of disks in a directory: Deno, Node |
 * | `cowdisk/http` | an image behind a URL, read-only |
 * | `cowdisk/idb`, `cowdisk/idb-storage` | IndexedDB, as a device and as a storage of disks |
 * | `cowdisk/opfs`, `cowdisk/opfs-storage` | the origin private file system, the same |
 * | `cowdisk/remote-disk`, `cowdisk/disk-worker` | a disk that lives in a worker: the page's half, the worker's half |
 * | `cowdisk/v86`, `cowdisk/sync-disk`, `cowdisk/range-worker` | disks for emulators |
 * | `cowdisk/nbd` | an NBD server's protocol, without sockets |
 * | `cowdisk/kernel` | hashing, comparing and copying in WebAssembly |
 * | `cowdisk/testing` | prove a device of your own; disks that fail on purpose |
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
export {
  formatSize,
  parseSize,
  SECTOR_BYTES,
  type SectorRange,
  SECTORS_MAX,
} from "./block/units.ts";
export * from "./copier/mod.ts";
export * from "./devices/mod.ts";
export * from "./disk/mod.ts";
export * from "./exception/mod.ts";
export * from "./mapper/mod.ts";
export * from "./targets/mod.ts";

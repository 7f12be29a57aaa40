/**
 * Stacks without table lines: an origin, snapshots of it, a merge, a cache, each a device at once.
 *
 * What a {@linkcode Mapper} does by name and number, these do by object, for whoever embeds the block
 * stack. Each makes a mapped device with one target and starts it; closing the device ends the
 * target and leaves the devices below open.
 *
 * Writes that snapshots must not see have to go through the origin that {@linkcode openOrigin} made:
 * the plain device below knows nothing of its snapshots, as in the kernel.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { type Plan, runAsync, runSync } from "../block/plan.ts";
import { type CacheOptions, planCache } from "../targets/cache.ts";
import { planSnapshotMerge } from "../targets/snapshot_merge.ts";
import type { SnapshotOptions } from "../targets/snapshot_member.ts";
import { planSnapshotOrigin } from "../targets/snapshot_origin.ts";
import { planSnapshot } from "../targets/snapshot.ts";
import type { Target } from "../targets/target.ts";
import { MappedDevice } from "./mapped_device.ts";

/** What a device of a stack is made of. */
export interface StackOptions extends SnapshotOptions {
  /** A name for people. */
  readonly name?: string;
}

/** What {@linkcode openCache} is told. */
export interface CacheDeviceOptions extends CacheOptions {
  /** A name for people. */
  readonly name?: string;
}

/**
 * Plans a device of one target.
 *
 * @param name Its name.
 * @param planTarget Makes the target.
 * @returns The device, resumed.
 */
export function* planDevice(name: string, planTarget: Plan<Target>): Plan<MappedDevice> {
  const target = yield* planTarget;
  const device = new MappedDevice(name);
  yield* device.load([target]);
  try {
    yield* device.resume();
  } catch (error) {
    yield* device.destroy();
    throw error;
  }
  return device;
}

function planSnapshotDevice(options: StackOptions): Plan<MappedDevice> {
  const name = options.name ?? `${options.origin.name}-snapshot`;
  return planDevice(name, planSnapshot({ ...options, origin: snapshottedDevice(options.origin) }));
}

function planMergeDevice(options: StackOptions): Plan<MappedDevice> {
  const name = options.name ?? `${options.origin.name}-merge`;
  return planDevice(
    name,
    planSnapshotMerge({ ...options, origin: snapshottedDevice(options.origin) }),
  );
}

function planCacheDevice(options: CacheDeviceOptions): Plan<MappedDevice> {
  return planDevice(options.name ?? `${options.origin.name}-cache`, planCache(options));
}

/** A snapshot of an origin is a snapshot of the device that the origin stands for. */
function snapshottedDevice(device: BlockDevice): BlockDevice {
  if (!(device instanceof MappedDevice)) return device;
  const [target, ...others] = device.activeTargets ?? [];
  if (target?.type !== "snapshot-origin" || others.length > 0) return device;
  return target.devices[0] ?? device;
}

/**
 * Opens a device as an origin: writes to it are kept from its snapshots.
 *
 * @param device The device.
 * @param name A name for people.
 * @returns The origin.
 */
export function openOrigin(device: BlockDevice, name = `${device.name}-origin`): MappedDevice {
  return runSync(planDevice(name, planSnapshotOrigin({ origin: device })));
}

/**
 * Opens a snapshot: a new one on a COW device that begins with zeroes, an earlier one on a COW device
 * that holds it.
 *
 * @param options What it is made of. `origin` may be the plain device or what {@linkcode openOrigin}
 * made of it.
 * @returns The snapshot.
 * @throws {BlockDeviceError} When it cannot be made; nothing was changed.
 *
 * @example An origin, a snapshot, and who sees what
 * ```ts
 * import { createMemoryDevice, openOrigin, openSnapshot } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * const disk = createMemoryDevice({ sectorCount: 2048 });
 * const origin = openOrigin(disk);
 * const cow = createMemoryDevice({ sectorCount: 1024 });
 * await using snapshot = await openSnapshot({ origin, cow, chunkSectors: 8 });
 *
 * await origin.write(new Uint8Array(512).fill(7), 0);
 * const sector = new Uint8Array(512);
 * await snapshot.read(sector, 0);
 * equal(sector[0], 0);
 * ```
 */
export function openSnapshot(options: StackOptions): Promise<MappedDevice> {
  return runAsync(planSnapshotDevice(options));
}

/**
 * As {@linkcode openSnapshot}, at once. The devices must have the synchronous face.
 *
 * @param options What it is made of.
 * @returns The snapshot.
 */
export function openSnapshotSync(options: StackOptions): MappedDevice {
  return runSync(planSnapshotDevice(options));
}

/**
 * Opens an origin into which a snapshot is folded back, and begins to do so in the background. The
 * snapshot on the COW device must be closed, or suspended and then closed.
 *
 * @param options What it is made of; `cow` holds the snapshot.
 * @returns The device, which shows the snapshot from the start, and a promise that is kept when the
 * merge has ended. `device.activeTargets` tell its status.
 *
 * @example Going back to a snapshot
 * ```ts
 * import { createMemoryDevice, openMerge, openOrigin, openSnapshot } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * const disk = createMemoryDevice({ sectorCount: 2048 });
 * const cow = createMemoryDevice({ sectorCount: 1024 });
 * const snapshot = await openSnapshot({ origin: disk, cow, chunkSectors: 8 });
 * await snapshot.write(new Uint8Array(512).fill(7), 0);
 * await snapshot.close();
 *
 * const { device, merged } = await openMerge({ origin: disk, cow });
 * await merged;
 * await device.close();
 * const sector = new Uint8Array(512);
 * await disk.read(sector, 0);
 * equal(sector[0], 7);
 * ```
 */
export async function openMerge(
  options: StackOptions,
): Promise<{ device: MappedDevice; merged: Promise<void> }> {
  const device = await runAsync(planMergeDevice(options));
  return { device, merged: device.startBackground() };
}

/**
 * As {@linkcode openMerge}, and merged when it returns.
 *
 * @param options What it is made of.
 * @returns The device.
 */
export function openMergeSync(options: StackOptions): MappedDevice {
  const device = runSync(planMergeDevice(options));
  runSync(device.background());
  return device;
}

/**
 * Opens a cache: a read-only view of an origin that is slow, or far away, which keeps what was read on
 * a COW device and reads it from there from then on. A COW device that holds an earlier cache goes on
 * being used, so a cache survives a restart; what was read since the last flush or close may be lost
 * with the power, and is then read from the origin again.
 *
 * A COW device does not know its origin. It must only be used for the one that it was filled from, and
 * that origin must stay as it is, its size included: nothing tells when it is another one.
 *
 * @param options What it is made of. The origin needs only the asynchronous face.
 * @returns The cache. Writes are refused with `EROFS`.
 * @throws {BlockDeviceError} When it cannot be made; nothing was changed.
 *
 * @example What was read once is read from the origin no more
 * ```ts
 * import { checked, createMemoryDevice, openCache } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * let readCount = 0;
 * const remote = checked({
 *   name: "remote",
 *   sectorCount: 2048,
 *   supports: { write: false, discard: false, discardZeroes: false, permanence: true },
 *   async read(target: Uint8Array) {
 *     readCount++;
 *     await Promise.resolve(target.fill(7));
 *   },
 *   async write() {},
 *   async flush() {},
 *   async close() {},
 * });
 * const cow = createMemoryDevice({ sectorCount: 4096 });
 * await using cache = await openCache({ origin: remote, cow, chunkSectors: 64 });
 *
 * const sector = new Uint8Array(512);
 * await cache.read(sector, 100);
 * await cache.read(sector, 101);
 * equal(sector[0], 7);
 * equal(readCount, 1);
 * ```
 */
export function openCache(options: CacheDeviceOptions): Promise<MappedDevice> {
  return runAsync(planCacheDevice(options));
}

/**
 * As {@linkcode openCache}, at once. The devices must have the synchronous face.
 *
 * @param options What it is made of.
 * @returns The cache.
 */
export function openCacheSync(options: CacheDeviceOptions): MappedDevice {
  return runSync(planCacheDevice(options));
}

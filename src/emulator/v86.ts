/**
 * v86: any of our devices as a disk of the emulator `v86`.
 *
 *     const hda = v86Disk(disk);
 *     const emulator = new V86({ hda, autostart: false, … });
 *     await hda.attach(emulator);
 *     await emulator.run();
 *
 * What a guest may rely on, by `durability` and by whether the disk is attached:
 *
 * | | acknowledged | a lost tab or power costs | FLUSH CACHE |
 * |---|---|---|---|
 * | `each` | when durable (a PIO write: at once) | nothing (PIO: what was under way) | needless |
 * | `each`, attached | when durable | nothing | needless |
 * | `later` | when the device has it | what was written since the last flush | v86's, does nothing |
 * | `later`, attached with `writeCache` | the same | the same, but not what the guest flushed | flushes |
 *
 * v86 has no public interface for disks of one's own. The members that it calls are those of the
 * version in `deno.json`; a test runs it and fails when they move.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import type { AsyncDisk } from "../disk/mod.ts";
import { V86Disk } from "./v86/v86_disk.ts";
import type { V86DiskOptions } from "./v86/v86_disk_options.ts";

export type { V86Disk } from "./v86/v86_disk.ts";
export type {
  AttachOptions,
  V86DiskFailure,
  V86DiskOptions,
  V86Verb,
} from "./v86/v86_disk_options.ts";
export { deleteMachineSnapshots, restoreMachine, saveMachine } from "./v86/saved_machine.ts";
export { type GuestFate, rollbackMachine } from "./v86/rolled_back_machine.ts";
export type { V86Machine } from "./v86/v86_machine.ts";
export type { MachineSnapshots } from "./v86/machine_snapshots.ts";

/**
 * Makes a device acceptable to v86.
 *
 * @param disk A disk with snapshots, here or in a worker, or any device: a mapped snapshot, a file, a port. It stays the
 * caller's, who closes it when the machine is destroyed.
 * @param options When writes are durable, and who is told of errors.
 * @returns What v86 takes as `hda` or `hdb`.
 * @throws {BlockDeviceError} `EINVAL` when the device cannot write single sectors.
 *
 * @example What v86 does with it
 * ```ts
 * import { Disk } from "cowdisk";
 * import { v86Disk } from "cowdisk/v86";
 * import { equal } from "node:assert/strict";
 *
 * await using disk = await Disk.open("windows", { origin: 2048, storage: "memory" });
 * const hda = v86Disk(disk, { onError: ({ cause }) => console.error(cause) });
 *
 * hda.set(512, new Uint8Array(512).fill(7), () => {});
 * hda.get(512, 512, (sector) => equal(sector[0], 7));
 * ```
 */
export function v86Disk(disk: AsyncDisk | BlockDevice, options: V86DiskOptions = {}): V86Disk {
  if ("snapshots" in disk) return new V86Disk(disk.device, disk, options);
  return new V86Disk(disk, null, options);
}

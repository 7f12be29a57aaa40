/**
 * Rolling a disk back under a machine.
 *
 * A guest that has a disk mounted keeps parts of it in its memory, and writes them later. When the disk
 * goes back in time meanwhile, what it writes then ruins the file system. The ways that are sound:
 *
 * | the guest | so | afterwards |
 * |---|---|---|
 * | `unmounted` | the caller knows that nothing of the disk is in its memory | it runs on, and mounts |
 * | `restarted` | reset: it boots from the disk again | it boots |
 * | `destroyed` | power off | a new machine, with the same disk |
 * | goes back as well | `restoreMachine` | it runs on, from that moment |
 *
 * **Failure**: a reset of a machine that was booted by v86's options `bzimage` or `multiboot`, or
 * that has no BIOS, is refused before anything changes: v86 does not load those again.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { KNOWN_VERSION } from "./ide_drive.ts";
import type { V86Disk } from "./v86_disk.ts";
import { memberOf, processorOf, type V86Machine } from "./v86_machine.ts";

/** What becomes of the guest whose disk goes back. */
export type GuestFate = "unmounted" | "restarted" | "destroyed";

const FATES: readonly string[] = ["unmounted", "restarted", "destroyed"] satisfies GuestFate[];

function requireBootFromDisk(emulator: V86Machine): void {
  const processor = processorOf(emulator);
  const loaded = memberOf(processor, "option_roms");
  if (!Array.isArray(loaded)) {
    throw new BlockDeviceError(
      "ENOTSUP",
      "Cannot restart the machine: found no way to tell what it was booted from, " +
        `want v86 ${KNOWN_VERSION}`,
    );
  }
  const hasBios = memberOf(memberOf(processor, "bios"), "main") !== undefined;
  if (hasBios && loaded.length === 0) return;
  throw new BlockDeviceError(
    "EINVAL",
    "Cannot restart the machine: found a kernel that was given to it by an option, which v86 does " +
      "not load again; want one that boots from its disk, or `destroyed`",
  );
}

/**
 * Rolls a machine's disk back in a way that its guest can bear.
 *
 * @param emulator The machine.
 * @param disk Its disk.
 * @param name The snapshot; `null` for the disk's origin.
 * @param guest What becomes of the guest. It has to be said: none of it can be found out.
 * @throws {BlockDeviceError} `ENOENT` when there is no such snapshot, `ENOTSUP` when the disk has none,
 * `EINVAL` when a restart would not boot from the disk.
 */
export async function rollbackMachine(
  emulator: V86Machine,
  disk: V86Disk,
  name: string | null,
  guest: GuestFate,
): Promise<void> {
  if (!FATES.includes(guest)) {
    throw new TypeError(
      `Cannot roll back under a running guest: found "${guest}", want one of ${FATES.join(", ")}`,
    );
  }
  const inner = disk.snapshots.disk;
  if (name !== null && !inner.snapshots.some((snapshot) => snapshot.name === name)) {
    throw new BlockDeviceError("ENOENT", `Cannot roll back: found no snapshot "${name}"`);
  }
  if (guest === "restarted") requireBootFromDisk(emulator);
  const wasRunning = emulator.is_running();
  if (guest === "destroyed") await emulator.destroy();
  else await emulator.stop();
  await disk.drain();
  await inner.rollback(name);
  if (guest === "restarted") emulator.restart();
  if (guest !== "destroyed" && wasRunning) await emulator.run();
}

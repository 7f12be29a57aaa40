/**
 * Beginning from a state that was baked: of a machine that has booted, and has seen nothing of its disk
 * but the size.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { V86Disk, V86Machine } from "cowdisk/v86";

/**
 * Puts a machine into a baked state. The state names no snapshot, and is put into disks that want one:
 * it fits every disk of its size, as nothing was read.
 *
 * @param emulator The machine, of the same memory and drives.
 * @param hda Its disk.
 * @param state The state, packed or not.
 */
export async function beginFrom(
  emulator: V86Machine,
  hda: V86Disk,
  state: ArrayBuffer,
): Promise<void> {
  Object.defineProperty(hda, "set_state", { configurable: true, value() {} });
  try {
    await emulator.restore_state(state);
  } finally {
    Reflect.deleteProperty(hda, "set_state");
  }
}

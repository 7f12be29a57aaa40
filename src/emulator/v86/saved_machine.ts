/**
 * A machine and its disks, saved and restored together.
 *
 * v86 puts neither requests under way nor the disk's contents into a state. So the machine is stopped,
 * its disks answer what they were asked, each takes a snapshot, and the state has the snapshots' names.
 * Restoring is the same way back.
 *
 *     save       stop, drain, snapshots, save_state, run
 *     restore    look, stop, drain, roll back, restore_state, run
 *
 * **Failure**: a machine that cannot be saved runs on as if nothing had been, and its snapshots are
 * deleted again. A state is looked into before anything changes; one whose snapshot is gone, or that
 * has another number of disks, is refused. When the storage fails while it goes back, the machine
 * stays stopped, for its disks may be those of another time: restore again, or destroy it.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { type DiskState, isDiskState } from "./machine_snapshots.ts";
import type { V86Disk } from "./v86_disk.ts";
import type { V86Machine } from "./v86_machine.ts";

/** v86's own mark of a state, and where its parts are: four 32-bit words, then JSON. */
const STATE = { magic: -2039052682, headBytes: 16, magicWord: 0, jsonBytesWord: 3 } as const;

function* diskStatesIn(value: unknown): Iterable<DiskState> {
  if (isDiskState(value)) yield value;
  else if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) yield* diskStatesIn(part);
  }
}

/** The disks' parts of a state, in the order of the drives. */
function readDiskStates(state: ArrayBuffer): DiskState[] {
  const refuse = (why: string, cause?: unknown) =>
    new BlockDeviceError("EINVAL", `Cannot restore the machine: ${why}`, { cause });
  const head = new DataView(state);
  if (
    state.byteLength < STATE.headBytes ||
    head.getInt32(4 * STATE.magicWord, true) !== STATE.magic
  ) {
    throw refuse("found no state of v86, want one as save_state returns it, not compressed");
  }
  const jsonBytes = head.getInt32(4 * STATE.jsonBytesWord, true);
  if (jsonBytes < 0 || jsonBytes > state.byteLength - STATE.headBytes) {
    throw refuse(`found ${state.byteLength} bytes, of which ${jsonBytes} are said to be JSON`);
  }
  try {
    const text = new TextDecoder().decode(new Uint8Array(state, STATE.headBytes, jsonBytes));
    return [...diskStatesIn(JSON.parse(text))];
  } catch (cause) {
    throw refuse("found damaged JSON in its state", cause);
  }
}

function requireDisks(
  verb: string,
  states: readonly DiskState[],
  disks: readonly V86Disk[],
): void {
  if (states.length === disks.length) return;
  throw new BlockDeviceError(
    "EINVAL",
    `Cannot ${verb} the machine: found ${states.length} disks of ours in its state, ` +
      `want the ${disks.length} that were given`,
  );
}

/**
 * Saves a machine and its disks: the state has the name of a snapshot of each. A machine that was
 * running goes on.
 *
 * @param emulator The machine.
 * @param disks All of its disks: hda, then hdb.
 * @returns The state, for {@linkcode restoreMachine}. It is of use as long as the snapshots are there:
 * {@linkcode deleteMachineSnapshots} deletes those that are not wanted, of which a disk bears 256.
 * @throws {BlockDeviceError} `ENOSPC` and whatever else a snapshot is refused with; `EINVAL` when these
 * are not the machine's disks.
 */
export async function saveMachine(
  emulator: V86Machine,
  ...disks: readonly V86Disk[]
): Promise<ArrayBuffer> {
  const wasRunning = emulator.is_running();
  const taken: [V86Disk, string][] = [];
  await emulator.stop();
  try {
    for (const disk of disks) {
      await disk.drain();
      const name = await disk.snapshots.announce();
      if (name !== null) taken.push([disk, name]);
    }
    const state = await emulator.save_state();
    requireDisks("save", readDiskStates(state), disks);
    return state;
  } catch (error) {
    for (const [disk, name] of taken) await disk.snapshots.withdraw(name);
    throw error;
  } finally {
    if (wasRunning) await emulator.run();
  }
}

/**
 * Restores a machine and its disks. A machine that was running goes on, from the state's moment.
 *
 * @param emulator The machine: of the same memory size and with the same drives as when it was saved.
 * @param state What {@linkcode saveMachine} returned.
 * @param disks The disks, in the order in which they were given then.
 * @throws {BlockDeviceError} `ENOENT` when a snapshot is gone, `EINVAL` when the state is none of v86's
 * or of other disks; nothing has changed then.
 */
export async function restoreMachine(
  emulator: V86Machine,
  state: ArrayBuffer,
  ...disks: readonly V86Disk[]
): Promise<void> {
  const states = readDiskStates(state);
  requireDisks("restore", states, disks);
  const names = disks.map((disk, at) => disk.snapshots.check(states[at]));
  const wasRunning = emulator.is_running();
  await emulator.stop();
  for (const disk of disks) await disk.drain();
  for (const [at, disk] of disks.entries()) {
    const name = names[at] ?? null;
    if (name !== null) await disk.snapshots.goBack(name);
  }
  await emulator.restore_state(state);
  if (wasRunning) await emulator.run();
}

/**
 * Deletes snapshots that were taken for machine states; the states are of no use afterwards.
 *
 * @param disk The disk.
 * @param options Which states are still wanted.
 */
export async function deleteMachineSnapshots(
  disk: V86Disk,
  options: {
    /** States to keep the snapshots of. */
    readonly keep?: readonly ArrayBuffer[];
  } = {},
): Promise<void> {
  const kept = new Set(
    (options.keep ?? []).flatMap((state) => readDiskStates(state).map(([, name]) => name)),
  );
  for (const name of disk.snapshots.names) {
    if (!kept.has(name)) await disk.snapshots.disk.delete(name);
  }
}

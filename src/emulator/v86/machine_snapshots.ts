/**
 * What a machine's state has of a disk: a snapshot's name in place of the disk.
 *
 * v86 asks a disk for its state, and gives it back, synchronously. A disk on storage that is never
 * waited for takes its snapshot then and there; another one has to be told the name before, which
 * `saveMachine` does.
 *
 *     save_state       ["cowdisk", name]      a snapshot is taken, or was announced
 *     restore_state    ["cowdisk", name]      the disk goes back to it, or has gone already
 *     either           ["cowdisk", null]      `state: "nothing"`: the disk stays as it is
 *
 * Names are drawn at random, 128 bits, and never used again: a state whose snapshot was deleted cannot
 * meet another one of the same name.
 *
 * **Failure**: a state that cannot be taken makes `save_state` fail, which changes nothing. One that
 * cannot be restored makes `restore_state` fail in the middle, when the machine is half the new one:
 * `restoreMachine` looks before.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError, codeOf } from "../../block/errors.ts";
import type { AsyncDisk, Disk } from "../../disk/mod.ts";

const MARK = "cowdisk";
const PREFIX = "machine-";
const NAME_BYTES = 16;

/** A disk's part of a machine's state. */
export type DiskState = readonly [typeof MARK, string | null];

/** Whether a value in a machine's state is a disk's. */
export function isDiskState(value: unknown): value is DiskState {
  return Array.isArray(value) && value.length === 2 && value[0] === MARK &&
    (value[1] === null || typeof value[1] === "string");
}

function newName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(NAME_BYTES));
  return PREFIX + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isHere(disk: AsyncDisk): disk is Disk {
  return "snapshotSync" in disk;
}

/** The snapshots of one disk that machine states name. */
export class MachineSnapshots {
  readonly #disk: AsyncDisk | null;
  readonly #name: string;
  readonly #kind: "snapshot" | "nothing";
  #announced: string | null = null;
  #arrived: string | null = null;

  /**
   * Snapshots of a disk.
   *
   * @param disk The disk; `null` when it is a bare device, which has none.
   * @param name The disk's name, for people.
   * @param kind What states have of it.
   */
  constructor(disk: AsyncDisk | null, name: string, kind: "snapshot" | "nothing") {
    this.#disk = disk;
    this.#name = name;
    this.#kind = kind;
  }

  /** Whether machine states name snapshots at all. */
  get areNamed(): boolean {
    return this.#kind === "snapshot";
  }

  /** Names of snapshots that were taken for machine states, oldest first. */
  get names(): string[] {
    return this.#disk?.snapshots.map(({ name }) => name).filter((name) =>
      name.startsWith(PREFIX)
    ) ?? [];
  }

  /**
   * The disk, if it has snapshots.
   *
   * @throws {BlockDeviceError} `ENOTSUP` when it is a bare device.
   */
  get disk(): AsyncDisk {
    if (this.#disk !== null) return this.#disk;
    throw new BlockDeviceError(
      "ENOTSUP",
      `Cannot name a state of "${this.#name}": found a device without snapshots, ` +
        'want a Disk, or the option `state: "nothing"`',
      { device: this.#name },
    );
  }

  /**
   * Refuses a state that the disk cannot be put into.
   *
   * @param state The disk's part of a machine's state.
   * @returns The snapshot's name; `null` when the disk stays as it is.
   * @throws {BlockDeviceError} `ENOENT` when the snapshot is gone, `EINVAL` when it is no disk's state
   * or one of another kind, `ENOTSUP` when the disk has no snapshots.
   */
  check(state: unknown): string | null {
    const refuse = (code: "EINVAL" | "ENOENT", why: string) =>
      new BlockDeviceError(code, `Cannot restore the machine's disk "${this.#name}": ${why}`, {
        device: this.#name,
      });
    if (!isDiskState(state)) {
      throw refuse("EINVAL", "found no snapshot's name in the state, want a state saved with it");
    }
    const [, name] = state;
    if ((name !== null) !== this.areNamed) {
      const found = name === null ? "none" : "a snapshot's name";
      throw refuse("EINVAL", `found ${found} in the state, want one saved with the same options`);
    }
    if (name !== null && !this.disk.snapshots.some((snapshot) => snapshot.name === name)) {
      throw refuse("ENOENT", `its snapshot "${name}" is gone`);
    }
    return name;
  }

  /**
   * Takes a snapshot that the next state names.
   *
   * @returns Its name; `null` when states do not name any.
   */
  async announce(): Promise<string | null> {
    if (!this.areNamed) return null;
    const name = newName();
    await this.disk.snapshot(name);
    return this.#announced = name;
  }

  /**
   * Deletes a snapshot that no state will name.
   *
   * @param name Its name.
   */
  async withdraw(name: string): Promise<void> {
    this.#announced = null;
    await this.disk.delete(name);
  }

  /**
   * Goes back to a snapshot that the next state to be restored names.
   *
   * @param name Its name.
   */
  async goBack(name: string): Promise<void> {
    await this.disk.rollback(name);
    this.#arrived = name;
  }

  /**
   * Tells the disk's part of a state.
   *
   * @returns The snapshot that was announced, or one taken now.
   * @throws {BlockDeviceError} `EAGAIN` when it cannot be taken now, `ENOTSUP` without snapshots.
   */
  state(): unknown[] {
    if (!this.areNamed) return [MARK, null];
    const name = this.#announced ?? this.#takeNow();
    this.#announced = null;
    return [MARK, name];
  }

  /**
   * Puts the disk into a state, unless it is there already.
   *
   * @param state The disk's part of a machine's state.
   */
  restore(state: unknown): void {
    const arrived = this.#arrived;
    this.#arrived = null;
    const name = this.check(state);
    if (name !== null && name !== arrived) this.#requireAtOnce("restore_state").rollbackSync(name);
  }

  /** The disk, if it is in this thread: one in a worker is always waited for. */
  #requireAtOnce(verb: string, cause?: unknown): Disk {
    const { disk } = this;
    if (cause === undefined && isHere(disk)) return disk;
    const wrapper = verb === "save_state" ? "saveMachine" : "restoreMachine";
    throw new BlockDeviceError(
      "EAGAIN",
      `Cannot do within ${verb} what has to be waited for, on "${this.#name}": use ${wrapper}`,
      { device: this.#name, cause },
    );
  }

  #takeNow(): string {
    const name = newName();
    const disk = this.#requireAtOnce("save_state");
    try {
      disk.snapshotSync(name);
    } catch (cause) {
      if (codeOf(cause) === "EAGAIN") this.#requireAtOnce("save_state", cause);
      throw cause;
    }
    return name;
  }
}

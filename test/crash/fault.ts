/**
 * One failure of a medium, at some step of an act: the step is refused, or the surface is broken where
 * it writes, so that some of the rest lands, and mended before the next step.
 *
 * From then on any snapshot may be invalid, and any request may have failed.
 */
import { BlockDeviceError } from "../../src/block/errors.ts";
import type { Step } from "../../src/block/plan.ts";
import type { Machine } from "./machine.ts";

/** Makes one step of a machine fail. */
export class Fault {
  readonly #machine: Machine;
  readonly #step: number;
  readonly #isPartial: boolean;
  #undo: (() => void) | null = null;

  /**
   * A failure to come.
   *
   * @param machine Whose.
   * @param step At this step, or as soon as possible after it.
   * @param isPartial Whether a write that is hit lands in part.
   */
  constructor(machine: Machine, step: number, isPartial: boolean) {
    this.#machine = machine;
    this.#step = step;
    this.#isPartial = isPartial;
  }

  /**
   * Told of every step before it is performed.
   *
   * @throws {BlockDeviceError} `EIO` when it is this one's time.
   */
  strike(performed: Step, step: number): void {
    const { hasFaults, snapshots } = this.#machine;
    // A snapshot that becomes invalid while a merge takes it over would make the merge show the origin.
    if (step < this.#step || hasFaults || snapshots.some(({ isLeaving }) => isLeaving)) return;
    this.#machine.hasFaults = true;
    for (const view of snapshots) view.mayFail = true;
    if (this.#isPartial && performed.kind === "write" && this.#break(performed)) return;
    throw new BlockDeviceError("EIO", "The medium is worn");
  }

  /** Told before the step after that: what was broken is whole again. */
  mend(): void {
    this.#undo?.();
    this.#undo = null;
  }

  /** Breaks the last sector of a write. */
  #break({ device, sector, source }: Step & { kind: "write" }): boolean {
    const disk = this.#machine.views.find((view) => view.disk.name === device.name)?.disk;
    if (disk === undefined) return false;
    const last = sector + source.length / 512 - 1;
    disk.breakSectors(last, 1, { reads: false, writes: true });
    this.#undo = () => disk.breakSectors(last, 1, { reads: false, writes: false });
    return true;
  }
}

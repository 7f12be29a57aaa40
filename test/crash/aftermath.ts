/**
 * Life after a loss of power: a started machine is worked on, merged to the end if it was merging,
 * read whole, closed, and what it leaves on its disks is read without the code that wrote it.
 */
import { runSync } from "../../src/block/plan.ts";
import type { Prng } from "../../src/testing/prng.ts";
import { readCowImage } from "../model/cow_image.ts";
import { wrongIn } from "./contents.ts";
import { type Machine, statusOf, type View } from "./machine.ts";
import { snapshotImage } from "./snapshot_image.ts";
import { flush, goOnMerging, read, write } from "./requests.ts";

/**
 * Works on a machine and ends it.
 *
 * @param machine A machine with nothing under way.
 * @param prng Decides what is written.
 * @throws {Error} When something is wrong.
 */
export function goOn(machine: Machine, prng: Prng): void {
  const { originSectors } = machine.setting;
  for (const view of prng.shuffle([...machine.usableViews])) {
    const sector = prng.int(originSectors);
    const sectorCount = Math.min(prng.intBetween(1, 4), originSectors - sector);
    runSync(write(machine, view, sector, sectorCount, { fua: prng.bool(0.2) }));
    if (prng.bool(0.3)) runSync(flush(machine, view));
  }
  if (machine.merging !== undefined) runSync(goOnMerging(machine));
  verify(machine);
  close(machine);
}

/** Reads every view of an idle machine whole. */
export function verify(machine: Machine): void {
  machine.check();
  for (const view of machine.usableViews) {
    const isInvalid = statusOf(view) === "Invalid";
    if (isInvalid && !view.mayFail) throw new Error(`${view.name} has become invalid`);
    if (!isInvalid) readWhole(machine, view);
  }
}

function readWhole(machine: Machine, view: View): void {
  const { originSectors } = machine.setting;
  // Where a sector may be broken, its neighbours can be read all the same.
  const sectorCount = machine.relocations === null ? originSectors : 1;
  for (let sector = 0; sector < originSectors; sector += sectorCount) {
    runSync(read(machine, view, sector, sectorCount));
  }
}

/** Closes an idle machine, and looks at its disks. */
export function close(machine: Machine): void {
  const { origin, snapshots } = machine;
  const valid = snapshots.filter((view) => view.life === "whole" && statusOf(view) !== "Invalid");
  for (const view of [...snapshots, origin]) view.device?.closeSync();
  const isPlain = machine.merging === undefined && machine.relocations === null;
  if (isPlain) verifyDisk(origin, origin.disk.contents());
  for (const view of valid) verifyDisk(view, snapshotImage(origin.disk, view.disk));
  for (const view of snapshots) {
    if (view.life !== "merged") continue;
    const { entries } = readCowImage(view.disk.contents(), { mayHaveTail: true });
    if (entries.length > 0) throw new Error(`${view.name} was merged, and has exceptions left`);
  }
}

function verifyDisk(view: View, bytes: Uint8Array): void {
  const begunAt = view.promises?.beginRead() ?? 0;
  const wrong = wrongIn(bytes, 0, (at) => view.promises?.readable(at, begunAt) ?? new Set());
  if (wrong !== null) throw new Error(`The disks of ${view.name} hold something else: ${wrong}`);
}

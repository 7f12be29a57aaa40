/**
 * What is done to a machine, as plans that tell its promises: when each thing begins, and how it was
 * answered.
 *
 * A plan here does not fail where the machine may: a request that is refused although nobody made
 * anything fail, and no COW disk is too small, is an error.
 */
import { codeOf } from "../../src/block/errors.ts";
import {
  discardStep,
  flushStep,
  type Plan,
  readStep,
  writeStep,
  zeroStep,
} from "../../src/block/plan.ts";
import type { MappedDevice } from "../../src/mapper/mapped_device.ts";
import { planSnapshotMerge } from "../../src/targets/snapshot_merge.ts";
import { planSnapshot } from "../../src/targets/snapshot.ts";
import { patternOf } from "../../src/testing/pattern.ts";
import { planClose } from "../model/views.ts";
import { wrongIn } from "./contents.ts";
import { type Machine, statusOf, type View } from "./machine.ts";
import type { Promises } from "./promises.ts";

/** How a write is done. */
export interface WriteManner {
  readonly fua?: boolean;
  readonly isZero?: boolean;
}

/** Rethrows an error that nothing explains; `isWorn` says whether a worn disk does. */
function mustExplain(machine: Machine, view: View, error: unknown, isWorn = false): void {
  const isClosed = codeOf(error) === "ESHUTDOWN" && (view.isLeaving || view.life !== "whole");
  const hasFailed = codeOf(error) === "EIO" && (machine.hasFaults || view.mayFail || isWorn);
  if (!isClosed && !hasFailed) throw error;
}

function inUse({ device, promises, name }: View): { device: MappedDevice; promises: Promises } {
  if (device === null || promises === null) throw new TypeError(`${name} is not in use`);
  return { device, promises };
}

/** Writes a stretch of a view. */
export function* write(
  machine: Machine,
  view: View,
  sector: number,
  sectorCount: number,
  { fua = false, isZero = false }: WriteManner = {},
): Plan {
  const { device, promises } = inUse(view);
  const stamp = isZero ? 0 : machine.nextStamp();
  const issued = promises.issue(stamp, sector, sectorCount);
  const { relocations } = machine;
  try {
    yield isZero
      ? zeroStep(device, sector, sectorCount, fua)
      : writeStep(device, patternOf(stamp, sector, sectorCount), sector, fua);
    const isRelocated = relocations?.hasRelocated(sector, sectorCount, issued.issuedAt) ?? false;
    promises.answer(issued, fua || isRelocated);
    relocations?.wrote(sector, sectorCount);
  } catch (error) {
    promises.leaveInDoubt(issued);
    mustExplain(machine, view, error, relocations?.explains(sector, sectorCount));
  }
}

/** Discards a stretch of a snapshot. What it holds then is zeroes or what it held. */
export function* discard(machine: Machine, view: View, sector: number, sectorCount: number): Plan {
  const { device, promises } = inUse(view);
  const issued = promises.issue(0, sector, sectorCount);
  try {
    yield discardStep(device, sector, sectorCount);
  } catch (error) {
    mustExplain(machine, view, error);
  } finally {
    promises.leaveInDoubt(issued);
  }
}

/** Reads a stretch of a view, and compares it. */
export function* read(machine: Machine, view: View, sector: number, sectorCount: number): Plan {
  const { device, promises } = inUse(view);
  const target = new Uint8Array(sectorCount * 512);
  const begunAt = promises.beginRead();
  try {
    yield readStep(device, target, sector);
  } catch (error) {
    return mustExplain(machine, view, error, machine.relocations?.explains(sector, sectorCount));
  }
  const wrong = wrongIn(target, sector, (at) => promises.readable(at, begunAt));
  if (wrong !== null) throw new Error(`${view.name} reads wrong: ${wrong}`);
}

/** Flushes a view. */
export function* flush(machine: Machine, view: View): Plan {
  const { device, promises } = inUse(view);
  const begun = promises.beginFlush();
  try {
    yield flushStep(device);
    promises.endFlush(begun);
  } catch (error) {
    mustExplain(machine, view, error);
  }
}

/** Takes a snapshot; not while another one is merged: then it shows what it stands on. */
export function* takeSnapshot(machine: Machine, view: View): Plan {
  if (view.life !== "absent" || machine.merging !== undefined) return;
  view.life = "unborn";
  view.unborn = inUse(machine.origin).promises.beginSnapshot(machine.origin.disk.sectorCount);
  try {
    view.device = yield* machine.planSnapshot(view);
  } catch (error) {
    mustExplain(machine, view, error);
    view.mayFail = true;
    return;
  }
  view.promises = view.unborn.born();
  view.life = "whole";
}

/** Ends a snapshot. Its COW disk means nothing from now on. */
export function* remove(view: View): Plan {
  if (view.life !== "whole") return;
  view.life = "removed";
  yield* planClose(inUse(view).device);
}

/** Loads a snapshot's own table again, so that its exceptions are handed over. */
export function* handOver(machine: Machine, view: View): Plan {
  if (view.life !== "whole") return;
  const { device } = inUse(view);
  try {
    yield* device.load([yield* planSnapshot(machine.optionsOf(view))]);
    yield* device.resume();
  } catch (error) {
    mustExplain(machine, view, error);
  }
}

/**
 * Begins a merge: the origin's table becomes a merge, and takes the snapshot's exceptions over. Not of
 * a snapshot that may have become invalid: such a merge shows the origin.
 */
export function* startMerge(machine: Machine, view: View): Plan<boolean> {
  if (view.life !== "whole" || view.mayFail || machine.merging !== undefined) return false;
  const { origin } = machine;
  const { device } = inUse(origin);
  const snapshot = inUse(view);
  view.isLeaving = true;
  const target = yield* planSnapshotMerge(machine.optionsOf(view));
  yield* device.load([target]);
  yield* snapshot.device.suspend();
  view.life = "merging";
  inUse(origin).promises.beginMerge(snapshot.promises);
  yield* device.resume();
  yield* planClose(snapshot.device);
  inUse(origin).promises.endMerge();
  view.isLeaving = false;
  return true;
}

/** Merges to the end. */
export function* merge(machine: Machine, view: View): Plan {
  if (yield* startMerge(machine, view)) yield* goOnMerging(machine);
}

/** Goes on with a merge that was begun. */
export function* goOnMerging(machine: Machine): Plan {
  const view = machine.merging;
  if (view === undefined) return;
  const { device } = inUse(machine.origin);
  yield* device.background();
  const status = statusOf(machine.origin);
  const [allocated, metadata] = status.split(/\/\d+ /);
  if (allocated === metadata) view.life = "merged";
  else if (!machine.hasFaults) throw new Error(`The merge ended with status ${status}`);
}

/**
 * After a loss of power: a machine on what is left, opened, read whole and compared with what had been
 * promised. From then on it promises what was found.
 */
import { codeOf } from "../../src/block/errors.ts";
import { type Plan, runSync } from "../../src/block/plan.ts";
import type { MappedDevice } from "../../src/mapper/mapped_device.ts";
import type { Prng } from "../../src/testing/prng.ts";
import { readAll } from "../model/views.ts";
import { checkAndRepair } from "./checker.ts";
import { forEachStamp, wrongIn } from "./contents.ts";
import { type Machine, statusOf, type View } from "./machine.ts";
import { Promises } from "./promises.ts";

/** Which writes a sector may hold. */
type Possible = (sector: number) => Set<number>;

/**
 * Cuts a machine's power and starts it again; the machine itself goes on as if nothing had happened.
 *
 * @param before The machine.
 * @param prng Decides what the disks have kept, and how a merge is looked at.
 * @returns The machine that was started, in use.
 * @throws {Error} When a promise was broken.
 */
export function reboot(before: Machine, prng: Prng): Machine {
  const after = before.onDisks((disk) => disk.afterCut(prng));
  try {
    const merging = after.merging;
    if (merging !== undefined && prng.bool()) merging.life = "whole";
    if (prng.bool()) checkDisks(after);
    if (after.merging === undefined) after.openOrigin();
    for (const [index, view] of after.snapshots.entries()) {
      startSnapshot(after, view, before, before.snapshots[index] as View);
    }
    startOrigin(after, before);
    after.check();
    return after;
  } catch (error) {
    after.abandon();
    throw error;
  }
}

/** Before anything is opened. */
function checkDisks({ origin, snapshots }: Machine): void {
  for (const { life, disk } of snapshots) {
    if (["unborn", "whole", "merging", "merged"].includes(life)) checkAndRepair(origin.disk, disk);
  }
}

/** Opens a device of a view; that this fails is always wrong. */
function open(view: View, plan: Plan<MappedDevice>): MappedDevice {
  try {
    return runSync(plan);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${view.name} cannot be opened: ${why}`, { cause });
  }
}

function startSnapshot(machine: Machine, view: View, before: Machine, was: View): void {
  if (!["whole", "unborn", "lost"].includes(view.life)) return;
  view.device = open(view, machine.planSnapshot(view));
  const isInvalid = statusOf(view) === "Invalid";
  if (view.life === "lost" && !isInvalid) throw new Error(`${view.name} was lost and came back`);
  if (isInvalid) {
    if (!was.mayFail && was.life !== "lost") {
      throw new Error(`${view.name} is invalid, and nothing explains it`);
    }
    verifyRefuses(view, view.device);
    view.life = "lost";
    return;
  }
  const promises = was.life === "merging" ? before.origin.promises : was.promises ?? was.unborn;
  view.life = "whole";
  view.promises = pin(view, machine, (sector) => promises?.survivors(sector) ?? new Set());
}

function startOrigin(machine: Machine, before: Machine): void {
  const { merging, origin } = machine;
  if (merging !== undefined) origin.device = open(origin, machine.planMerge(merging));
  // An origin that was half merged is no more than what its snapshot stands on.
  const isHalf = merging === undefined && before.merging !== undefined;
  const promises = before.origin.promises;
  origin.life = "whole";
  origin.promises = pin(
    origin,
    machine,
    isHalf ? null : (sector) => promises?.survivors(sector) ?? new Set(),
  );
}

/** Reads a view whole, compares it, and promises what was found. */
function pin(view: View, machine: Machine, possible: Possible | null): Promises {
  if (machine.relocations !== null) return pinWorn(view, machine, possible);
  const bytes = readAll(view.device as MappedDevice);
  const wrong = possible === null ? null : wrongIn(bytes, 0, possible);
  if (wrong !== null) throw new Error(`${view.name} reads wrong: ${wrong}`);
  const stamps: [number][] = [];
  forEachStamp(bytes, 0, (_, stamp) => stamps.push([stamp ?? 0]));
  return Promises.holding(stamps, machine.moments);
}

/** As {@linkcode pin}, sector by sector: of a broken one nothing new is known. */
function pinWorn(view: View, machine: Machine, possible: Possible | null): Promises {
  const stamps: Iterable<number>[] = [];
  const bytes = new Uint8Array(512);
  for (let at = 0; at < machine.setting.originSectors; at++) {
    const survivors = possible?.(at) ?? new Set<number>();
    try {
      view.device?.readSync(bytes, at);
    } catch (error) {
      if (codeOf(error) !== "EIO" || !machine.relocations?.unreadable.has(at)) throw error;
      stamps.push(survivors);
      continue;
    }
    const wrong = wrongIn(bytes, at, () => survivors);
    if (wrong !== null) throw new Error(`${view.name} reads wrong: ${wrong}`);
    forEachStamp(bytes, at, (_, stamp) => stamps.push([stamp ?? 0]));
  }
  return Promises.holding(stamps, machine.moments);
}

function verifyRefuses(view: View, device: MappedDevice): void {
  for (let sector = 0; sector < device.sectorCount; sector++) {
    try {
      device.readSync(new Uint8Array(512), sector);
    } catch (error) {
      if (codeOf(error) === "EIO") continue;
      throw error;
    }
    throw new Error(`${view.name} is invalid, but sector ${sector} can be read`);
  }
}

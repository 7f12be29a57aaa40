/**
 * A machine that can lose its power: simulated disks, a stack on them, and what it has promised.
 *
 * It has one origin, and a snapshot of it for every {@linkcode SnapshotSetting}, in whichever state of
 * its life:
 *
 * | state | the COW disk | after a loss of power |
 * |---|---|---|
 * | `absent` | the remains of an earlier life, its header wiped | stays absent |
 * | `unborn` | the creation was begun and not answered | opened; makes nothing up |
 * | `whole` | | opened; reads as promised, or is lost |
 * | `merging` | the origin shows it | opened as a merge, or as a snapshot |
 * | `merged` | an empty store | stays merged |
 * | `lost` | it is invalid, and may be: `mayFail` | stays lost |
 * | `removed` | nobody is told of writes to the origin any more | stays removed |
 */
import { type Plan, runSync } from "../../src/block/plan.ts";
import type { Durability, StoreType } from "../../src/exception/mod.ts";
import type { MappedDevice } from "../../src/mapper/mapped_device.ts";
import { planBadBlock } from "../../src/targets/mod.ts";
import { Origin } from "../../src/targets/origin.ts";
import type { SnapshotOptions } from "../../src/targets/snapshot_member.ts";
import { planSnapshotMerge } from "../../src/targets/snapshot_merge.ts";
import { planSnapshotOrigin } from "../../src/targets/snapshot_origin.ts";
import { planSnapshot } from "../../src/targets/snapshot.ts";
import { SimulatedDisk } from "../../src/testing/simulated_disk.ts";
import { planDevice } from "../model/views.ts";
import { cowOfAnEarlierLife } from "./earlier_life.ts";
import { Moments, Promises, type UnbornPromises } from "./promises.ts";
import { Relocations, type RelocationSetting, wornDiskSectors } from "./relocations.ts";

/** How a snapshot is made. */
export interface SnapshotSetting {
  readonly chunkSectors: number;
  readonly store: StoreType;
  readonly durability: Durability;
  /** Exceptions that there is room for; all it may need unless said. */
  readonly roomChunks?: number;
  readonly hasDiscards?: boolean;
  readonly copyOnRead?: boolean;
  readonly pendingChunksMax?: number;
}

/** How a machine is made. */
export interface Setting {
  readonly originSectors: number;
  readonly snapshots: readonly SnapshotSetting[];
  /** The origin relocates bad blocks, instead of having snapshots. */
  readonly relocation?: RelocationSetting;
}

/** Where a snapshot is in its life. */
export type Life = "absent" | "unborn" | "whole" | "merging" | "merged" | "lost" | "removed";

/** Something that is read and written, and has promised something. */
export interface View {
  readonly name: string;
  readonly setting: SnapshotSetting | null;
  /** The disk that is its own: the origin's, or a COW disk. */
  readonly disk: SimulatedDisk;
  life: Life;
  device: MappedDevice | null;
  promises: Promises | null;
  unborn: UnbornPromises | null;
  /** Whether nobody begins to use it any more, because it is to be merged. */
  isLeaving: boolean;
  /** Whether it may be invalid: its COW disk is too small, or something failed on purpose. */
  mayFail: boolean;
}

/** Disks, a stack, and promises. */
export class Machine {
  readonly setting: Setting;
  readonly moments: Moments;
  readonly origin: View;
  readonly snapshots: readonly View[];
  /** What is worn; `null` unless the origin relocates. */
  readonly relocations: Relocations | null;
  /** Whether I/O has been made to fail. */
  hasFaults = false;
  #stampCount: number;

  private constructor(
    setting: Setting,
    moments: Moments,
    views: View[],
    stampCount: number,
    unreadable: Iterable<number> = [],
  ) {
    this.setting = setting;
    this.moments = moments;
    const [origin, ...snapshots] = views;
    this.origin = origin as View;
    this.snapshots = snapshots;
    this.#stampCount = stampCount;
    const { relocation } = setting;
    this.relocations = relocation ? new Relocations(relocation, moments, unreadable) : null;
  }

  /** A machine that was never used, on the disks of another one. */
  static fresh(setting: Setting, seed: string): Machine {
    const moments = new Moments();
    const { originSectors, relocation } = setting;
    const zeroes = Array.from({ length: originSectors }, () => [0]);
    const sectorCount = relocation ? wornDiskSectors(relocation) : originSectors;
    const disk = new SimulatedDisk({ name: "origin", sectorCount, seed });
    const views = [newView("origin", null, disk)];
    for (const [index, snapshot] of setting.snapshots.entries()) {
      const bytes = cowOfAnEarlierLife(cowSectorsOf(snapshot, originSectors), snapshot);
      const cow = new SimulatedDisk({ name: `cow${index}`, bytes, seed });
      views.push(newView(`snapshot${index}`, snapshot, cow));
    }
    const machine = new Machine(setting, moments, views, 0);
    machine.origin.promises = Promises.holding(zeroes, moments);
    machine.openOrigin();
    return machine;
  }

  /** The same machine on what is left of its disks, with nothing opened and nothing promised. */
  onDisks(takeDisk: (disk: SimulatedDisk) => SimulatedDisk): Machine {
    const views = this.views.map(({ name, setting, disk, life }): View => ({
      ...newView(name, setting, takeDisk(disk)),
      life,
    }));
    const unreadable = this.relocations?.unreadable ?? [];
    return new Machine(this.setting, new Moments(), views, this.#stampCount, unreadable);
  }

  /** The origin and every snapshot. */
  get views(): readonly View[] {
    return [this.origin, ...this.snapshots];
  }

  /** What can be read and written now. */
  get usableViews(): readonly View[] {
    return [this.origin, ...this.snapshots.filter(isUsable)];
  }

  /** The snapshot that is being merged, if one is. */
  get merging(): View | undefined {
    return this.snapshots.find(({ life }) => life === "merging");
  }

  /** The number of the next write. */
  nextStamp(): number {
    return ++this.#stampCount;
  }

  /** What a snapshot is made of. */
  optionsOf({ setting, disk }: View): SnapshotOptions {
    if (setting === null) throw new TypeError("The origin is no snapshot");
    const { hasDiscards = false, roomChunks: _, ...options } = setting;
    return { ...options, origin: this.origin.disk, cow: disk, discardZeroesCow: hasDiscards };
  }

  /** Makes the origin's device. */
  openOrigin(): void {
    const { origin } = this;
    const { disk } = origin;
    const planTarget = this.relocations === null
      ? planSnapshotOrigin({ origin: disk })
      : planBadBlock(this.relocations.optionsOver(disk));
    origin.life = "whole";
    origin.device = runSync(planDevice("origin", planTarget));
  }

  /** Plans a snapshot's device. */
  planSnapshot(view: View): Plan<MappedDevice> {
    return planDevice(view.name, planSnapshot(this.optionsOf(view)));
  }

  /** Plans the device that shows a snapshot in the origin's place. */
  planMerge(view: View): Plan<MappedDevice> {
    return planDevice("merge", planSnapshotMerge(this.optionsOf(view)));
  }

  /** Verifies what every exception table in use says of itself. */
  check(): void {
    for (const { table } of Origin.of(this.origin.disk).members) table?.check();
  }

  /** Gives memory back, in whatever state everything is. */
  abandon(): void {
    for (const { table } of Origin.of(this.origin.disk).members) table?.destroy();
    if (this.relocations === null) return;
    for (const target of this.origin.device?.activeTargets ?? []) runSync(target.destroy());
  }
}

/** The words of a view's snapshot or merge. */
export function statusOf({ device }: View): string {
  return device?.activeTargets?.[0]?.status() ?? "no table";
}

function isUsable({ life, isLeaving }: View): boolean {
  return life === "whole" && !isLeaving;
}

function newView(name: string, setting: SnapshotSetting | null, disk: SimulatedDisk): View {
  const mayFail = setting?.roomChunks !== undefined;
  const unused = { device: null, promises: null, unborn: null, isLeaving: false } as const;
  return { name, setting, disk, mayFail, life: "absent", ...unused };
}

/** A disk that has room for so many exceptions. */
function cowSectorsOf(
  { chunkSectors, roomChunks }: SnapshotSetting,
  originSectors: number,
): number {
  const exceptions = roomChunks ?? Math.ceil(originSectors / chunkSectors);
  const areas = Math.floor(exceptions / (chunkSectors * 32)) + 1;
  return (1 + areas + exceptions) * chunkSectors;
}

/**
 * What is fuzzed: a loader, a merge, a checker, a repair. Tests of the tests put broken ones in their place.
 */
import type { SyncBlockDevice } from "../../src/block/device.ts";
import { runSync } from "../../src/block/plan.ts";
import {
  type CowCheckOptions,
  type CowCheckReport,
  type CowRepairReport,
  planCowCheck,
  planCowRepair,
  type StoreType,
} from "../../src/exception/mod.ts";
import type { MappedDevice } from "../../src/mapper/mapped_device.ts";
import { openMergeSync, openSnapshotSync } from "../../src/mapper/stack.ts";

/** What a snapshot is opened with. */
export interface Opening {
  readonly origin: SyncBlockDevice;
  readonly cow: SyncBlockDevice;
  readonly store: StoreType;
  readonly chunkSectors: number;
}

/** A snapshot, and dm's status of it. */
export interface OpenSnapshot {
  readonly device: SyncBlockDevice;
  status(): string;
}

/** What is fuzzed. */
export interface Subject {
  open(opening: Opening): OpenSnapshot;
  /** Opens a snapshot and folds it into its origin. */
  merge(opening: Opening): OpenSnapshot;
  check(options: CowCheckOptions): CowCheckReport;
  repair(options: CowCheckOptions): CowRepairReport;
}

function withStatus(device: MappedDevice): OpenSnapshot {
  return { device, status: () => device.activeTargets?.[0]?.status() ?? "" };
}

/** Ours. */
export const OURS: Subject = {
  open: (opening) => withStatus(openSnapshotSync(opening)),
  merge: (opening) => withStatus(openMergeSync(opening)),
  check: (options) => runSync(planCowCheck(options)),
  repair: (options) => runSync(planCowRepair(options)),
};

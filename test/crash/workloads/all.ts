/**
 * Every scripted workload, in the order in which things become complicated.
 */
import type { Workload } from "../exploration.ts";
import { areas } from "./areas.ts";
import { copyOnRead } from "./copy_on_read.ts";
import { creation } from "./creation.ts";
import { discards } from "./discards.ts";
import { firstTouch } from "./first_touch.ts";
import { invalidation, overflow } from "./full_devices.ts";
import { groupCommit } from "./group_commit.ts";
import { handovers, merging, mergingAreas } from "./merges.ts";
import { reads } from "./reads.ts";
import { relocation } from "./relocation.ts";
import { siblings } from "./siblings.ts";
import { staleTail } from "./stale_tail.ts";

/** About one snapshot and its store. */
export const STORE_WORKLOADS: readonly Workload[] = [
  creation,
  firstTouch,
  groupCommit,
  reads,
  copyOnRead,
  areas,
  staleTail,
  discards,
];

/** About how snapshots live together, and end. */
export const LIFE_WORKLOADS: readonly Workload[] = [
  siblings,
  invalidation,
  overflow,
  handovers,
  merging,
  mergingAreas,
  relocation,
];

export const WORKLOADS: readonly Workload[] = [...STORE_WORKLOADS, ...LIFE_WORKLOADS];

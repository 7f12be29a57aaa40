/**
 * The check of a persistent COW device: everything that is wrong with it, not only the first thing.
 *
 * No number on the device is trusted: reads stay inside it, memory grows with the entries that are
 * there and not with what a header says, and every loop ends with the device. Nothing is written.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Plan } from "../../block/plan.ts";
import { AreaLayout } from "../store/disk_format.ts";
import { EntryBounds } from "../store/entry_faults.ts";
import { AreaCheck } from "./area_check.ts";
import {
  COW_FINDING_RULES,
  type CowCheckOptions,
  type CowCheckReport,
  type CowFindingKind,
  type CowState,
} from "./cow_findings.ts";
import { EntryClaims } from "./entry_claims.ts";
import { FindingTally } from "./findings.ts";
import { planHeaderCheck } from "./header_check.ts";

/** A check with what a repair needs to know. */
export interface CowExamination {
  /** What the check says. */
  readonly report: CowCheckReport;
  /** What can be repaired, and what cannot. */
  readonly tally: FindingTally<CowFindingKind>;
  /** Where the list ends; `null` when that is not known. */
  readonly end: { readonly area: number; readonly entryCount: number } | null;
}

/**
 * Checks a COW device.
 *
 * @param options What is checked, and who is told of findings.
 * @returns What the check says of the whole.
 * @throws {BlockDeviceError} What is not the medium's failure: `ESHUTDOWN`, `ENOTSUP`, `ENOMEM`, ….
 *
 * @example A new snapshot's COW device, and one that was cut short
 * ```ts
 * import { createMemoryDevice, openSnapshotSync, planCowCheck, runSync } from "cowdisk";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const origin = createMemoryDevice({ sectorCount: 2048 });
 * const cow = createMemoryDevice({ sectorCount: 1024 });
 * const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 8 });
 * snapshot.writeSync(new Uint8Array(512).fill(7), 0);
 * snapshot.closeSync();
 * equal(runSync(planCowCheck({ cow, origin })).state, "usable");
 *
 * const content = new Uint8Array(16 * 512);
 * cow.readSync(content, 0);
 * const short = createMemoryDevice({ sectorCount: 16, content });
 * const kinds: string[] = [];
 * const onFinding = ({ kind }: { kind: string }) => void kinds.push(kind);
 * equal(runSync(planCowCheck({ cow: short, onFinding })).state, "refused");
 * deepEqual(kinds, ["newChunkOutside", "shrunk"]);
 * ```
 */
export function* planCowCheck(options: CowCheckOptions): Plan<CowCheckReport> {
  return (yield* planExamination(options)).report;
}

/**
 * As {@linkcode planCowCheck}, with what a repair needs to know.
 *
 * @param options What is checked.
 * @returns The report and more.
 */
export function* planExamination(options: CowCheckOptions): Plan<CowExamination> {
  const tally = new FindingTally(COW_FINDING_RULES, options.onFinding ?? (() => {}));
  const { state, chunkSectors } = yield* planHeaderCheck(options, tally);
  if (state !== "usable") {
    return { report: reportOf(state, chunkSectors, tally), tally, end: null };
  }
  const { cow, origin } = options;
  const layout = new AreaLayout(chunkSectors);
  const claims = new EntryClaims(layout);
  try {
    const bounds = new EntryBounds(cow, origin ?? null, layout);
    const areas = new AreaCheck(cow, bounds, claims, tally);
    yield* areas.read();
    tellOfTheWhole(areas, claims, layout, tally);
    const { area, entryCount, isEndKnown } = areas;
    const end = isEndKnown ? { area, entryCount } : null;
    const outcome = tally.counts.errors === 0 ? "usable" : "refused";
    return { report: reportOf(outcome, chunkSectors, tally, areas, claims), tally, end };
  } finally {
    claims.destroy();
  }
}

function reportOf(
  state: CowState,
  chunkSectors: number,
  tally: FindingTally<CowFindingKind>,
  areas?: AreaCheck,
  claims?: EntryClaims,
): CowCheckReport {
  return {
    state,
    counts: tally.counts,
    chunkSectors,
    areaCount: areas === undefined ? 0 : areas.area + 1,
    exceptionCount: areas?.exceptionCount ?? 0,
    usedChunks: claims?.usedChunks ?? 0,
    leakedChunks: claims?.leakedChunks ?? 0,
  };
}

/** What no single entry shows. */
function tellOfTheWhole(
  areas: AreaCheck,
  claims: EntryClaims,
  { chunkSectors, entriesPerArea }: AreaLayout,
  tally: FindingTally<CowFindingKind>,
): void {
  if (areas.formerEndChunk > 0) {
    const sectorCount = areas.formerEndChunk * chunkSectors;
    tally.add(
      "shrunk",
      `chunks outside of it were handed out in order, as if it had had at least ${sectorCount} ` +
        "sectors: it may have been cut short",
    );
  }
  const { disorderCount, disorderPlace, leakedChunks } = claims;
  if (leakedChunks > 0) {
    tally.add("leakedChunks", `${leakedChunks} chunks were handed out, and no exception uses them`);
  }
  if (disorderCount > 0) {
    const entry = disorderPlace % entriesPerArea;
    const area = Math.floor(disorderPlace / entriesPerArea);
    tally.add(
      "outOfOrder",
      `${disorderCount} new chunks are lower than one in front of them, entry ${entry} of area ` +
        `${area} the first`,
      { area, entry },
    );
  }
}

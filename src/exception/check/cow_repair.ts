/**
 * The repair of a persistent COW device: only what takes no guess.
 *
 * | found | repair |
 * |---|---|
 * | bytes behind the end of the list, or what cannot be read there | cleared, as a store does before its list grows |
 * | junk behind the header, an odd `valid` word | the header is written anew, with zeroes behind it |
 *
 * Everything else would take a guess: which of two entries is the right one, what a damaged field once
 * said. As long as there is such an error **nothing** is written, so that whoever knows more finds the
 * device as it was.
 *
 * **Order**: a repair never writes an entry or a header field that is in use with another meaning, and
 * sectors are written whole. So each sector of it may be lost to a loss of power or not: what loaded
 * before loads the same. It is durable when the plan ends. A second repair finds nothing left.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { flushStep, type Plan, readStep, writeStep, zeroStep } from "../../block/plan.ts";
import { sectorsToBytes } from "../../block/units.ts";
import { planClearTail } from "../store/area_tail.ts";
import { AreaLayout, encodeHeader, ENTRY_BYTES } from "../store/disk_format.ts";
import { type CowExamination, planCowCheck, planExamination } from "./cow_check.ts";
import type { CowCheckOptions, CowCheckReport, CowFinding } from "./cow_findings.ts";

/** What a repair did. */
export interface CowRepairReport {
  /** What the check said before. */
  readonly before: CowCheckReport;
  /** What was repaired: the first finding of each kind. */
  readonly repaired: readonly CowFinding[];
  /** What the check says now. */
  readonly after: CowCheckReport;
}

/**
 * Checks a COW device, and repairs what takes no guess if that is all that is wrong.
 *
 * @param options What is repaired; `onFinding` is told what the check before the repair finds.
 * @returns What was done.
 * @throws {BlockDeviceError} `EROFS`, `EIO` when the device does not let itself be written; what was
 * not repaired yet is as it was.
 *
 * @example Junk behind the header
 * ```ts
 * import { createMemoryDevice, openSnapshotSync, planCowRepair, runSync } from "cowdisk";
 * import { deepEqual } from "node:assert/strict";
 *
 * const origin = createMemoryDevice({ sectorCount: 2048 });
 * const cow = createMemoryDevice({ sectorCount: 1024 });
 * openSnapshotSync({ origin, cow, chunkSectors: 8 }).closeSync();
 * cow.writeSync(new Uint8Array(512).fill(7), 3);
 *
 * const { repaired, after } = runSync(planCowRepair({ cow, origin }));
 * deepEqual(repaired.map(({ kind }) => kind), ["junkBehindHeader"]);
 * deepEqual(after.counts, { errors: 0, warnings: 0, notes: 0 });
 * ```
 */
export function* planCowRepair(options: CowCheckOptions): Plan<CowRepairReport> {
  const examination = yield* planExamination(options);
  const { report, tally } = examination;
  const repaired = tally.hopelessCount > 0 ? [] : [...tally.repairable.values()];
  if (repaired.length === 0) return { before: report, repaired, after: report };
  const { repairable } = tally;
  if (repairable.has("oddValidWord") || repairable.has("junkBehindHeader")) {
    yield* planHeaderRepair(options.cow, report.chunkSectors);
  }
  if (repairable.has("staleTail") || repairable.has("unreadableTail")) {
    yield* planTailRepair(options.cow, report.chunkSectors, examination.end);
  }
  const { onFinding: _, ...quietly } = options;
  return { before: report, repaired, after: yield* planCowCheck(quietly) };
}

function* planHeaderRepair(cow: BlockDevice, chunkSectors: number): Plan {
  const { logicalSectors } = cow.limits;
  const block = new Uint8Array(sectorsToBytes(logicalSectors));
  encodeHeader(block, true, chunkSectors);
  yield writeStep(cow, block, 0);
  const rest = chunkSectors - logicalSectors;
  if (rest > 0) yield zeroStep(cow, logicalSectors, rest);
  yield flushStep(cow);
}

function* planTailRepair(
  cow: BlockDevice,
  chunkSectors: number,
  end: CowExamination["end"],
): Plan {
  if (end === null) return;
  const layout = new AreaLayout(chunkSectors);
  const areaSector = layout.areaChunk(end.area) * chunkSectors;
  const { logicalSectors } = cow.limits;
  const block = new Uint8Array(sectorsToBytes(logicalSectors));
  const endBytes = end.entryCount * ENTRY_BYTES;
  const blockIndex = Math.floor(endBytes / block.length);
  const offsetBytes = blockIndex * block.length;
  if (endBytes > offsetBytes) {
    yield readStep(cow, block, areaSector + blockIndex * logicalSectors);
    block.fill(0, endBytes - offsetBytes);
  }
  yield* planClearTail(cow, {
    areaSector,
    areaBytes: layout.chunkBytes,
    offsetBytes,
    block: () => block,
  });
}

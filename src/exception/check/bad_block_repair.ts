/**
 * The repair of a bad-block table: only what takes no guess.
 *
 * | found | repair |
 * |---|---|
 * | a copy of a sector that is damaged, unreadable or behind | written anew from the other one |
 * | a formatting that was interrupted | ended |
 * | a wrong number of slots in use | counted, and written as a new edition |
 *
 * As long as there is an error **nothing** is written, so that whoever knows more finds the table as
 * it was.
 *
 * **Order**: a good copy is only written once the other one is good too, so a loss of power at any
 * point leaves one of them. It is durable when the plan ends. A second repair finds nothing left, but
 * what the device does not let itself be written.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Plan } from "../../block/plan.ts";
import { planBadBlockCheck, planBadBlockExamination } from "./bad_block_check.ts";
import type {
  BadBlockCheckOptions,
  BadBlockCheckReport,
  BadBlockFinding,
  BadBlockFindingKind,
} from "./bad_block_findings.ts";

/** What a repair did. */
export interface BadBlockRepairReport {
  /** What the check said before. */
  readonly before: BadBlockCheckReport;
  /** What was repaired: the first finding of each kind of which none is left. */
  readonly repaired: readonly BadBlockFinding[];
  /** What the check says now. */
  readonly after: BadBlockCheckReport;
}

/**
 * Checks a bad-block table, and repairs what takes no guess if that is all that is wrong.
 *
 * @param options What is repaired; `onFinding` is told what the check before the repair finds.
 * @returns What was done. What the device did not let itself be written is found again, in `after`.
 * @throws {BlockDeviceError} What is not the medium's failure: `ESHUTDOWN`, `ENOTSUP`, ….
 *
 * @example One copy of two was overwritten
 * ```ts
 * import { createMemoryDevice, openBadBlockSync, planBadBlockRepair, runSync } from "cowdisk";
 * import { deepEqual } from "node:assert/strict";
 *
 * const device = createMemoryDevice({ sectorCount: 128 });
 * const layout = {
 *   device,
 *   startSector: 0,
 *   sectorCount: 64,
 *   copySectors: [64, 65] as const,
 *   tableSectors: 1,
 *   spareSector: 66,
 *   spareCount: 31,
 *   blockSectors: 1,
 * };
 * openBadBlockSync(layout).closeSync();
 * device.writeSync(new Uint8Array(512).fill(7), 65);
 *
 * const { repaired, after } = runSync(planBadBlockRepair({ layout }));
 * deepEqual(repaired.map(({ kind }) => kind), ["damagedCopy"]);
 * deepEqual(after.counts, { errors: 0, warnings: 0, notes: 0 });
 * ```
 */
export function* planBadBlockRepair(options: BadBlockCheckOptions): Plan<BadBlockRepairReport> {
  const { report, tally, copies, miscounted } = yield* planBadBlockExamination(options);
  if (tally.hopelessCount > 0 || tally.repairable.size === 0) {
    return { before: report, repaired: [], after: report };
  }
  yield* copies.mend();
  if (copies.areWhole.every((isWhole) => isWhole)) {
    for (const index of miscounted) yield* copies.write(index);
  }
  const left = new Set<BadBlockFindingKind>();
  const { layout } = options;
  const after = yield* planBadBlockCheck({ layout, onFinding: ({ kind }) => void left.add(kind) });
  const repaired = [...tally.repairable.values()].filter(({ kind }) => !left.has(kind));
  return { before: report, repaired, after };
}

/**
 * The check of a bad-block table: everything that is wrong with it, not only the first thing.
 *
 * Both copies are read as the loader reads them (`../relocation/table_copies.ts`), with the same
 * rules, and compared sector by sector. Nothing is written, and no number in the table is trusted.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Plan } from "../../block/plan.ts";
import type { RelocationLayout } from "../relocation/relocation_store.ts";
import { slotFault } from "../relocation/slot_faults.ts";
import { faultOf, type SectorFindings, TableCopies } from "../relocation/table_copies.ts";
import { SLOTS_PER_SECTOR, TableSector } from "../relocation/table_sector.ts";
import {
  BAD_BLOCK_FINDING_RULES,
  type BadBlockCheckOptions,
  type BadBlockCheckReport,
  type BadBlockFindingKind,
  type BadBlockTableState,
} from "./bad_block_findings.ts";
import { FindingTally } from "./findings.ts";

/** A check with what a repair needs to know. */
export interface BadBlockExamination {
  /** What the check says. */
  readonly report: BadBlockCheckReport;
  /** What can be repaired, and what cannot. */
  readonly tally: FindingTally<BadBlockFindingKind>;
  /** The copies, read. */
  readonly copies: TableCopies;
  /** Sectors that say a wrong number of slots in use. */
  readonly miscounted: readonly number[];
}

type Tally = FindingTally<BadBlockFindingKind>;

const COPY_WORDS = ["first", "second"] as const;
const COPY_KINDS = {
  unreadable: "unreadableCopy",
  blank: "blankCopy",
  damaged: "damagedCopy",
  senseless: "senselessCopy",
} as const;

/**
 * Checks a bad-block table.
 *
 * @param options What is checked, and who is told of findings.
 * @returns What the check says of the whole.
 * @throws {BlockDeviceError} What is not the medium's failure: `ESHUTDOWN`, `ENOTSUP`, ….
 *
 * @example One copy of two was overwritten
 * ```ts
 * import { createMemoryDevice, openBadBlockSync, planBadBlockCheck, runSync } from "cowdisk";
 * import { deepEqual, equal } from "node:assert/strict";
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
 * const kinds: string[] = [];
 * const onFinding = ({ kind }: { kind: string }) => void kinds.push(kind);
 * const { state, counts } = runSync(planBadBlockCheck({ layout, onFinding }));
 * equal(state, "usable");
 * deepEqual(kinds, ["damagedCopy"]);
 * deepEqual(counts, { errors: 0, warnings: 1, notes: 0 });
 * ```
 */
export function* planBadBlockCheck(options: BadBlockCheckOptions): Plan<BadBlockCheckReport> {
  return (yield* planBadBlockExamination(options)).report;
}

/**
 * As {@linkcode planBadBlockCheck}, with what a repair needs to know.
 *
 * @param options What is checked.
 * @returns The report and more.
 */
export function* planBadBlockExamination(
  { layout, onFinding }: BadBlockCheckOptions,
): Plan<BadBlockExamination> {
  const tally: Tally = new FindingTally(BAD_BLOCK_FINDING_RULES, onFinding ?? (() => {}));
  const copies = new TableCopies({
    device: layout.device,
    copySectors: layout.copySectors,
    spareCount: layout.spareCount,
    slotFault: (sector, slot, index) => slotFault(layout, sector, slot, index),
  });
  const sectors = yield* copies.examine();
  const state = tellOfSectors(sectors, copies, tally);
  const miscounted = state === "blank" ? [] : tellOfCounts(sectors, copies, tally);
  const counts = tellOfSlots(layout, copies, tally);
  const report = { state, counts: tally.counts, spareCount: layout.spareCount, ...counts };
  return { report, tally, copies, miscounted };
}

/** What a table with zeroes in both copies is. */
function zeroesOf(sectors: readonly SectorFindings[], copies: TableCopies) {
  const blankCount = sectors.filter(({ verdict }) => verdict === "blank").length;
  if (blankCount === sectors.length) return "blank";
  return blankCount > 0 && copies.isUnfinished ? "unfinished" : "zeroSector";
}

function tellOfSectors(
  sectors: readonly SectorFindings[],
  copies: TableCopies,
  tally: Tally,
): BadBlockTableState {
  const zeroes = zeroesOf(sectors, copies);
  if (zeroes === "blank") {
    tally.add("blank", "it is zeroes: it holds no relocations, and would start afresh");
    return "blank";
  }
  for (const [area, { copies: pair, verdict }] of sectors.entries()) {
    if (verdict === "blank") {
      const why = zeroes === "unfinished"
        ? "its formatting was interrupted"
        : "there are relocations beside it";
      tally.add(zeroes, `its sector ${area} is zeroes in both copies: ${why}`, { area });
    } else if (verdict === "lost") tally.add("lostSector", faultOf(area, pair), { area });
    else if (verdict === "split") tally.add("splitSector", faultOf(area, pair), { area });
    else if (verdict !== "both") tellOfCopy(area, pair, verdict, tally);
  }
  return tally.counts.errors === 0 ? "usable" : "refused";
}

/** Tells what is wrong with the copy that is not used. */
function tellOfCopy(
  area: number,
  pair: SectorFindings["copies"],
  used: "first" | "second",
  tally: Tally,
): void {
  const copy = used === "first" ? 1 : 0;
  const finding = pair[copy];
  const subject = `the ${COPY_WORDS[copy]} copy of its sector ${area}`;
  if (!("bytes" in finding)) {
    return tally.add(COPY_KINDS[finding.kind], `${subject} ${finding.fault}`, { area });
  }
  const other = pair[copy === 0 ? 1 : 0];
  const later = "bytes" in other ? new TableSector(other.bytes).sequence : 0;
  const { sequence } = new TableSector(finding.bytes);
  tally.add("staleCopy", `${subject} is edition ${sequence}, the other one ${later}`, { area });
}

/** Tells of sectors whose number of slots in use is wrong; EVMS's module would stop reading there. */
function tellOfCounts(
  sectors: readonly SectorFindings[],
  copies: TableCopies,
  tally: Tally,
): number[] {
  const miscounted: number[] = [];
  for (const [area, { verdict }] of sectors.entries()) {
    if (verdict === "blank" || verdict === "lost" || verdict === "split") continue;
    const { usedCount, slotsInUse } = copies.sector(area);
    if (usedCount === slotsInUse) continue;
    miscounted.push(area);
    const words = `its sector ${area} says that ${usedCount} slots are in use, but it is ` +
      `${slotsInUse}: older programs lose what is behind`;
    tally.add("wrongUsedCount", words, { area });
  }
  return miscounted;
}

/** Counts relocations, and tells of blocks that stand twice and of spares that were left behind. */
function tellOfSlots(
  { spareSector, spareCount, blockSectors, startSector }: RelocationLayout,
  copies: TableCopies,
  tally: Tally,
) {
  const spareOf = new Map<number, number>();
  let [retiredCount, freeCount, leakedCount] = [0, 0, 0];
  for (let spare = 0; spare < spareCount; spare++) {
    const [area, entry] = [Math.floor(spare / SLOTS_PER_SECTOR), spare % SLOTS_PER_SECTOR];
    const slot = copies.sector(area).slot(entry, spareSector + spare * blockSectors);
    if (slot === "free") {
      freeCount++;
      continue;
    }
    leakedCount += freeCount;
    freeCount = 0;
    if (typeof slot !== "number") {
      retiredCount++;
      continue;
    }
    const earlier = spareOf.get(slot);
    if (earlier !== undefined) {
      leakedCount++;
      const words = `spares ${earlier} and ${spare} both hold the block at sector ` +
        `${slot - startSector}: the later one counts`;
      tally.add("blockTwice", words, { area, entry });
    }
    spareOf.set(slot, spare);
  }
  if (leakedCount > 0) {
    tally.add("leakedSpares", `${leakedCount} spares were left behind, and hold nothing in use`);
  }
  return { relocatedCount: spareOf.size, retiredCount, leakedCount };
}

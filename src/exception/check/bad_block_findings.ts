/**
 * What can be found in a bad-block table, and what its check says of it as a whole.
 *
 * The severities keep one law: there is no error exactly when a bad-block target opens with what is
 * stored, or takes up a formatting that was interrupted. One copy of a sector that is lost, or behind
 * after a loss of power, is a warning: the other one counts.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { RelocationLayout } from "../relocation/relocation_store.ts";
import type { Finding, FindingCounts, FindingRule } from "./findings.ts";

/** The name of something that can be found. */
export type BadBlockFindingKind =
  | "blank"
  | "unfinished"
  | "zeroSector"
  | "lostSector"
  | "splitSector"
  | "unreadableCopy"
  | "blankCopy"
  | "damagedCopy"
  | "senselessCopy"
  | "staleCopy"
  | "wrongUsedCount"
  | "blockTwice"
  | "leakedSpares";

const ERROR: FindingRule = { severity: "error" };
const NOTE: FindingRule = { severity: "note" };
const COPY: FindingRule = { severity: "warning", isRepairable: true };

/** The rules. */
export const BAD_BLOCK_FINDING_RULES: Readonly<Record<BadBlockFindingKind, FindingRule>> = {
  // Both copies of a sector.
  blank: ERROR,
  unfinished: COPY,
  zeroSector: ERROR,
  lostSector: ERROR,
  splitSector: ERROR,
  // One copy, where the other one counts.
  unreadableCopy: COPY,
  blankCopy: COPY,
  damagedCopy: COPY,
  senselessCopy: COPY,
  staleCopy: COPY,
  // What the table says.
  wrongUsedCount: COPY,
  blockTwice: NOTE,
  leakedSpares: NOTE,
};

/** Something that was found in a bad-block table. `area` is a sector of it, `entry` a slot. */
export type BadBlockFinding = Finding<BadBlockFindingKind>;

/** What opening comes to: the relocations are used, there is no table and it starts afresh, refused. */
export type BadBlockTableState = "usable" | "blank" | "refused";

/** What is checked. */
export interface BadBlockCheckOptions {
  /** Where everything lies; the table is what is checked, and the only thing that is read. */
  readonly layout: RelocationLayout;
  /** Told of every finding, as it is found. */
  readonly onFinding?: (finding: BadBlockFinding) => void;
}

/** What a check says of the whole. */
export interface BadBlockCheckReport {
  /** What opening it comes to. */
  readonly state: BadBlockTableState;
  /** How many findings there were. */
  readonly counts: FindingCounts;
  /** Spares there are. */
  readonly spareCount: number;
  /** Blocks that are relocated, as far as the table can be read. */
  readonly relocatedCount: number;
  /** Spares that are bad themselves. */
  readonly retiredCount: number;
  /** Spares that will not be handed out, and hold nothing: left behind. */
  readonly leakedCount: number;
}

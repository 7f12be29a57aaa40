/**
 * What can be found on a persistent COW device, and what its check says of it as a whole.
 *
 * The severities keep one law: there is no error exactly when a snapshot of the given origin opens
 * with the exceptions that are stored.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import type { Finding, FindingCounts, FindingRule } from "./findings.ts";

/** The name of something that can be found. */
export type CowFindingKind =
  | "tooSmall"
  | "unreadableHeader"
  | "blank"
  | "foreignMagic"
  | "unusableChunkSize"
  | "unknownVersion"
  | "invalid"
  | "oddValidWord"
  | "junkBehindHeader"
  | "oldChunkOutside"
  | "newChunkOutside"
  | "newChunkTopByte"
  | "newChunkOnMetadata"
  | "oldChunkTwice"
  | "newChunkTwice"
  | "unreadableArea"
  | "unreadableTail"
  | "staleTail"
  | "noSuccessor"
  | "doubtfulEnd"
  | "shrunk"
  | "leakedChunks"
  | "outOfOrder";

const ERROR: FindingRule = { severity: "error" };
const NOTE: FindingRule = { severity: "note" };

/** The rules, in the order in which they are looked at. */
export const COW_FINDING_RULES: Readonly<Record<CowFindingKind, FindingRule>> = {
  // The header.
  tooSmall: ERROR,
  unreadableHeader: ERROR,
  blank: ERROR,
  foreignMagic: ERROR,
  unusableChunkSize: ERROR,
  unknownVersion: ERROR,
  invalid: ERROR,
  oddValidWord: { severity: "note", isRepairable: true },
  junkBehindHeader: { severity: "note", isRepairable: true },
  // Entries.
  oldChunkOutside: ERROR,
  newChunkOutside: ERROR,
  newChunkTopByte: ERROR,
  newChunkOnMetadata: ERROR,
  oldChunkTwice: ERROR,
  newChunkTwice: ERROR,
  // Areas. What lies behind the end is not needed: written anew, it can be read.
  unreadableArea: ERROR,
  unreadableTail: { severity: "error", isRepairable: true },
  staleTail: { severity: "warning", isRepairable: true },
  noSuccessor: ERROR,
  // The whole.
  doubtfulEnd: NOTE,
  shrunk: NOTE,
  leakedChunks: NOTE,
  outOfOrder: NOTE,
};

/** Something that was found on a COW device. */
export type CowFinding = Finding<CowFindingKind>;

/**
 * What opening a snapshot on a COW device comes to: the exceptions are used, they were given up
 * before, there are none and it starts afresh, it is refused.
 */
export type CowState = "usable" | "invalid" | "blank" | "refused";

/** What is checked. */
export interface CowCheckOptions {
  /** The COW device. */
  readonly cow: BlockDevice;
  /** The device it holds exceptions of. Left out: old chunks are taken as they are. */
  readonly origin?: BlockDevice;
  /** Told of every finding, as it is found. */
  readonly onFinding?: (finding: CowFinding) => void;
}

/** What a check says of the whole. */
export interface CowCheckReport {
  /** What opening it comes to. */
  readonly state: CowState;
  /** How many findings there were. */
  readonly counts: FindingCounts;
  /** Sectors in a chunk; 0 when the header does not tell. */
  readonly chunkSectors: number;
  /** Areas that were read. */
  readonly areaCount: number;
  /** Entries in front of the end of the list. */
  readonly exceptionCount: number;
  /** Data chunks that exceptions stand for. */
  readonly usedChunks: number;
  /** Data chunks that were handed out, and that no exception stands for. */
  readonly leakedChunks: number;
}

/**
 * Checking the header of a persistent COW device, and what lies behind it in its chunk.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import type { Plan } from "../../block/plan.ts";
import { bytesToSectors, sectorsToBytes } from "../../block/units.ts";
import { isZeroBytes } from "../../devices/byte_scan.ts";
import { AreaLayout, decodeHeader, type DiskHeader, HEADER_BYTES } from "../store/disk_format.ts";
import { headerFaults } from "../store/header_faults.ts";
import type { CowCheckOptions, CowFindingKind, CowState } from "./cow_findings.ts";
import type { FindingTally } from "./findings.ts";
import { planSalvage } from "./salvage.ts";

/** What is behind the header is read in pieces of at most this size. */
const PIECE_BYTES = 64 * 1024;

/** What a header comes to. */
export interface CheckedHeader {
  /** What opening the device comes to, as far as the header says. */
  readonly state: CowState;
  /** Sectors in a chunk; 0 when the header does not tell. */
  readonly chunkSectors: number;
}

/**
 * Checks the header.
 *
 * @param options What is checked.
 * @param tally Told what is found.
 * @returns What it comes to.
 */
export function* planHeaderCheck(
  { cow, origin }: CowCheckOptions,
  tally: FindingTally<CowFindingKind>,
): Plan<CheckedHeader> {
  const blockBytes = sectorsToBytes(cow.limits.logicalSectors);
  if (sectorsToBytes(cow.sectorCount) < blockBytes) {
    tally.add("tooSmall", `it has ${cow.sectorCount} sectors, too few for a header`);
    return { state: "refused", chunkSectors: 0 };
  }
  const block = new Uint8Array(blockBytes);
  if ((yield* planSalvage(cow, block, 0)).length > 0) {
    tally.add("unreadableHeader", "its header cannot be read");
    return { state: "refused", chunkSectors: 0 };
  }
  const header = decodeHeader(block);
  const state = stateOf(header, cow, origin === undefined ? [cow] : [origin, cow], tally);
  const chunkSectors = state === "blank" || state === "refused" ? 0 : header.chunkSectors;
  if (state === "usable") {
    const { valid } = header;
    if (valid !== 1) {
      tally.add("oddValidWord", `its header says valid with ${valid} instead of 1`);
    }
    yield* planJunkCheck(cow, block, chunkSectors, tally);
  }
  return { state, chunkSectors };
}

function stateOf(
  header: DiskHeader,
  cow: BlockDevice,
  devices: readonly BlockDevice[],
  tally: FindingTally<CowFindingKind>,
): CowState {
  if (header.magic === 0) {
    const isSuspect = headerFaults({ ...header, magic: 0x70416e53 }, devices).length === 0;
    const more = isSuspect ? ", although a version and a chunk size follow it" : "";
    tally.add(
      "blank",
      `its magic is zero${more}: it holds no exceptions, and a snapshot on it would start afresh`,
    );
    return "blank";
  }
  const faults = headerFaults(header, devices);
  for (const { kind, clause } of faults) tally.add(kind, clause);
  if (faults.length > 0) return "refused";
  const wantedSectors = new AreaLayout(header.chunkSectors).areaEndSector(0);
  if (cow.sectorCount < wantedSectors) {
    tally.add(
      "tooSmall",
      `it has ${cow.sectorCount} sectors, want at least ${wantedSectors} for chunks of ` +
        `${header.chunkSectors}`,
    );
    return "refused";
  }
  if (header.valid !== 0) return "usable";
  tally.add(
    "invalid",
    "it is marked invalid: its exceptions must not be used, and are not checked",
  );
  return "invalid";
}

/** Nothing is kept behind the header; the first piece with something all the same is told. */
function* planJunkCheck(
  cow: BlockDevice,
  block: Uint8Array,
  chunkSectors: number,
  tally: FindingTally<CowFindingKind>,
): Plan {
  const tell = (sector: number, count: number) =>
    tally.add(
      "junkBehindHeader",
      `behind its header, in sectors ${sector} to ${sector + count - 1}, there is something that ` +
        "is not zeroes, or cannot be read",
    );
  if (!isZeroBytes(block, HEADER_BYTES, block.length)) {
    return tell(0, bytesToSectors(block.length));
  }
  const chunkBytes = sectorsToBytes(chunkSectors);
  const piece = new Uint8Array(Math.min(PIECE_BYTES, chunkBytes - block.length));
  for (let start = block.length; start < chunkBytes; start += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, chunkBytes - start));
    const gaps = yield* planSalvage(cow, part, bytesToSectors(start));
    if (gaps.length > 0 || !isZeroBytes(part, 0, part.length)) {
      return tell(bytesToSectors(start), bytesToSectors(part.length));
    }
  }
}

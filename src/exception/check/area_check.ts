/**
 * Checking the areas of a persistent COW device, entry by entry, until the list ends.
 *
 * It reads as the loader does (`../store/area_reader.ts`), with the same rules, and goes on where the
 * loader gives up. **Doubt**: once part of an area could not be read, nobody knows whether the list
 * ended there. What follows is taken for entries as long as it makes sense; what does not is not
 * told as an error, but as the place where reading ended.
 *
 * Memory: a piece of an area, and the claims. Time: every sector of metadata is read once, and, where
 * that fails, once more by itself.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import type { Plan } from "../../block/plan.ts";
import { bytesToSectors } from "../../block/units.ts";
import { isZeroBytes } from "../../devices/byte_scan.ts";
import { ENTRY_BYTES, entryNewChunk, entryOldChunk } from "../store/disk_format.ts";
import type { EntryBounds, EntryFault } from "../store/entry_faults.ts";
import type { CowFindingKind } from "./cow_findings.ts";
import type { EntryClaims } from "./entry_claims.ts";
import type { FindingPlace, FindingTally } from "./findings.ts";
import { type Gap, planSalvage } from "./salvage.ts";

/** Areas are read in pieces of at most this size. */
const PIECE_BYTES = 64 * 1024;

/** Where an entry stands, for people. */
function wordsFor(entry: number, area: number): string {
  return `entry ${entry} of area ${area}`;
}

/** One reading of the list. */
export class AreaCheck {
  /** Entries in front of the end. */
  exceptionCount = 0;
  /** The area that is read, and at last the one with the end. */
  area = 0;
  /** Entries in it, or places for entries where it could not be read. */
  entryCount = 0;
  /** Whether the end of the list was found, and nothing in front of it was unreadable. */
  isEndKnown = false;
  /** How large the device must have been, in chunks, if chunks outside of it were in order. */
  formerEndChunk = 0;
  readonly #cow: BlockDevice;
  readonly #bounds: EntryBounds;
  readonly #claims: EntryClaims;
  readonly #tally: FindingTally<CowFindingKind>;
  readonly #piece: Uint8Array;
  readonly #view: DataView;
  #isInDoubt = false;

  /**
   * A reading that has not begun.
   *
   * @param cow The COW device.
   * @param bounds What entries are checked against.
   * @param claims Takes the chunks of every entry.
   * @param tally Told what is found.
   */
  constructor(
    cow: BlockDevice,
    bounds: EntryBounds,
    claims: EntryClaims,
    tally: FindingTally<CowFindingKind>,
  ) {
    this.#cow = cow;
    this.#bounds = bounds;
    this.#claims = claims;
    this.#tally = tally;
    this.#piece = new Uint8Array(Math.min(bounds.layout.chunkBytes, PIECE_BYTES));
    this.#view = new DataView(this.#piece.buffer);
  }

  /** Reads to the end of the list, or of the device. */
  *read(): Plan {
    const { layout, newChunkEnd } = this.#bounds;
    for (; layout.areaChunk(this.area) < newChunkEnd; this.area++) {
      this.entryCount = 0;
      for (let offset = 0; offset < layout.chunkBytes; offset += this.#piece.length) {
        const gaps = yield* this.#readPiece(offset);
        const endIndex = this.#takeEntries(gaps);
        if (endIndex < 0) continue;
        this.isEndKnown = !this.#isInDoubt;
        yield* this.#checkTail(offset, endIndex, gaps);
        return;
      }
    }
    this.area--;
    if (this.#isInDoubt) return;
    this.isEndKnown = true;
    this.#tally.add(
      "noSuccessor",
      `area ${this.area} is full, and the device ends in front of the next one`,
      { area: this.area },
    );
  }

  *#readPiece(offsetBytes: number): Plan<readonly Gap[]> {
    const { layout } = this.#bounds;
    const sector = layout.areaChunk(this.area) * layout.chunkSectors + bytesToSectors(offsetBytes);
    return yield* planSalvage(this.#cow, this.#piece, sector);
  }

  /** Takes the entries of a piece; tells at which the list ends, or -1. */
  #takeEntries(gaps: readonly Gap[]): number {
    const count = this.#piece.length / ENTRY_BYTES;
    for (let index = 0; index < count;) {
      const gap = gaps.find(({ startBytes }) => startBytes === index * ENTRY_BYTES);
      if (gap !== undefined) {
        const lost = (gap.endBytes - gap.startBytes) / ENTRY_BYTES;
        this.#tellGap("unreadableArea", this.entryCount, lost);
        this.#isInDoubt = true;
        this.entryCount += lost;
        index += lost;
        continue;
      }
      const newChunk = entryNewChunk(this.#view, index);
      if (newChunk === 0 || !this.#takeEntry(entryOldChunk(this.#view, index), newChunk)) {
        return index;
      }
      this.entryCount++;
      this.exceptionCount++;
      index++;
    }
    return -1;
  }

  #tellGap(kind: "unreadableArea" | "unreadableTail", entry: number, count: number): void {
    const { area } = this;
    const words = `${wordsFor(entry, area)} and the ${count - 1} behind it cannot be read`;
    this.#tally.add(kind, words, { area, entry });
  }

  /** Checks an entry; tells whether the list goes on. */
  #takeEntry(oldChunk: number, newChunk: number): boolean {
    const oldFault = this.#bounds.oldChunkFault(oldChunk);
    const newFault = this.#bounds.newChunkFault(newChunk);
    const { area, entryCount: entry } = this;
    if (this.#isInDoubt && (oldFault ?? newFault) !== null) {
      const words = `${wordsFor(entry, area)} makes no sense, behind what could not be read: ` +
        "reading ends there";
      this.#tally.add("doubtfulEnd", words, { area, entry });
      return false;
    }
    const place = area * this.#bounds.layout.entriesPerArea + entry;
    if (oldFault === null) {
      const owner = this.#claims.claimOld(oldChunk, place);
      if (owner >= 0) this.#tellTwice("oldChunkTwice", "old", oldChunk, owner);
    } else this.#tellFault(oldFault, oldChunk);
    if (newFault === null) {
      const owner = this.#claims.claimNew(newChunk, place);
      if (owner >= 0) this.#tellTwice("newChunkTwice", "new", newChunk, owner);
    } else {
      this.#tellFault(newFault, newChunk);
      const inOrder = this.#bounds.layout.chunkInOrder(place);
      if (newFault.kind === "newChunkOutside" && newChunk === inOrder) {
        this.formerEndChunk = newChunk + 1;
      }
    }
    return true;
  }

  #tellFault({ kind, clause }: EntryFault, chunk: number): void {
    const { area, entryCount: entry } = this;
    const more = kind === "newChunkTopByte"
      ? ", and Linux takes its top byte for the length of a run"
      : "";
    const place: FindingPlace = { area, entry, chunk };
    this.#tally.add(kind, `${wordsFor(entry, area)} has ${clause}${more}`, place);
  }

  #tellTwice(
    kind: "oldChunkTwice" | "newChunkTwice",
    word: string,
    chunk: number,
    owner: number,
  ): void {
    const { area, entryCount: entry } = this;
    const { entriesPerArea } = this.#bounds.layout;
    const other = wordsFor(owner % entriesPerArea, Math.floor(owner / entriesPerArea));
    const words = `${wordsFor(entry, area)} has ${word} chunk ${chunk}, which ${other} has already`;
    this.#tally.add(kind, words, { area, entry, chunk });
  }

  /** Looks for what lies behind the end; like the loader, no further than to the first of it. */
  *#checkTail(endOffset: number, endIndex: number, endGaps: readonly Gap[]): Plan {
    const { chunkBytes } = this.#bounds.layout;
    let startBytes = endIndex * ENTRY_BYTES;
    let gaps = endGaps;
    for (let offset = endOffset;;) {
      for (const gap of gaps) {
        if (gap.startBytes < startBytes) continue;
        const lost = (gap.endBytes - gap.startBytes) / ENTRY_BYTES;
        this.#tellGap("unreadableTail", (offset + gap.startBytes) / ENTRY_BYTES, lost);
      }
      if (this.isEndKnown && !isZeroBytes(this.#piece, startBytes, this.#piece.length)) {
        const { area, entryCount: entry } = this;
        const words = `behind the end of the list, from ${wordsFor(entry, area)} on, ` +
          "there are bytes of an earlier life: older programs bring them back";
        return this.#tally.add("staleTail", words, { area, entry });
      }
      offset += this.#piece.length;
      if (offset >= chunkBytes) return;
      gaps = yield* this.#readPiece(offset);
      startBytes = 0;
    }
  }
}

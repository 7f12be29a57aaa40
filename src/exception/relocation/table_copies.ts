/**
 * The two copies of a bad-block table, either of which can be lost or torn.
 *
 * **State**: an image in memory of the newest edition of every table sector, and per copy which of its
 * sectors are known not to hold that.
 *
 * **Reading**: of each table sector, the copy with the later sequence number wins; one that cannot be
 * read, whose checksum is wrong or whose slots make no sense does not count. Copies of one table may
 * so complement each other sector by sector. Refused: a sector of which neither copy counts, and two
 * copies of the same edition that differ.
 *
 * **Writing**: a sector gets the next sequence number and goes durably to the first copy and then,
 * once it is there, to the second. So at any moment at least one of them is whole. A copy that cannot
 * be written is left behind, and tried again with the next change; when both fail, so does the change,
 * and the image is as before. While a sector is in neither copy no other one is changed.
 *
 * **A fresh table** is one whose copies are nothing but zeroes. {@linkcode TableCopies.mend} writes it, sector 0
 * first and durably in both copies, so that an interrupted formatting (sector 0 holds no relocation, the rest is zeroes
 * or the same) can be told from a damaged table, and is taken up again.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { assert, BlockDeviceError, codeOf } from "../../block/errors.ts";
import { type Plan, readStep, writeStep } from "../../block/plan.ts";
import { divCeil, SECTOR_BYTES } from "../../block/units.ts";
import { isLater, SLOTS_PER_SECTOR, TableSector } from "./table_sector.ts";

/** Copies are read in pieces of at most this size. */
const PIECE_SECTORS = 128;

/** An edition that no copy has seen, even if one was missing while the other went on. */
const EDITIONS_SKIPPED = 16;

/** Where a table lies. */
export interface TablePlace {
  /** The device. */
  readonly device: BlockDevice;
  /** The first sector of each copy. */
  readonly copySectors: readonly [number, number];
  /** How many spares it is for. */
  readonly spareCount: number;
  /** What is wrong with a slot of a sector whose frame is whole; `null` when nothing is. */
  readonly slotFault: (sector: TableSector, slotIndex: number, tableIndex: number) => string | null;
}

/** What one copy of a table sector came to: bytes that count, or what is wrong with it. */
export type CopyFinding = { readonly bytes: Uint8Array } | {
  readonly kind: "unreadable" | "blank" | "damaged" | "senseless";
  /** The end of the sentence "it …". */
  readonly fault: string;
};

/** What both copies of a table sector came to. */
export interface SectorFindings {
  /** Each copy. */
  readonly copies: readonly [CopyFinding, CopyFinding];
  /**
   * Which one is used: `both` are the same, `first` or `second` is the only one or the later one. Or
   * none: both are zeroes, both are lost, or both count, differ, and neither is the later.
   */
  readonly verdict: "both" | "first" | "second" | "blank" | "lost" | "split";
}

/** Two copies of a table, and what they say. */
export class TableCopies {
  /** Table sectors that are in use; a table may be longer on the device. */
  readonly sectorCount: number;
  readonly #place: TablePlace;
  readonly #image: Uint8Array;
  readonly #blockSectors: number;
  /** By copy, the table sectors that do not hold what the image does. */
  readonly #behind: readonly [Set<number>, Set<number>] = [new Set(), new Set()];

  /**
   * Copies, not read yet.
   *
   * @param place Where they lie.
   */
  constructor(place: TablePlace) {
    this.#place = place;
    this.#blockSectors = place.device.limits.logicalSectors;
    this.sectorCount = divCeil(place.spareCount, SLOTS_PER_SECTOR);
    const imageSectors = divCeil(this.sectorCount, this.#blockSectors) * this.#blockSectors;
    this.#image = new Uint8Array(imageSectors * SECTOR_BYTES);
  }

  /** Whether each copy is whole, as far as is known. */
  get areWhole(): readonly [boolean, boolean] {
    return [this.#behind[0].size === 0, this.#behind[1].size === 0];
  }

  /**
   * A table sector in memory.
   *
   * @param index Which.
   * @returns The newest edition; to be changed by {@linkcode write} alone.
   */
  sector(index: number): TableSector {
    return new TableSector(this.#bytesOf(index));
  }

  /**
   * Reads both copies.
   *
   * @returns Whether there was a table.
   * @throws {BlockDeviceError} `EINVAL` when there are only remains of one, and what is not the
   * medium's failure: `ENOTSUP`, `EAGAIN`, ….
   */
  *read(): Plan<"fresh" | "loaded"> {
    const faults: string[] = [];
    let blankCount = 0;
    for (const [index, { copies, verdict }] of (yield* this.examine()).entries()) {
      if (verdict === "blank") blankCount++;
      else if (verdict === "split" || verdict === "lost") faults.push(faultOf(index, copies));
    }
    if (faults.length > 0) throw this.#refuse(faults.join("; "));
    if (blankCount === this.sectorCount) return "fresh";
    if (blankCount === 0) return "loaded";
    if (this.isUnfinished) return "fresh";
    throw this.#refuse(
      `${blankCount} of its ${this.sectorCount} sectors are zeroes in both copies`,
    );
  }

  /** Whether nothing can have been relocated: spares of sector 0 are used first, and none of them is. */
  get isUnfinished(): boolean {
    return this.sector(0).frameFault() === null && this.sector(0).isEmpty;
  }

  /**
   * Reads both copies, and goes on where {@linkcode read} would refuse.
   *
   * @returns What every table sector came to. In memory there are those that are used, and zeroes.
   * @throws {BlockDeviceError} What is not the medium's failure.
   */
  *examine(): Plan<SectorFindings[]> {
    const [first, second] = [yield* this.#readCopy(0), yield* this.#readCopy(1)];
    return first.map((one, index) => {
      const other = second[index];
      assert(other !== undefined, "every sector of a copy was looked at");
      const verdict = verdictOf(one, other);
      if (verdict !== "both" && verdict !== "first") this.#behind[0].add(index);
      if (verdict !== "both" && verdict !== "second") this.#behind[1].add(index);
      const used = verdict === "second" ? other : verdict === "split" ? null : one;
      if (used !== null && "bytes" in used) this.#bytesOf(index).set(used.bytes);
      return { copies: [one, other], verdict };
    });
  }

  /**
   * Changes a table sector and writes it, as a new edition, durably.
   *
   * @param index Which.
   * @param change Changes it in memory.
   * @throws {BlockDeviceError} `EIO` when neither copy could be written, and while another sector is
   * in neither: with this change on the device a load would refuse the table for the other's sake.
   */
  *write(index: number, change: (sector: TableSector) => void = () => {}): Plan {
    const missing = [...this.#behind[0]].find((other) =>
      other !== index && this.#behind[1].has(other)
    );
    if (missing !== undefined) throw this.#unwritable(missing);
    yield* this.#writeBoth(index, change);
  }

  *#writeBoth(index: number, change: (sector: TableSector) => void): Plan {
    const before = this.#bytesOf(index).slice();
    const sector = this.sector(index);
    const isAlone = this.#behind[0].has(index) || this.#behind[1].has(index);
    change(sector);
    sector.seal((sector.sequence + (isAlone ? EDITIONS_SKIPPED : 1)) >>> 0);
    const causes = [yield* this.#writeCopy(0, index), yield* this.#writeCopy(1, index)];
    if (causes.includes(null)) return;
    // Neighbours in a larger block are written from the same image: it must stay whole.
    this.#bytesOf(index).set(before);
    throw this.#unwritable(index, causes[0]);
  }

  #unwritable(index: number, cause?: unknown): BlockDeviceError {
    const { name } = this.#place.device;
    const message =
      `Cannot write sector ${index} of the bad-block table on "${name}": both copies fail`;
    return new BlockDeviceError("EIO", message, { device: name, cause });
  }

  /**
   * Brings what is behind up to date, and writes a fresh table, as far as the device lets it. What
   * fails stays behind.
   */
  *mend(): Plan {
    for (let index = 0; index < this.sectorCount; index++) {
      const [isFirstBehind, isSecondBehind] = [
        this.#behind[0].has(index),
        this.#behind[1].has(index),
      ];
      if (isFirstBehind && isSecondBehind) {
        try {
          yield* this.#writeBoth(index, () => {});
        } catch { /* Both copies are known to be behind. */ }
      } else if (isFirstBehind) yield* this.#writeCopy(0, index);
      else if (isSecondBehind) yield* this.#writeCopy(1, index);
    }
  }

  #bytesOf(index: number): Uint8Array {
    return this.#image.subarray(index * SECTOR_BYTES, (index + 1) * SECTOR_BYTES);
  }

  /** Writes the block that a sector lies in; tells what went wrong, or `null`. */
  *#writeCopy(copy: 0 | 1, index: number): Plan<unknown> {
    const { device, copySectors } = this.#place;
    const start = index - (index % this.#blockSectors);
    const bytes = this.#image.subarray(
      start * SECTOR_BYTES,
      (start + this.#blockSectors) * SECTOR_BYTES,
    );
    try {
      yield writeStep(device, bytes, copySectors[copy] + start, true);
    } catch (error) {
      this.#behind[copy].add(index);
      return error;
    }
    this.#behind[copy].delete(index);
    return null;
  }

  *#readCopy(copy: 0 | 1): Plan<CopyFinding[]> {
    const findings: CopyFinding[] = [];
    const unit = this.#blockSectors;
    const pieceSectors = divCeil(PIECE_SECTORS, unit) * unit;
    const imageSectors = this.#image.length / SECTOR_BYTES;
    for (let start = 0; start < imageSectors; start += pieceSectors) {
      const count = Math.min(pieceSectors, imageSectors - start);
      const piece = yield* this.#readPiece(copy, start, count, unit);
      for (let index = start; index < Math.min(start + count, this.sectorCount); index++) {
        findings.push(this.#judge(index, piece[index - start] ?? null));
      }
    }
    return findings;
  }

  /** Reads sectors of a copy together, or, where that fails, block by block. */
  *#readPiece(copy: 0 | 1, start: number, count: number, unit: number) {
    const { device, copySectors } = this.#place;
    const bytes = new Uint8Array(count * SECTOR_BYTES);
    const sectors: (Uint8Array | null)[] = [];
    const take = (from: number, to: number, isRead: boolean) => {
      for (let at = from; at < to; at++) {
        sectors.push(isRead ? bytes.subarray(at * SECTOR_BYTES, (at + 1) * SECTOR_BYTES) : null);
      }
    };
    if (yield* couldRead(device, bytes, copySectors[copy] + start)) {
      take(0, count, true);
      return sectors;
    }
    for (let at = 0; at < count; at += unit) {
      const block = bytes.subarray(at * SECTOR_BYTES, (at + unit) * SECTOR_BYTES);
      const isRead = yield* couldRead(device, block, copySectors[copy] + start + at);
      take(at, at + unit, isRead);
    }
    return sectors;
  }

  #judge(index: number, bytes: Uint8Array | null): CopyFinding {
    if (bytes === null) return { kind: "unreadable", fault: "cannot be read" };
    const sector = new TableSector(bytes);
    if (sector.isBlank) return { kind: "blank", fault: "is zeroes" };
    const frameFault = sector.frameFault();
    if (frameFault !== null) return { kind: "damaged", fault: frameFault };
    for (let slot = 0; slot < SLOTS_PER_SECTOR; slot++) {
      const fault = this.#place.slotFault(sector, slot, index);
      if (fault !== null) return { kind: "senseless", fault };
    }
    return { bytes };
  }

  #refuse(why: string): BlockDeviceError {
    const { name } = this.#place.device;
    return new BlockDeviceError("EINVAL", `Cannot load the bad-block table of "${name}": ${why}`, {
      device: name,
    });
  }
}

/** Which copy of a sector is used. */
function verdictOf(one: CopyFinding, other: CopyFinding): SectorFindings["verdict"] {
  if (!("bytes" in one)) {
    if ("bytes" in other) return "second";
    return one.kind === "blank" && other.kind === "blank" ? "blank" : "lost";
  }
  if (!("bytes" in other)) return "first";
  const [first, second] = [new TableSector(one.bytes), new TableSector(other.bytes)];
  if (isLater(first.sequence, second.sequence)) return "first";
  if (isLater(second.sequence, first.sequence)) return "second";
  return one.bytes.every((byte, at) => byte === other.bytes[at]) ? "both" : "split";
}

/**
 * Why neither copy of a sector is used.
 *
 * @param index Which sector.
 * @param copies What both came to.
 * @returns The end of the sentence "Cannot load the table: …".
 */
export function faultOf(index: number, [one, other]: SectorFindings["copies"]): string {
  if ("bytes" in one && "bytes" in other) {
    const [first, second] = [one, other].map(({ bytes }) => new TableSector(bytes).sequence);
    return first === second
      ? `both copies of its sector ${index} claim to be edition ${first}, and differ`
      : `the copies of its sector ${index} are editions ${first} and ${second}, and neither is the ` +
        "later";
  }
  const words = (finding: CopyFinding) => "bytes" in finding ? "is whole" : finding.fault;
  return `of its sector ${index} the first copy ${words(one)}, the second ${words(other)}`;
}

function* couldRead(device: BlockDevice, target: Uint8Array, sector: number): Plan<boolean> {
  try {
    yield readStep(device, target, sector);
    return true;
  } catch (error) {
    if (codeOf(error) !== "EIO") throw error;
    return false;
  }
}

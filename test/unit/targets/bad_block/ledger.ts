/**
 * The ledger: which contents a sector may have, by what was asked for, answered and made durable.
 *
 * A write has an interval, from its begin to its answer. One that failed, or was never answered, may
 * have been performed or not, in parts as well. So a content is allowed unless some other write that
 * must be there was begun after the content's own write had ended.
 */
import { describeSector, patternOf } from "../../../../src/testing/pattern.ts";
import type { BadBlockEvent } from "../../../../src/targets/mod.ts";
import { FIRST_WRITE, type Places } from "./rig.ts";

/** A write, zeroes or a discard. */
export interface Entry {
  readonly number: number;
  readonly sector: number;
  readonly sectorCount: number;
  readonly isZero: boolean;
  readonly fua: boolean;
  readonly begunAt: number;
  endedAt: number;
  isAnswered: boolean;
}

/** How an entry begins. */
export type EntryParts = Pick<Entry, "sector" | "sectorCount"> & Partial<Entry>;

const isZeroes = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

/** Keeps the book on a target. Sectors are the target's. */
export class Ledger {
  readonly entries: Entry[] = [];
  readonly #durable = new Map<number, Set<Entry>>();
  #nowCount = 0;

  constructor(sectorCount: number) {
    this.end(this.begin({ sector: 0, sectorCount, fua: true }), true);
    if (this.entries[0]!.number !== FIRST_WRITE) {
      throw new Error("The first write is not the first");
    }
  }

  /** A moment, later than all before. */
  now(): number {
    return ++this.#nowCount;
  }

  /** A request is made. */
  begin({ sector, sectorCount, isZero = false, fua = false }: EntryParts): Entry {
    const entry = {
      number: this.entries.length + 1,
      sector,
      sectorCount,
      isZero,
      fua,
      begunAt: this.now(),
      endedAt: Infinity,
      isAnswered: false,
    };
    this.entries.push(entry);
    return entry;
  }

  /** The bytes of a write. */
  bytesOf({ number, sector, sectorCount }: Entry): Uint8Array {
    return patternOf(number, sector, sectorCount);
  }

  /** It has ended. */
  end(entry: Entry, isAnswered: boolean): void {
    entry.endedAt = this.now();
    entry.isAnswered = isAnswered;
    if (isAnswered && entry.fua) this.#settle(entry);
  }

  /** A flush that began at some moment was answered. */
  flushed(begunAt: number): void {
    for (const entry of this.entries) {
      if (entry.isAnswered && entry.endedAt < begunAt) this.#settle(entry);
    }
  }

  /** A block was relocated: what its spare holds now is durable, flushed or not. */
  relocated(event: BadBlockEvent, { blockSectors }: Places, disk: Uint8Array): void {
    if (event.kind !== "relocated") return;
    for (let at = 0; at < blockSectors; at++) {
      const start = (event.spareSector + at) * 512;
      const bytes = disk.subarray(start, start + 512);
      const entry = this.#entriesOf(event.sector + at, bytes).at(-1);
      if (entry === undefined) throw this.#wrong(event.sector + at, bytes, "was relocated");
      if (!isZeroes(bytes)) this.#settleSector(event.sector + at, entry);
    }
  }

  /** Demands that a sector may read as it does: after a cut, or now, or for a read begun before. */
  check(sector: number, bytes: Uint8Array, basis: "durable" | { readonly before: number }): void {
    const floor = basis === "durable"
      ? [...this.#durable.get(sector) ?? []]
      : this.entries.filter((entry) => entry.isAnswered && entry.endedAt < basis.before);
    const isAllowed = this.#entriesOf(sector, bytes).some((entry) =>
      floor.every((other) => other.begunAt < entry.endedAt || !covers(other, sector))
    );
    if (!isAllowed) throw this.#wrong(sector, bytes, "reads");
  }

  /** {@linkcode check}, of sectors that lie together. */
  checkAll(
    sector: number,
    bytes: Uint8Array,
    basis: "durable" | { readonly before: number },
  ): void {
    for (let at = 0; at < bytes.length; at += 512) {
      this.check(sector + at / 512, bytes.subarray(at, at + 512), basis);
    }
  }

  /** The writes that a content can be from. */
  #entriesOf(sector: number, bytes: Uint8Array): Entry[] {
    if (isZeroes(bytes)) return this.entries.filter((each) => each.isZero && covers(each, sector));
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
    const entry = this.entries[number - 1];
    if (entry === undefined || entry.isZero || !covers(entry, sector)) return [];
    return Buffer.compare(patternOf(number, sector, 1), bytes) === 0 ? [entry] : [];
  }

  #settle(entry: Entry): void {
    for (let at = 0; at < entry.sectorCount; at++) this.#settleSector(entry.sector + at, entry);
  }

  #settleSector(sector: number, entry: Entry): void {
    const entries = this.#durable.get(sector) ?? new Set();
    this.#durable.set(sector, entries.add(entry));
  }

  #wrong(sector: number, bytes: Uint8Array, verb: string): Error {
    const asked = this.entries.filter((each) => covers(each, sector)).map((each) => {
      const isDurable = this.#durable.get(sector)?.has(each) === true;
      return `${each.number}${each.isZero ? " (zeroes)" : ""}: ${each.begunAt} to ${each.endedAt}` +
        `${each.isAnswered ? ", answered" : ""}${isDurable ? ", durable" : ""}`;
    });
    return new Error(
      `sector ${sector} ${verb} as ${describeSector(bytes)}; its writes:\n${asked.join("\n")}`,
    );
  }
}

function covers({ sector, sectorCount }: Entry, other: number): boolean {
  return sector <= other && other < sector + sectorCount;
}

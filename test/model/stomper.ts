/**
 * The stomper: what every sector of a view should read as, kept beside the code and knowing nothing
 * of chunks, exceptions or stores.
 *
 * A view is a list of *deltas*, newest first; a delta says which write a sector holds. `fork` is what
 * taking a snapshot means: both sides go on with a delta of their own, over the same past.
 *
 *     origin    [ now ]──┐
 *                        ├─[ until the fork ]─[ before that ]
 *     snapshot  [ now ]──┘
 *
 * After a write that failed, or one that was under way while a snapshot was taken, a sector may hold
 * the one or the other write. It is *uncertain* until it is read, and must then stay what it was.
 */
import { SECTOR_BYTES } from "../../src/block/units.ts";
import { describeSector, fillPattern } from "../../src/testing/pattern.ts";

/** The number of a write; sectors of write 0 are zeroes. */
export type WriteNumber = number;

type Delta = Map<number, WriteNumber>;

/** What a view should read as. */
export class Stomper {
  readonly sectorCount: number;
  #deltas: Delta[];
  /** Sectors that may hold one of several writes. */
  readonly #uncertain = new Map<number, Set<WriteNumber>>();

  /** A view of zeroes. */
  constructor(sectorCount: number, deltas: Delta[] = [new Map()]) {
    this.sectorCount = sectorCount;
    this.#deltas = deltas;
  }

  /** A view that begins as this one and goes its own way, over the first sectors. */
  fork(sectorCount = this.sectorCount): Stomper {
    const past = this.#deltas;
    this.#deltas = [new Map(), ...past];
    const other = new Stomper(sectorCount, [new Map(), ...past]);
    for (const [sector, writes] of this.#uncertain) {
      if (sector < sectorCount) other.#uncertain.set(sector, new Set(writes));
    }
    return other;
  }

  /** The write that a sector holds, or may hold. */
  writesAt(sector: number): ReadonlySet<WriteNumber> {
    return this.#uncertain.get(sector) ?? new Set([this.#certain(sector)]);
  }

  /** Notes a write that was acknowledged. */
  stomp(write: WriteNumber, sector: number, sectorCount: number): void {
    for (let at = sector; at < sector + sectorCount; at++) this.#set(at, write);
  }

  /** Notes a write that may have been done, sector by sector. */
  maybeStomp(write: WriteNumber, sector: number, sectorCount: number): void {
    for (let at = sector; at < sector + sectorCount; at++) {
      this.#uncertain.set(at, new Set([...this.writesAt(at), write]));
    }
  }

  /** Takes over what another view holds, over its whole length. */
  become(other: Stomper): void {
    for (let at = 0; at < other.sectorCount; at++) {
      const writes = other.writesAt(at);
      const [first] = writes;
      if (writes.size === 1 && first !== undefined) this.#set(at, first);
      else this.#uncertain.set(at, new Set(writes));
    }
  }

  /** Notes that every sector may hold what another view holds there. */
  maybeBecome(other: Stomper): void {
    for (let at = 0; at < other.sectorCount; at++) {
      this.#uncertain.set(at, new Set([...this.writesAt(at), ...other.writesAt(at)]));
    }
  }

  /**
   * Compares what was read, to the last byte.
   *
   * @param content What was read.
   * @param sector The first sector.
   * @returns What is wrong, or `null`.
   */
  compare(content: Uint8Array, sector: number): string | null {
    const expected = new Uint8Array(SECTOR_BYTES);
    for (let at = 0; at < content.length; at += SECTOR_BYTES) {
      const found = content.subarray(at, at + SECTOR_BYTES);
      const number = sector + at / SECTOR_BYTES;
      const writes = this.writesAt(number);
      const held = [...writes].find((write) => isSame(found, patternAt(expected, write, number)));
      if (held === undefined) {
        const wanted = [...writes].map((write) => write === 0 ? "zeroes" : `write ${write}`);
        return `sector ${number} holds ${describeSector(found)}, want ${wanted.join(" or ")}`;
      }
      if (writes.size > 1) this.#set(number, held);
    }
    return null;
  }

  #certain(sector: number): WriteNumber {
    for (const delta of this.#deltas) {
      const write = delta.get(sector);
      if (write !== undefined) return write;
    }
    return 0;
  }

  #set(sector: number, write: WriteNumber): void {
    this.#uncertain.delete(sector);
    this.#deltas[0]?.set(sector, write);
  }
}

function patternAt(target: Uint8Array, write: WriteNumber, sector: number): Uint8Array {
  return write === 0 ? target.fill(0) : fillPattern(target, write, sector);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

/**
 * One sector of a bad-block table, as EVMS wrote it: every sector stands for itself.
 *
 * | offset | bytes | field, little-endian |
 * |---|---|---|
 * | 0 | 4 | signature `0x42627254` |
 * | 4 | 4 | checksum: CRC-32 (reflected, `0xEDB88320`, begun with all ones, not inverted at the end) of the sector with this field 0 |
 * | 8 | 4 | sequence number: one more with every change |
 * | 12 | 4 | slots in use: one more than the last that is not free |
 * | 16 | 31 × 16 | slots: bad sector, spare sector; 64 bits each |
 *
 * **Slots** stand for spares: slot i of the table is the i-th spare, in table sector i / 31.
 *
 * | slot | bad sector | spare sector |
 * |---|---|---|
 * | free | 0 | 0 |
 * | used | the sector that lives in this spare | this spare |
 * | retired: the spare itself is bad | all ones | this spare |
 *
 * A retired slot is our addition. EVMS left a hole there and lost what came behind it; its reader
 * takes ours for a relocation of a sector that no disk has. That an entry lies in the slot of its own
 * spare is checked here and was not there, as is the sequence number, which EVMS wrote and never read.
 *
 * This module is browser compatible.
 *
 * @see dm-bbr of EVMS 2.5.5 (2004)
 * @module
 */

import { SECTOR_BYTES } from "../../block/units.ts";

/** Slots in a sector. */
export const SLOTS_PER_SECTOR = 31;

const SIGNATURE = 0x42627254;
const CHECKSUM_OFFSET = 4;
const SEQUENCE_OFFSET = 8;
const USED_OFFSET = 12;
const SLOTS_OFFSET = 16;
const SLOT_BYTES = 16;
const NO_SECTOR = 2n ** 64n - 1n;

/** What a slot says: it is free, its spare is retired, or which sector lives in its spare. */
export type Slot = "free" | "retired" | number;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let word = byte;
  for (let bit = 0; bit < 8; bit++) word = word & 1 ? (word >>> 1) ^ 0xedb88320 : word >>> 1;
  return word;
});

function checksumOf(sector: DataView): number {
  let word = 0xffffffff;
  for (let at = 0; at < SECTOR_BYTES; at++) {
    const isChecksum = at >= CHECKSUM_OFFSET && at < CHECKSUM_OFFSET + 4;
    const byte = isChecksum ? 0 : sector.getUint8(at);
    word = (CRC_TABLE[(word ^ byte) & 0xff] as number) ^ (word >>> 8);
  }
  return word >>> 0;
}

/** One sector of a table, over the bytes that hold it. */
export class TableSector {
  readonly #view: DataView;

  /**
   * A sector.
   *
   * @param bytes 512 bytes; read and changed in place.
   */
  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, SECTOR_BYTES);
  }

  /** Whether every byte is zero: nobody has written here yet. */
  get isBlank(): boolean {
    for (let at = 0; at < SECTOR_BYTES; at += 4) if (this.#view.getUint32(at) !== 0) return false;
    return true;
  }

  /** Which edition of the sector this is. */
  get sequence(): number {
    return this.#view.getUint32(SEQUENCE_OFFSET, true);
  }

  /** How many slots are in use, as the sector says. */
  get usedCount(): number {
    return this.#view.getUint32(USED_OFFSET, true);
  }

  /**
   * What makes the bytes something else than a sector of a table.
   *
   * @returns The end of the sentence "it …", or `null` when the frame is whole.
   */
  frameFault(): string | null {
    const signature = this.#view.getUint32(0, true);
    if (signature !== SIGNATURE) {
      return `begins with 0x${signature.toString(16)}, want 0x${SIGNATURE.toString(16)}`;
    }
    const stored = this.#view.getUint32(CHECKSUM_OFFSET, true);
    const actual = checksumOf(this.#view);
    if (stored === 0) return "has no checksum";
    if (stored === actual) return null;
    return `has checksum 0x${stored.toString(16)}, but 0x${actual.toString(16)} is right`;
  }

  /**
   * What a slot says.
   *
   * @param index Which of the 31.
   * @param spareSector The spare it stands for.
   * @returns Its meaning, or `null` when it makes no sense.
   */
  slot(index: number, spareSector: number): Slot | null {
    const bad = this.#view.getBigUint64(SLOTS_OFFSET + index * SLOT_BYTES, true);
    const spare = this.#view.getBigUint64(SLOTS_OFFSET + index * SLOT_BYTES + 8, true);
    if (bad === 0n && spare === 0n) return "free";
    if (spare !== BigInt(spareSector)) return null;
    if (bad === NO_SECTOR) return "retired";
    return bad <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bad) : null;
  }

  /**
   * The numbers in a slot, for messages.
   *
   * @param index Which of the 31.
   */
  describeSlot(index: number): string {
    const bad = this.#view.getBigUint64(SLOTS_OFFSET + index * SLOT_BYTES, true);
    const spare = this.#view.getBigUint64(SLOTS_OFFSET + index * SLOT_BYTES + 8, true);
    return `sector ${bad} in spare sector ${spare}`;
  }

  /**
   * Changes a slot. The sector has to be {@linkcode seal}ed before it is written.
   *
   * @param index Which of the 31.
   * @param spareSector The spare it stands for.
   * @param slot What it says from now on.
   */
  setSlot(index: number, spareSector: number, slot: Slot): void {
    const offset = SLOTS_OFFSET + index * SLOT_BYTES;
    const bad = slot === "free" ? 0n : slot === "retired" ? NO_SECTOR : BigInt(slot);
    this.#view.setBigUint64(offset, bad, true);
    this.#view.setBigUint64(offset + 8, slot === "free" ? 0n : BigInt(spareSector), true);
  }

  /** Whether every slot is free, whatever the sector says of slots in use. */
  get isEmpty(): boolean {
    return this.slotsInUse === 0;
  }

  /**
   * Makes the frame right: signature, sequence number, slots in use, checksum.
   *
   * @param sequence Which edition this is. An edition whose checksum would be 0, which means none, is
   * left out: the sector is the next one then.
   */
  seal(sequence: number): void {
    this.#view.setUint32(0, SIGNATURE, true);
    this.#view.setUint32(SEQUENCE_OFFSET, sequence, true);
    this.#view.setUint32(USED_OFFSET, this.slotsInUse, true);
    const checksum = checksumOf(this.#view);
    if (checksum === 0) return this.seal((sequence + 1) >>> 0);
    this.#view.setUint32(CHECKSUM_OFFSET, checksum, true);
  }

  /** How many slots are in use, from the slots. */
  get slotsInUse(): number {
    let usedCount = SLOTS_PER_SECTOR;
    while (usedCount > 0 && this.#isFree(usedCount - 1)) usedCount--;
    return usedCount;
  }

  #isFree(index: number): boolean {
    const offset = SLOTS_OFFSET + index * SLOT_BYTES;
    return this.#view.getBigUint64(offset, true) === 0n &&
      this.#view.getBigUint64(offset + 8, true) === 0n;
  }
}

/**
 * Whether a sequence number is later than another. Numbers go round after 2^32.
 *
 * @param sequence The one.
 * @param other The other.
 */
export function isLater(sequence: number, other: number): boolean {
  return ((sequence - other) | 0) > 0;
}

/**
 * The delta format: what has to be written to one image so that it becomes another.
 *
 *     | header | change, bytes | change, bytes | … | end |
 *
 * | header, 64 bytes | | change or end, 96 bytes | |
 * |---|---|---|---|
 * | 0, 8 | `cowdelta` | 0, 8 | first sector; of the end: how many changes there were |
 * | 8, 4 | format, 1 | 8, 8 | sectors, at most 2048; of the end: 0 |
 * | 12, 4 | zero | 16, 32 | XXH3-128 of what is there before, in hexadecimal; of the end: zero |
 * | 16, 8 | the image's sectors | 48, 32 | XXH3-128 of what is there after; of the end: zero |
 * | 24, 32 | zero | 80, 4 | 1: the sectors' bytes follow; 0: they become zeroes, none follow |
 * | 56, 8 | XXH3-64 of the 56 bytes | 84, 4 | zero |
 * | | | 88, 8 | XXH3-64 of the check before and the 88 bytes |
 *
 * Numbers are little-endian. Changes are in order and do not overlap. Each check covers the one before,
 * so a delta that was cut, reordered or put together from two is refused; the bytes are covered by the
 * hash of what is there after. A delta knows by content what it belongs on, and needs no name for it.
 *
 * Everything read is hostile until it was checked: no number is used before its check is right, and none
 * makes memory grow beyond a change's 1 MiB.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { SECTORS_MAX } from "../../block/units.ts";
import { xxh128, xxh3 } from "../../kernel/mod.ts";

/** Bytes of a header. */
export const HEADER_BYTES = 64;
/** Bytes of a change without those that follow it. */
export const CHANGE_BYTES = 96;
/** The most sectors in a change. */
export const CHANGE_SECTORS_MAX = 2048;

const MAGIC = new TextEncoder().encode("cowdelta");
const FORMAT = 1;
const HEADER_CHECKED_BYTES = 56;
const CHANGE_CHECKED_BYTES = 88;

/** What becomes of a stretch. */
export interface ChangeHead {
  /** Its first sector. */
  readonly sector: number;
  /** How many. */
  readonly sectorCount: number;
  /** XXH3-128 of what is there before. */
  readonly before: string;
  /** XXH3-128 of what is there after. */
  readonly after: string;
  /** Whether the bytes follow; otherwise it becomes zeroes. */
  readonly hasBytes: boolean;
}

/** The end: how many changes came before. */
export interface DeltaEnd {
  readonly changeCount: number;
}

function refuse(why: string): BlockDeviceError {
  return new BlockDeviceError("EINVAL", `Cannot use the delta: ${why}`);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function putText(bytes: Uint8Array, at: number, text: string): void {
  bytes.set(new TextEncoder().encode(text), at);
}

function textOf(bytes: Uint8Array, at: number): string {
  return new TextDecoder("latin1").decode(bytes.subarray(at, at + 32));
}

/** XXH3-64 of the check before and a change's bytes. */
function checkOf(previous: bigint, bytes: Uint8Array): bigint {
  const covered = new Uint8Array(8 + CHANGE_CHECKED_BYTES);
  viewOf(covered).setBigUint64(0, previous, true);
  covered.set(bytes.subarray(0, CHANGE_CHECKED_BYTES), 8);
  return xxh3(covered);
}

/** Writes and reads the records of one delta, in order: each record's check goes on from the last. */
export class DeltaCodec {
  #check = 0n;
  #sectorCount = 0;
  #endSector = 0;
  #changeCount = 0;

  /**
   * The header.
   *
   * @param sectorCount The image's size.
   * @returns Its bytes.
   */
  encodeHeader(sectorCount: number): Uint8Array {
    const bytes = new Uint8Array(HEADER_BYTES);
    const view = viewOf(bytes);
    bytes.set(MAGIC);
    view.setUint32(8, FORMAT, true);
    view.setBigUint64(16, BigInt(sectorCount), true);
    this.#check = xxh3(bytes.subarray(0, HEADER_CHECKED_BYTES));
    view.setBigUint64(HEADER_CHECKED_BYTES, this.#check, true);
    return bytes;
  }

  /**
   * Reads a header.
   *
   * @param bytes {@linkcode HEADER_BYTES} bytes.
   * @returns The image's size, in sectors.
   * @throws {BlockDeviceError} `EINVAL` when it is none.
   */
  decodeHeader(bytes: Uint8Array): number {
    if (!MAGIC.every((byte, at) => bytes[at] === byte)) throw refuse("it is none");
    const view = viewOf(bytes);
    this.#check = xxh3(bytes.subarray(0, HEADER_CHECKED_BYTES));
    if (view.getBigUint64(HEADER_CHECKED_BYTES, true) !== this.#check) {
      throw refuse("its header is damaged");
    }
    const format = view.getUint32(8, true);
    if (format !== FORMAT) throw refuse(`its format is ${format}, want ${FORMAT}`);
    this.#sectorCount = Number(view.getBigUint64(16, true));
    if (this.#sectorCount <= SECTORS_MAX) return this.#sectorCount;
    throw refuse(`it is for an image of ${this.#sectorCount} sectors`);
  }

  /**
   * A change.
   *
   * @param head What becomes of which stretch.
   * @returns Its bytes, without those that follow.
   */
  encodeChange({ sector, sectorCount, before, after, hasBytes }: ChangeHead): Uint8Array {
    this.#changeCount++;
    return this.#encode(sector, sectorCount, (bytes, view) => {
      putText(bytes, 16, before);
      putText(bytes, 48, after);
      view.setUint32(80, hasBytes ? 1 : 0, true);
    });
  }

  /** The end. */
  encodeEnd(): Uint8Array {
    return this.#encode(this.#changeCount, 0, () => {});
  }

  /**
   * Reads a change, or the end.
   *
   * @param bytes {@linkcode CHANGE_BYTES} bytes.
   * @returns Either.
   * @throws {BlockDeviceError} `EINVAL` when it is damaged, or not the next one.
   */
  decode(bytes: Uint8Array): ChangeHead | DeltaEnd {
    const view = viewOf(bytes);
    const check = checkOf(this.#check, bytes);
    if (view.getBigUint64(CHANGE_CHECKED_BYTES, true) !== check) {
      throw refuse(`change ${this.#changeCount + 1} is damaged, or was put there`);
    }
    this.#check = check;
    const sector = Number(view.getBigUint64(0, true));
    const sectorCount = Number(view.getBigUint64(8, true));
    if (sectorCount === 0) return this.#decodeEnd(sector);
    const isInside = sector >= this.#endSector && sectorCount <= CHANGE_SECTORS_MAX &&
      sector + sectorCount <= this.#sectorCount;
    if (!isInside) {
      throw refuse(`change ${this.#changeCount + 1} is of ${sectorCount} sectors at ${sector}`);
    }
    this.#endSector = sector + sectorCount;
    this.#changeCount++;
    const hasBytes = view.getUint32(80, true) === 1;
    return { sector, sectorCount, before: textOf(bytes, 16), after: textOf(bytes, 48), hasBytes };
  }

  #decodeEnd(changeCount: number): DeltaEnd {
    if (changeCount === this.#changeCount) return { changeCount };
    throw refuse(`it ends after ${this.#changeCount} changes, and says ${changeCount}`);
  }

  #encode(
    sector: number,
    sectorCount: number,
    fill: (bytes: Uint8Array, view: DataView) => void,
  ): Uint8Array {
    const bytes = new Uint8Array(CHANGE_BYTES);
    const view = viewOf(bytes);
    view.setBigUint64(0, BigInt(sector), true);
    view.setBigUint64(8, BigInt(sectorCount), true);
    fill(bytes, view);
    this.#check = checkOf(this.#check, bytes);
    view.setBigUint64(CHANGE_CHECKED_BYTES, this.#check, true);
    return bytes;
  }
}

/** The hash by which a delta knows contents. */
export function contentHash(bytes: Uint8Array): string {
  return xxh128(bytes);
}

/**
 * The manifest log: keeps the newest text on a device, changed as a whole or not at all.
 *
 *     | slot 0 ............ | slot 1 ............ |
 *
 * Texts are written into the two slots by turns. A slot is one header of 64 bytes and the text:
 *
 * | offset | bytes | field, little-endian |
 * |---|---|---|
 * | 0 | 8 | `cowdisk\n` |
 * | 8 | 4 | format, 1 |
 * | 12 | 4 | length of the text, in bytes |
 * | 16 | 8 | edition: one more with every text |
 * | 24 | 32 | XXH3-128 of the fields above and the text, in hexadecimal |
 *
 * The first text goes into both slots: from then on a blank slot means damage, not a beginning.
 *
 * **Crash**: while one slot is being written the other one holds the text before. A slot whose
 * checksum is wrong was cut off and does not count; of two that are right the later edition does.
 *
 * **Failure**: after a write that failed, either text may be found. Whoever writes another one makes
 * sure of that one, for it goes into the same slot.
 *
 * | slots | read as |
 * |---|---|
 * | one or both right | the later edition |
 * | both blank, or the first torn and the second blank | none was ever written |
 * | anything else | refused: damaged, or something else's; nothing is guessed |
 *
 * *Torn* is what a cut can leave of a slot: its first sector is zeroes or begins with our eight bytes.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { flushStep, type Plan, readStep, writeStep } from "../../block/plan.ts";
import { divCeil, SECTOR_BYTES } from "../../block/units.ts";
import { isZeroBytes } from "../../devices/byte_scan.ts";
import { xxh128 } from "../../kernel/mod.ts";

/** The size of a log's device, in sectors. A device that is sparse makes it cost what it holds. */
export const MANIFEST_LOG_SECTORS = 4096;

const SLOT_SECTORS = MANIFEST_LOG_SECTORS / 2;
const SLOT_BYTES = SLOT_SECTORS * SECTOR_BYTES;
/** What is read first of a slot, and the unit in which it is written: the largest logical block. */
const HEAD_BYTES = 4096;
const HEADER_BYTES = 64;
const CHECKSUM_OFFSET = 24;
const MAGIC = new TextEncoder().encode("cowdisk\n");
const FORMAT = 1;
/** No edition follows this one. */
const EDITION_MAX = 2n ** 64n - 1n;

function checksumOf(slot: Uint8Array, textBytes: number): Uint8Array {
  const covered = new Uint8Array(CHECKSUM_OFFSET + textBytes);
  covered.set(slot.subarray(0, CHECKSUM_OFFSET));
  covered.set(slot.subarray(HEADER_BYTES, HEADER_BYTES + textBytes), CHECKSUM_OFFSET);
  return new TextEncoder().encode(xxh128(covered));
}

/** What a slot that is not right looks like. */
type Unfit = "blank" | "torn" | "foreign";

/** A slot that is right. */
interface Found {
  readonly slot: 0 | 1;
  readonly edition: bigint;
  readonly text: string;
}

function encodeSlot(text: string, edition: bigint): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (HEADER_BYTES + bytes.length > SLOT_BYTES) {
    throw new BlockDeviceError(
      "ENOSPC",
      `Cannot keep a manifest of ${bytes.length} bytes: want at most ${SLOT_BYTES - HEADER_BYTES}`,
    );
  }
  const slot = new Uint8Array(divCeil(HEADER_BYTES + bytes.length, HEAD_BYTES) * HEAD_BYTES);
  const view = new DataView(slot.buffer);
  slot.set(MAGIC);
  view.setUint32(8, FORMAT, true);
  view.setUint32(12, bytes.length, true);
  view.setBigUint64(16, edition, true);
  slot.set(bytes, HEADER_BYTES);
  slot.set(checksumOf(slot, bytes.length), CHECKSUM_OFFSET);
  return slot;
}

/** Keeps the newest text. */
export class ManifestLog {
  readonly #device: BlockDevice;
  #edition = 0n;
  #nextSlot: 0 | 1 = 0;

  /**
   * A log on a device; does no I/O.
   *
   * @param device The device, of {@linkcode MANIFEST_LOG_SECTORS} sectors.
   */
  constructor(device: BlockDevice) {
    this.#device = device;
  }

  /**
   * Reads the newest text.
   *
   * @returns The text, or `null` when none was ever written.
   * @throws {BlockDeviceError} `EINVAL` when the device holds something else.
   */
  *read(): Plan<string | null> {
    const { name, sectorCount } = this.#device;
    if (sectorCount < MANIFEST_LOG_SECTORS) {
      throw this.#refusal(`it has ${sectorCount} sectors, want ${MANIFEST_LOG_SECTORS}`);
    }
    const first = yield* this.#readSlot(0);
    const second = yield* this.#readSlot(1);
    const found = [first, second].filter((slot) => typeof slot === "object");
    const newest = found.sort((a, b) => a.edition > b.edition ? -1 : 1)[0];
    if (newest !== undefined) {
      this.#edition = newest.edition;
      this.#nextSlot = newest.slot === 0 ? 1 : 0;
      return newest.text;
    }
    // The very first writing may have been cut off.
    if ((first === "blank" || first === "torn") && second === "blank") return null;
    throw this.#refusal(`the slots of "${name}" are ${String(first)} and ${String(second)}`);
  }

  /**
   * Replaces the text, durably.
   *
   * @param text The new one.
   * @throws {BlockDeviceError} When it could not be written: `ENOSPC` when it is too long, then the
   * text before counts; otherwise either may be found.
   */
  *write(text: string): Plan {
    if (this.#edition === 0n) yield* this.#writeNext(text);
    yield* this.#writeNext(text);
  }

  *#writeNext(text: string): Plan {
    const edition = this.#edition + 1n;
    const slot = encodeSlot(text, edition);
    yield writeStep(this.#device, slot, this.#nextSlot * SLOT_SECTORS);
    yield flushStep(this.#device);
    this.#edition = edition;
    this.#nextSlot = this.#nextSlot === 0 ? 1 : 0;
  }

  *#readSlot(slot: 0 | 1): Plan<Found | Unfit> {
    const start = slot * SLOT_SECTORS;
    const head = new Uint8Array(HEAD_BYTES);
    yield readStep(this.#device, head, start);
    if (isZeroBytes(head, 0, HEAD_BYTES)) return "blank";
    const isOurs = MAGIC.every((byte, at) => head[at] === byte);
    if (!isOurs) return isZeroBytes(head, 0, SECTOR_BYTES) ? "torn" : "foreign";
    const view = new DataView(head.buffer);
    const textBytes = view.getUint32(12, true);
    const edition = view.getBigUint64(16, true);
    if (HEADER_BYTES + textBytes > SLOT_BYTES || edition === EDITION_MAX) return "torn";
    const bytes = new Uint8Array(divCeil(HEADER_BYTES + textBytes, HEAD_BYTES) * HEAD_BYTES);
    yield readStep(this.#device, bytes, start);
    const checksum = checksumOf(bytes, textBytes);
    if (checksum.some((byte, at) => bytes[CHECKSUM_OFFSET + at] !== byte)) return "torn";
    if (view.getUint32(8, true) !== FORMAT) {
      throw this.#refusal(`its format is ${view.getUint32(8, true)}, want ${FORMAT}`);
    }
    const text = new TextDecoder().decode(bytes.subarray(HEADER_BYTES, HEADER_BYTES + textBytes));
    return { slot, edition, text };
  }

  #refusal(why: string): BlockDeviceError {
    return new BlockDeviceError(
      "EINVAL",
      `Cannot find a disk's manifest on "${this.#device.name}": ${why}`,
      { device: this.#device.name },
    );
  }
}

/**
 * The slot format: how a sparse disk is packed into a file.
 *
 * A browser charges a file's length to the quota, holes included, so a sector cannot lie where its
 * number says. The file is cut into *units* of 64 KiB. A *slot* is a unit that holds a *stretch* of
 * the device, 128 sectors; slots are numbered from 1 and given to stretches as they come.
 *
 * | unit | holds |
 * |---|---|
 * | 0 | the header, in its first sector |
 * | 1 | the map of slots 1 to 4096 |
 * | 2 to 4097 | slots 1 to 4096 |
 * | 4098 | the map of slots 4097 to 8192 |
 * | … | |
 *
 * A map has 16 bytes for each slot: which stretch it holds, and a checksum; all zero: none. An entry
 * never straddles a sector, and one that is written leaves its neighbours as they were, so a torn
 * write changes entries whole or not at all.
 *
 * All numbers are little-endian. The header: 8 bytes magic, u64 sectors of the device, u32 sectors of
 * a slot, u32 slots that the file had room for when it was flushed last but one, u32 checksum.
 *
 * Fails: what is not of this form is refused with `EINVAL` (no disk of ours) or `EIO` (damaged).
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { SECTOR_BYTES } from "../../block/units.ts";
import { isDeviceSize } from "../growable.ts";

/** Sectors in a slot. */
export const SLOT_SECTORS = 128;
/** Bytes in a slot, and in every other unit of the file. */
export const SLOT_BYTES = SLOT_SECTORS * SECTOR_BYTES;

const ENTRY_BYTES = 16;
/** Slots that a map has entries for. */
export const MAP_SLOTS = SLOT_BYTES / ENTRY_BYTES;
/** Slots that one sector of a map has entries for. */
export const MAP_SECTOR_SLOTS = SECTOR_BYTES / ENTRY_BYTES;

/** No more slots than this: a file of 4 TiB. */
export const SLOTS_MAX = 2 ** 26;

const MAGIC = [0x63, 0x6f, 0x77, 0x64, 0x69, 0x73, 0x6b, 0x01]; // "cowdisk", version 1
const HEADER_CHECKED_BYTES = 24;

/** What the header says. */
export interface SlotHeader {
  /** The device's size. */
  readonly sectorCount: number;
  /** So many slots the file has for certain, whatever was lost with the power. */
  readonly settledSlotCount: number;
}

/** The first unit of the group that a slot is in: its map. */
function mapUnitOf(slot: number): number {
  return 1 + Math.floor((slot - 1) / MAP_SLOTS) * (MAP_SLOTS + 1);
}

/** Where a slot lies in the file. */
export function slotOffsetBytes(slot: number): number {
  return (mapUnitOf(slot) + 1 + (slot - 1) % MAP_SLOTS) * SLOT_BYTES;
}

/** Where the sector of the map lies that has the entry of a slot. */
export function mapSectorOffsetBytes(slot: number): number {
  const sector = Math.floor((slot - 1) % MAP_SLOTS / MAP_SECTOR_SLOTS);
  return mapUnitOf(slot) * SLOT_BYTES + sector * SECTOR_BYTES;
}

/** The slots that lie whole in a file of some length. */
export function slotsWithin(fileBytes: number): number {
  const units = Math.max(0, Math.floor(fileBytes / SLOT_BYTES) - 1);
  const groups = Math.floor(units / (MAP_SLOTS + 1));
  return groups * MAP_SLOTS + Math.max(0, units % (MAP_SLOTS + 1) - 1);
}

/** FNV-1a, of the bytes and a number: tells an entry from what lay there before, or elsewhere. */
function checksum(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193) >>> 0;
  return hash;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The header's sector. */
export function encodeHeader(header: SlotHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SECTOR_BYTES);
  const view = viewOf(bytes);
  bytes.set(MAGIC);
  view.setBigUint64(8, BigInt(header.sectorCount), true);
  view.setUint32(16, SLOT_SECTORS, true);
  view.setUint32(20, header.settledSlotCount, true);
  view.setUint32(24, checksum(bytes, 0, HEADER_CHECKED_BYTES, 0), true);
  return bytes;
}

/**
 * Reads a header's sector.
 *
 * @param bytes The first sector of the file; zeroes where the file has ended.
 * @param device The device's name.
 * @returns The header.
 */
export function decodeHeader(bytes: Uint8Array, device: string): SlotHeader {
  const refuse = (code: "EINVAL" | "EIO", why: string) =>
    new BlockDeviceError(code, `Cannot open "${device}": ${why}`, { device });
  if (!MAGIC.every((byte, at) => bytes[at] === byte)) {
    throw refuse("EINVAL", "it does not begin as a disk of ours does");
  }
  const view = viewOf(bytes);
  const found = view.getUint32(24, true);
  const wanted = checksum(bytes, 0, HEADER_CHECKED_BYTES, 0);
  if (found !== wanted) {
    throw refuse("EIO", `its header is damaged: found checksum ${found}, want ${wanted}`);
  }
  const sectorCount = Number(view.getBigUint64(8, true));
  const slotSectors = view.getUint32(16, true);
  const settledSlotCount = view.getUint32(20, true);
  if (!isDeviceSize(sectorCount) || slotSectors !== SLOT_SECTORS || settledSlotCount > SLOTS_MAX) {
    throw refuse(
      "EINVAL",
      `found ${sectorCount} sectors in slots of ${slotSectors}, want slots of ${SLOT_SECTORS}`,
    );
  }
  return { sectorCount, settledSlotCount };
}

/** Writes the entry of a slot that holds a stretch, into the sector of its map. */
export function encodeEntry(sector: Uint8Array, slot: number, stretch: number): void {
  const at = (slot - 1) % MAP_SECTOR_SLOTS * ENTRY_BYTES;
  const view = viewOf(sector);
  view.setBigUint64(at, BigInt(stretch) + 1n, true);
  view.setUint32(at + 8, slot, true);
  view.setUint32(at + 12, checksum(sector, at, at + 12, 1), true);
}

/**
 * Reads the entry of a slot.
 *
 * @param map The map, or a sector of it.
 * @param at The first byte of the entry.
 * @param slot The slot.
 * @returns The stretch; nothing when the slot is free; `null` when the entry is damaged.
 */
export function decodeEntry(map: Uint8Array, at: number, slot: number): number | undefined | null {
  const view = viewOf(map);
  const stretchAfter = view.getBigUint64(at, true);
  if (stretchAfter === 0n) {
    return view.getBigUint64(at + 8, true) === 0n ? undefined : null;
  }
  const isWhole = view.getUint32(at + 8, true) === slot &&
    view.getUint32(at + 12, true) === checksum(map, at, at + 12, 1) &&
    stretchAfter <= BigInt(Number.MAX_SAFE_INTEGER);
  return isWhole ? Number(stretchAfter - 1n) : null;
}

/** Where the entry of a slot begins in its map. */
export function entryOffsetBytes(slot: number): number {
  return (slot - 1) % MAP_SLOTS * ENTRY_BYTES;
}

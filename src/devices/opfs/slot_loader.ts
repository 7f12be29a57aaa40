/**
 * The slot loader: reads a packed file's header and maps, and believes nothing in them.
 *
 * What a loss of power can leave is made good: an entry for a stretch behind the device's end was
 * written for a growth that was lost, and a slot behind the file's end lost its bytes before they
 * were flushed. Everything else that is not as it must be is refused.
 *
 * Fails: `EINVAL` for a file that is no disk of ours, `EIO` for one that is damaged: an entry with a
 * wrong checksum, a stretch in two slots, slots missing that the header vouches for.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { divCeil, SECTOR_BYTES } from "../../block/units.ts";
import { isZeroBytes } from "../byte_scan.ts";
import { FrameDirectory } from "../frame_directory.ts";
import {
  decodeEntry,
  decodeHeader,
  entryOffsetBytes,
  MAP_SLOTS,
  mapSectorOffsetBytes,
  SLOT_BYTES,
  SLOT_SECTORS,
  type SlotHeader,
  slotsWithin,
} from "./slot_format.ts";
import type { SyncFile } from "./sync_file.ts";

/** What a file says. */
export interface LoadedSlots {
  readonly header: SlotHeader;
  /** The slot of each stretch. */
  readonly directory: FrameDirectory;
  /** The stretch of each slot plus 1, or 0; up to the last in use. The place of slot 0 is not used. */
  readonly owners: number[];
  /** Slots whose entries count no more. */
  readonly lostSlots: readonly number[];
  /** The file's length. */
  readonly fileBytes: number;
}

/**
 * Whether a file is what a cut can leave of one that was being made: empty, or as long as the slot of
 * the header and nothing but zeroes. It holds nothing, so nothing is lost when it is made again.
 *
 * @param file The file.
 */
export function isUnmade(file: SyncFile): boolean {
  const byteCount = file.getSize();
  if (byteCount === 0) return true;
  if (byteCount !== SLOT_BYTES) return false;
  const bytes = new Uint8Array(SLOT_BYTES);
  return file.read(bytes, { at: 0 }) === SLOT_BYTES && isZeroBytes(bytes, 0, SLOT_BYTES);
}

/**
 * Reads the header and all maps.
 *
 * @param file The file.
 * @param device The device's name, for messages.
 * @returns What they say.
 */
export function loadSlots(file: SyncFile, device: string): LoadedSlots {
  const damage = (why: string) =>
    new BlockDeviceError("EIO", `Cannot open "${device}": its file is damaged: ${why}`, { device });
  const sector = new Uint8Array(SECTOR_BYTES);
  file.read(sector, { at: 0 });
  const header = decodeHeader(sector, device);
  const stretchCount = divCeil(header.sectorCount, SLOT_SECTORS);
  const fileBytes = file.getSize();
  const directory = new FrameDirectory();
  const owners = [0];
  const lostSlots: number[] = [];
  const map = new Uint8Array(SLOT_BYTES);
  for (let first = 1; mapSectorOffsetBytes(first) < fileBytes; first += MAP_SLOTS) {
    map.fill(0);
    file.read(map, { at: mapSectorOffsetBytes(first) });
    for (let slot = first; slot < first + MAP_SLOTS; slot++) {
      const stretch = decodeEntry(map, entryOffsetBytes(slot), slot);
      if (stretch === undefined) continue;
      if (stretch === null) throw damage(`the entry of slot ${slot} is none`);
      if (stretch >= stretchCount) {
        lostSlots.push(slot);
        continue;
      }
      const other = directory.get(stretch);
      if (other !== 0) throw damage(`slots ${other} and ${slot} both hold stretch ${stretch}`);
      while (owners.length <= slot) owners.push(0);
      owners[slot] = stretch + 1;
      directory.set(stretch, slot);
    }
  }
  const wanted = Math.min(owners.length - 1, header.settledSlotCount);
  const found = slotsWithin(fileBytes);
  if (found < wanted) throw damage(`it was cut short: it has ${found} slots, want ${wanted}`);
  return { header, directory, owners, lostSlots, fileBytes };
}

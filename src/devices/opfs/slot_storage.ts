/**
 * The slot storage: a sparse disk packed into a file (`slot_format.ts`).
 *
 * Requests are performed at the call, small writes in a tail of the file (`write_tail.ts`). A stretch gets a slot when it is first written; one that
 * becomes zeroes as a whole gives it back. The map's entries and the header are written by flush,
 * before the file's own flush, which is the only one: see `slot_pool.ts` for why that is enough.
 *
 * Invariants: a slot belongs to one stretch at most. What a crash leaves is, sector by sector, as it
 * was flushed or newer. The file is cut behind its last slot in use when it is opened and closed.
 *
 * Fails: `ENOSPC` over the quota, after slots that were given back have been used up; nothing is
 * changed then. `EIO` when the file is damaged or was cut short. Once a flush has failed every later
 * one does: the system may have dropped what it could not write.
 *
 * Longer than most: every request, and what each does to the file.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { SyncImplementation } from "../../block/checked.ts";
import type { DeviceSupports } from "../../block/device.ts";
import type { BlockDeviceError } from "../../block/errors.ts";
import { divCeil, SECTOR_BYTES } from "../../block/units.ts";
import type { FrameDirectory } from "../frame_directory.ts";
import { checkGrowth } from "../growable.ts";
import {
  encodeEntry,
  encodeHeader,
  MAP_SECTOR_SLOTS,
  MAP_SLOTS,
  mapSectorOffsetBytes,
  SLOT_BYTES,
  SLOT_SECTORS,
  slotOffsetBytes,
  SLOTS_MAX,
} from "./slot_format.ts";
import { type LoadedSlots, loadSlots } from "./slot_loader.ts";
import { SlotPool } from "./slot_pool.ts";
import { opfsRefusal, type SyncFile } from "./sync_file.ts";
import { WriteTail } from "./write_tail.ts";

/** The file is extended by so many slots at once. */
const EXTENSION_SLOTS = 16;

const ZEROES = new Uint8Array(SLOT_BYTES);

/** A slot given to a stretch that is not written yet. */
interface Gift {
  readonly stretch: number;
  readonly slot: number;
  readonly wasRetired: boolean;
}

/** Writes an empty disk into a file without a byte. */
export function formatSlotFile(file: SyncFile, sectorCount: number): void {
  const header = encodeHeader({ sectorCount, settledSlotCount: 0 });
  file.truncate(SLOT_BYTES);
  file.write(header, { at: 0 });
  file.flush();
}

/** Sectors in a packed file. */
export class SlotStorage implements SyncImplementation {
  readonly name: string;
  readonly limits = { logicalSectors: 1, preferredSectors: SLOT_SECTORS };
  readonly supports: Omit<DeviceSupports, "sync">;
  sectorCount: number;
  readonly #file: WriteTail;
  readonly #directory: FrameDirectory;
  /** The stretch of each slot plus 1, or 0. The place of slot 0 is not used. */
  readonly #owners: number[];
  readonly #pool = new SlotPool();
  /** Sectors of maps to be written, each by the first slot in it. */
  readonly #dirtyMaps = new Set<number>();
  #settledSlotCount: number;
  #isHeaderDirty = false;
  #isDirty = false;
  #flushFailure: BlockDeviceError | undefined;
  #isClosed = false;

  /**
   * Storage in a file that was formatted.
   *
   * @param name A name for messages.
   * @param file The file; closed by `closeSync`.
   * @param write Whether it is open for writing.
   */
  constructor(name: string, file: SyncFile, write: boolean) {
    this.name = name;
    this.supports = { write, discard: write, discardZeroes: write, permanence: true };
    this.#file = new WriteTail(file);
    const loaded = this.#do("open", () => loadSlots(file, name));
    this.#directory = loaded.directory;
    this.#owners = loaded.owners;
    this.sectorCount = loaded.header.sectorCount;
    this.#settledSlotCount = loaded.header.settledSlotCount;
    if (write) this.#do("open", () => this.#tidyUp(loaded));
  }

  /** Bytes of the file that hold something, maps and header included. */
  get usedBytes(): number {
    return this.#endBytes();
  }

  readSync(target: Uint8Array, sector: number): void {
    this.#walk(sector, target.length / SECTOR_BYTES, (slot, from, start, end) => {
      const part = target.subarray(start, end);
      if (slot === 0) part.fill(0);
      else this.#read(part, slotOffsetBytes(slot) + from, sector);
    });
  }

  writeSync(source: Uint8Array, sector: number, fua: boolean): void {
    const gifts = this.#give(sector, source.length / SECTOR_BYTES);
    const given = gifts.length === 0 ? undefined : new Map(
      gifts.map(({ stretch, slot }) => [stretch, slot]),
    );
    this.#isDirty = true;
    try {
      for (const { slot, wasRetired } of gifts) {
        if (wasRetired) this.#write(ZEROES, slotOffsetBytes(slot));
      }
      this.#walk(sector, source.length / SECTOR_BYTES, (slot, from, start, end) => {
        this.#write(source.subarray(start, end), slotOffsetBytes(slot) + from);
      }, given);
    } catch (error) {
      for (const gift of gifts) this.#takeBack(gift, false);
      throw this.#refusal("write", sector, source.length, error);
    }
    for (const { stretch, slot } of gifts) this.#own(slot, stretch);
    if (fua) this.flushSync();
  }

  writeZeroesSync(sector: number, sectorCount: number, fua: boolean): void {
    const end = sector + sectorCount;
    const first = Math.ceil(sector / SLOT_SECTORS);
    // The device may end inside its last stretch: zeroes up to there are zeroes of all of it.
    const endStretch = end === this.sectorCount
      ? divCeil(end, SLOT_SECTORS)
      : Math.floor(end / SLOT_SECTORS);
    if (first < endStretch) {
      this.#zeroPart(sector, first * SLOT_SECTORS - sector);
      this.#directory.clear(first, endStretch, (slot) => this.#retire(slot));
      this.#zeroPart(endStretch * SLOT_SECTORS, end - endStretch * SLOT_SECTORS);
    } else {
      this.#zeroPart(sector, sectorCount);
    }
    if (fua) this.flushSync();
  }

  discardSync(sector: number, sectorCount: number): void {
    this.writeZeroesSync(sector, sectorCount, false);
  }

  flushSync(): void {
    if (this.#flushFailure !== undefined) throw this.#flushFailure;
    if (!this.#isDirty || !this.supports.write) return;
    const slotCount = this.#slotCount;
    this.#do("flush", () => this.#writeMaps());
    try {
      this.#file.flush();
    } catch (error) {
      const what = `Cannot flush "${this.name}", and what was written may be lost`;
      throw this.#flushFailure = opfsRefusal(error, what, { device: this.name });
    }
    this.#pool.settle();
    // The header tells it with the next flush: told too early it would call a torn file damaged.
    this.#isHeaderDirty = this.#settledSlotCount !== slotCount;
    this.#settledSlotCount = slotCount;
    this.#isDirty = false;
  }

  closeSync(): void {
    this.#isClosed = true;
    try {
      if (!this.supports.write) return;
      this.flushSync();
      // What is cut off here and not durably so is cut off again when it is opened.
      this.#do("close", () => this.#file.truncate(this.#endBytes()));
    } finally {
      this.#file.close();
    }
  }

  /** Makes it larger; durable with the next flush. */
  grow(sectorCount: number): void {
    checkGrowth(this, this.#isClosed, sectorCount);
    if (sectorCount === this.sectorCount) return;
    this.sectorCount = sectorCount;
    this.#isHeaderDirty = this.#isDirty = true;
  }

  /** The slots that the file has room for. */
  get #slotCount(): number {
    return this.#owners.length - 1;
  }

  /** Calls `visit` for each run of sectors in slots that follow each other, or in none. */
  #walk(
    sector: number,
    sectorCount: number,
    visit: (slot: number, fromBytes: number, startBytes: number, endBytes: number) => void,
    given?: ReadonlyMap<number, number>,
  ): void {
    const slotAt = (stretch: number) => given?.get(stretch) ?? this.#directory.get(stretch);
    for (let done = 0; done < sectorCount;) {
      let stretch = Math.floor((sector + done) / SLOT_SECTORS);
      const from = sector + done - stretch * SLOT_SECTORS;
      const slot = slotAt(stretch);
      let last = slot;
      let count = Math.min(SLOT_SECTORS - from, sectorCount - done);
      while (done + count < sectorCount) {
        const next = slotAt(++stretch);
        // Between two groups lies a map.
        if (slot === 0 ? next !== 0 : next !== last + 1 || last % MAP_SLOTS === 0) break;
        last = next;
        count = Math.min(count + SLOT_SECTORS, sectorCount - done);
      }
      const start = done * SECTOR_BYTES;
      visit(slot, from * SECTOR_BYTES, start, start + count * SECTOR_BYTES);
      done += count;
    }
  }

  #read(target: Uint8Array, at: number, sector: number): void {
    for (let done = 0; done < target.length;) {
      const part = done === 0 ? target : target.subarray(done);
      let count: number;
      try {
        count = this.#file.read(part, { at: at + done });
      } catch (error) {
        throw this.#refusal("read", sector, target.length, error);
      }
      if (count === 0) {
        // Lost with the power before it was flushed, and so never more than zeroes.
        if (at + done >= this.#settledEndBytes) return void part.fill(0);
        const end = new Error(`the file ends at byte ${at + done}: it was cut short`);
        throw this.#refusal("read", sector, target.length, end);
      }
      done += count;
    }
  }

  #write(source: Uint8Array, at: number): void {
    this.#file.write(source, { at });
  }

  /** Gets slots for those stretches of a range that have none: all of them, or fails. */
  #give(sector: number, sectorCount: number): Gift[] {
    const gifts: Gift[] = [];
    const end = divCeil(sector + sectorCount, SLOT_SECTORS);
    for (let stretch = Math.floor(sector / SLOT_SECTORS); stretch < end; stretch++) {
      if (sectorCount === 0 || this.#directory.get(stretch) !== 0) continue;
      const retired = this.#pool.takeRetired(stretch);
      try {
        gifts.push({
          stretch,
          slot: retired ?? this.#takeSlot(sectorCount >= SLOT_SECTORS),
          wasRetired: retired !== undefined,
        });
      } catch (error) {
        for (const gift of gifts) this.#takeBack(gift, true);
        throw this.#refusal("write", sector, sectorCount * SECTOR_BYTES, error);
      }
    }
    return gifts;
  }

  #takeBack({ stretch, slot, wasRetired }: Gift, isUntouched: boolean): void {
    if (wasRetired) this.#pool.retire(stretch, slot);
    else if (isUntouched) this.#pool.giveBack(slot);
    else this.#pool.addStale(slot);
  }

  #takeSlot(isWhole: boolean): number {
    if (this.#pool.cleanCount === 0) this.#extend(!isWhole);
    return this.#pool.take()!;
  }

  /**
   * Makes the file longer; over the quota, waits for slots that were given back.
   *
   * @param isFilled Whether zeroes are written. A hole gets its blocks by the flush of what is written
   * into it, and every such flush commits the file system's journal, too. So slots for small writes
   * are filled beforehand: it costs their bytes once more, and spares most flushes that commit.
   */
  #extend(isFilled: boolean): void {
    for (let slotCount = EXTENSION_SLOTS;; slotCount = 1) {
      const first = this.#slotCount + 1;
      const end = Math.min(first + slotCount, SLOTS_MAX + 1);
      try {
        if (first === end) throw new DOMException("the file is full", "QuotaExceededError");
        this.#file.truncate(slotOffsetBytes(end - 1) + SLOT_BYTES);
        for (let slot = first; isFilled && slot < end; slot++) {
          this.#write(ZEROES, slotOffsetBytes(slot));
        }
      } catch (error) {
        if ((error as Partial<Error>).name !== "QuotaExceededError") throw error;
        if (slotCount > 1) continue;
        for (let flushes = 0; flushes < 2 && this.#pool.cleanCount === 0; flushes++) {
          this.#isDirty = true;
          this.flushSync();
        }
        if (this.#pool.cleanCount === 0) throw error;
        return;
      }
      while (this.#owners.length < end) this.#owners.push(0);
      return this.#pool.addClean(first, end);
    }
  }

  #own(slot: number, stretch: number): void {
    this.#directory.set(stretch, slot);
    this.#owners[slot] = stretch + 1;
    this.#touchEntry(slot);
  }

  #retire(slot: number): void {
    this.#pool.retire(this.#owners[slot]! - 1, slot);
    this.#owners[slot] = 0;
    this.#touchEntry(slot);
  }

  #touchEntry(slot: number): void {
    this.#dirtyMaps.add(slot - (slot - 1) % MAP_SECTOR_SLOTS);
    this.#isDirty = true;
  }

  /** Zeroes within one stretch. */
  #zeroPart(sector: number, sectorCount: number): void {
    this.#walk(sector, sectorCount, (slot, from, start, end) => {
      if (slot === 0) return;
      this.#isDirty = true;
      this.#do("write zeroes to", () => {
        for (let done = start; done < end; done += SLOT_BYTES) {
          const part = ZEROES.subarray(0, Math.min(SLOT_BYTES, end - done));
          this.#write(part, slotOffsetBytes(slot) + from + done - start);
        }
      });
    });
  }

  #writeMaps(): void {
    for (const slot of this.#pool.wipe(EXTENSION_SLOTS)) {
      this.#write(ZEROES, slotOffsetBytes(slot));
    }
    for (const first of this.#dirtyMaps) {
      const sector = new Uint8Array(SECTOR_BYTES);
      for (let slot = first; slot < first + MAP_SECTOR_SLOTS; slot++) {
        const owner = this.#owners[slot] ?? 0;
        if (owner !== 0) encodeEntry(sector, slot, owner - 1);
      }
      this.#write(sector, mapSectorOffsetBytes(first));
      this.#dirtyMaps.delete(first);
    }
    if (this.#isHeaderDirty) {
      const { sectorCount } = this;
      this.#write(encodeHeader({ sectorCount, settledSlotCount: this.#settledSlotCount }), 0);
      this.#isHeaderDirty = false;
    }
    // Here a write that fails can be tried again; what fails in the file's own flush is lost.
    this.#file.writeOut();
  }

  /** The byte behind the last slot that the header vouches for. */
  get #settledEndBytes(): number {
    const slot = this.#settledSlotCount;
    return slot === 0 ? SLOT_BYTES : slotOffsetBytes(slot) + SLOT_BYTES;
  }

  /** The byte behind the last slot in use. */
  #endBytes(): number {
    const slot = this.#owners.findLastIndex((owner) => owner !== 0);
    return slot < 1 ? SLOT_BYTES : slotOffsetBytes(slot) + SLOT_BYTES;
  }

  /** Makes the file as long as its slots in use, so that what is added behind them is zero. */
  #tidyUp({ fileBytes, lostSlots }: LoadedSlots): void {
    for (const slot of lostSlots) this.#touchEntry(slot);
    this.#owners.forEach((owner, slot) => {
      if (slot > 0 && owner === 0) this.#pool.addStale(slot);
    });
    const endBytes = this.#endBytes();
    for (const first of this.#dirtyMaps) {
      // A map behind the end is cut off with the rest.
      if (mapSectorOffsetBytes(first) >= endBytes) this.#dirtyMaps.delete(first);
    }
    // Slots that are cut off must not be vouched for when there are new ones in their place.
    this.#isHeaderDirty = this.#settledSlotCount > this.#slotCount;
    this.#settledSlotCount = Math.min(this.#settledSlotCount, this.#slotCount);
    this.#writeMaps();
    if (fileBytes !== endBytes) this.#file.truncate(endBytes);
    this.#file.flush();
    this.#pool.settle();
    this.#isDirty = false;
  }

  #do<Result>(verb: string, work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw opfsRefusal(error, `Cannot ${verb} "${this.name}"`, { device: this.name });
    }
  }

  #refusal(verb: string, sector: number, byteCount: number, error: unknown): BlockDeviceError {
    const sectorCount = byteCount / SECTOR_BYTES;
    const what = `Cannot ${verb} ${sectorCount} sectors at sector ${sector} of "${this.name}"`;
    return opfsRefusal(error, what, { device: this.name, sector, sectorCount });
  }
}

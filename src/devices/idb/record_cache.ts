/**
 * The record cache: what was read from a store, and what was written and is not in it yet.
 *
 * A record is a stretch of the device, the store's unit. Its *frame* is what the cache knows of it,
 * sector by sector: a write of a few sectors does not wait for the others to be read.
 *
 * | a frame is | its known sectors are | it may be dropped |
 * |---|---|---|
 * | clean | as in the store | when there is no room |
 * | dirty | newer than in the store | no |
 * | sealed | being put into the store | no; a write makes a dirty copy of it first |
 *
 * Frames lie in kernel memory (`record_memory.ts`). The cache holds its frames, and a seal holds those
 * in it; who reads or stores across a wait holds them, too. The last one to let go gives the memory
 * back.
 *
 * Records that became zeroes as a whole have no frame: they are in ranges, to be removed from the
 * store before dirty frames are put into it. So what {@linkcode RecordCache.seal} hands out is the
 * device as it was at that moment, and nothing that is written later gets into it.
 *
 * Invariants: a sector that is not known was not written since it was last in the store. A dirty
 * frame that lies in a removed range knows all its sectors. Memory is bounded by whoever calls
 * {@linkcode RecordCache.shrinkTo} and settles what is dirty in time.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { assert } from "../../block/errors.ts";
import { SECTOR_BYTES } from "../../block/units.ts";
import { isZeroBytes } from "../byte_scan.ts";
import type { RecordMemory } from "./record_memory.ts";
import { RecordRanges } from "./record_ranges.ts";

/** What is known of a record. */
export class Frame {
  /** Whether it is being put into the store, so that it must not change. */
  isSealed = false;
  /** A reading of the store that will make it whole. */
  loading: Promise<void> | undefined;
  readonly #memory: RecordMemory;
  readonly #sectorCount: number;
  /** Where its bytes are; what is not known is zero there. Left out while all known ones are zero. */
  #place: number | undefined;
  /** A mark for each known sector. Left out: all are known. */
  #known: Uint8Array | undefined;
  #knownCount: number;
  #holderCount = 1;

  /** A frame of which nothing is known, or which is known to be zero. Whoever makes it holds it. */
  constructor(memory: RecordMemory, sectorCount: number, isKnown: boolean) {
    this.#memory = memory;
    this.#sectorCount = sectorCount;
    this.#known = isKnown ? undefined : new Uint8Array(sectorCount);
    this.#knownCount = isKnown ? sectorCount : 0;
  }

  /** Keeps its bytes until {@linkcode release}, whatever else happens to it. */
  hold(): void {
    this.#holderCount++;
  }

  /** Ends a hold. With the last one its memory is given back, and nobody may use it any more. */
  release(): void {
    assert(this.#holderCount > 0, "a frame is released as often as it was held");
    if (--this.#holderCount > 0 || this.#place === undefined) return;
    this.#memory.giveBack(this.#place);
    this.#place = undefined;
  }

  /** Whether every sector is known. */
  get isWhole(): boolean {
    return this.#known === undefined;
  }

  /** Whether some sectors are known. */
  knows(from: number, to: number): boolean {
    const known = this.#known;
    if (known === undefined) return true;
    for (let sector = from; sector < to; sector++) if (known[sector] === 0) return false;
    return true;
  }

  /** Copies known sectors out. */
  read(target: Uint8Array, from: number): void {
    if (this.#place === undefined) target.fill(0);
    else this.#memory.read(this.#place, target, from);
  }

  /** Puts sectors in, or zeroes. */
  write(source: Uint8Array | undefined, from: number, to: number): void {
    if (source !== undefined) this.#memory.write(this.#ownPlace(), source, from);
    else if (this.#place !== undefined) this.#memory.zero(this.#place, from, to);
    const known = this.#known;
    if (known === undefined) return;
    for (let sector = from; sector < to; sector++) {
      if (known[sector] === 0) this.#knownCount++;
      known[sector] = 1;
    }
    if (this.#knownCount === this.#sectorCount) this.#known = undefined;
  }

  /**
   * Fills in what is not known from what the store has. One that nobody holds is left alone.
   *
   * @param stored The record, which is not kept; nothing when the store has none.
   */
  complete(stored: Uint8Array | undefined): void {
    const known = this.#known;
    if (known === undefined || this.#holderCount === 0) return;
    for (let from = 0; stored !== undefined && from < known.length;) {
      let to = from;
      while (to < known.length && known[to] === known[from]) to++;
      if (known[from] === 0) {
        const part = stored.subarray(from * SECTOR_BYTES, to * SECTOR_BYTES);
        this.#memory.write(this.#ownPlace(), part, from);
      }
      from = to;
    }
    this.#known = undefined;
  }

  /**
   * The record as it is to be stored: in a buffer of its own, that is of its size and not shared.
   *
   * @returns It; nothing when it is all zeroes.
   */
  toStored(): Uint8Array<ArrayBuffer> | undefined {
    assert(this.isWhole, "what is stored is whole");
    if (this.#place === undefined) return undefined;
    const bytes = new Uint8Array(this.#sectorCount * SECTOR_BYTES);
    this.#memory.read(this.#place, bytes, 0);
    return isZeroBytes(bytes, 0, bytes.length) ? undefined : bytes;
  }

  /** A frame that holds the same and may be written. */
  copy(): Frame {
    const copy = new Frame(this.#memory, this.#sectorCount, true);
    try {
      if (this.#place !== undefined) this.#memory.copy(this.#place, copy.#ownPlace());
    } catch (error) {
      copy.release();
      throw error;
    }
    copy.#known = this.#known?.slice();
    copy.#knownCount = this.#knownCount;
    return copy;
  }

  #ownPlace(): number {
    return this.#place ??= this.#memory.take();
  }
}

/** What is to be put into a store at once. */
export interface Sealed {
  /** Removed first. */
  readonly removed: RecordRanges;
  /** Put in afterwards, by record. */
  readonly frames: ReadonlyMap<number, Frame>;
}

function drop(frames: Map<number, Frame>, index: number): void {
  frames.get(index)?.release();
  frames.delete(index);
}

/** Frames by record. See the file's head. */
export class RecordCache {
  readonly #recordSectors: number;
  readonly #memory: RecordMemory;
  /** The one used longest ago comes first. */
  readonly #clean = new Map<number, Frame>();
  /** Dirty and sealed. */
  readonly #dirty = new Map<number, Frame>();
  #removed = new RecordRanges();
  #sealed: Sealed | undefined;

  /** An empty cache for records of some sectors, in memory for such records. */
  constructor(recordSectors: number, memory: RecordMemory) {
    this.#recordSectors = recordSectors;
    this.#memory = memory;
  }

  /** Frames that cannot be dropped. */
  get dirtyCount(): number {
    return this.#dirty.size;
  }

  /** All frames. */
  get frameCount(): number {
    return this.#dirty.size + this.#clean.size;
  }

  /** Ranges that wait to be removed. */
  get removedCount(): number {
    return this.#removed.rangeCount;
  }

  /** Whether the store has not everything yet. */
  get isDirty(): boolean {
    return this.#dirty.size > 0 || this.#removed.rangeCount > 0 || this.#sealed !== undefined;
  }

  /** The frame of a record, made if there is none. It stays good as long as it is held. */
  frameOf(index: number): Frame {
    const dirty = this.#dirty.get(index);
    if (dirty !== undefined) return dirty;
    const clean = this.#clean.get(index) ?? this.#newFrame(index);
    this.#clean.delete(index);
    this.#clean.set(index, clean);
    return clean;
  }

  /** Writes sectors of the device: at once, and without the store. */
  write(source: Uint8Array, sector: number): void {
    this.#change(sector, source.length / SECTOR_BYTES, source);
  }

  /** Makes sectors of the device zero. */
  zero(sector: number, sectorCount: number): void {
    const unit = this.#recordSectors;
    const end = sector + sectorCount;
    const first = Math.ceil(sector / unit);
    const endRecord = Math.floor(end / unit);
    if (first >= endRecord) return this.#change(sector, sectorCount, undefined);
    this.#change(sector, first * unit - sector, undefined);
    this.#remove(first, endRecord);
    this.#change(endRecord * unit, end - endRecord * unit, undefined);
  }

  /**
   * Takes what the store does not have, as it is now. Until it is settled there is no other.
   *
   * @returns It; nothing when the store has everything.
   */
  seal(): Sealed | undefined {
    if (!this.isDirty) return undefined;
    for (const frame of this.#dirty.values()) {
      frame.isSealed = true;
      frame.hold();
    }
    this.#sealed = { removed: this.#removed, frames: new Map(this.#dirty) };
    this.#removed = new RecordRanges();
    return this.#sealed;
  }

  /** The store has all that was sealed, or nothing of it. */
  settle(isStored: boolean): void {
    const { removed, frames } = this.#sealed!;
    this.#sealed = undefined;
    if (!isStored) this.#removed.addAll(removed);
    for (const [index, frame] of frames) {
      frame.isSealed = false;
      if (isStored && this.#dirty.get(index) === frame) {
        this.#dirty.delete(index);
        this.#clean.set(index, frame);
      }
      frame.release();
    }
  }

  /** Drops clean frames until there are no more than some. */
  shrinkTo(frameCount: number): void {
    for (const [index, frame] of this.#clean) {
      if (this.frameCount <= frameCount) return;
      this.#clean.delete(index);
      frame.release();
    }
  }

  /** Forgets everything, what the store does not have included. Nothing must be sealed. */
  clear(): void {
    for (const frames of [this.#clean, this.#dirty]) {
      for (const frame of frames.values()) frame.release();
      frames.clear();
    }
    this.#removed = new RecordRanges();
  }

  #newFrame(index: number): Frame {
    const isRemoved = this.#removed.has(index) || (this.#sealed?.removed.has(index) ?? false);
    return new Frame(this.#memory, this.#recordSectors, isRemoved);
  }

  /** The frame of a record, to be written. */
  #dirtyFrameOf(index: number): Frame {
    let frame = this.#dirty.get(index);
    if (frame === undefined) {
      frame = this.#clean.get(index) ?? this.#newFrame(index);
      this.#clean.delete(index);
    } else if (frame.isSealed) {
      const copy = frame.copy();
      frame.release();
      frame = copy;
    } else {
      return frame;
    }
    this.#dirty.set(index, frame);
    return frame;
  }

  #change(sector: number, sectorCount: number, source: Uint8Array | undefined): void {
    const unit = this.#recordSectors;
    for (let done = 0; done < sectorCount;) {
      const index = Math.floor((sector + done) / unit);
      const from = sector + done - index * unit;
      const count = Math.min(unit - from, sectorCount - done);
      const part = source?.subarray(done * SECTOR_BYTES, (done + count) * SECTOR_BYTES);
      this.#dirtyFrameOf(index).write(part, from, from + count);
      done += count;
    }
  }

  #remove(first: number, end: number): void {
    for (const frames of [this.#clean, this.#dirty]) {
      if (end - first < frames.size) {
        for (let index = first; index < end; index++) drop(frames, index);
      } else {
        for (const index of frames.keys()) if (index >= first && index < end) drop(frames, index);
      }
    }
    this.#removed.add(first, end);
  }
}

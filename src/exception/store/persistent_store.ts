/**
 * The persistent store, `P` and `PO`: exceptions in Linux's on-disk format (`disk_format.ts`).
 *
 * **State**: the index of the current area, its image in memory with `entryCount` entries, how many of
 * them are durable, and the next free chunk. All earlier areas are full. Those that a merge has looked
 * at are held as images too, until the list grows.
 *
 * **Order on the device**, which is the crash argument:
 *
 * 1. A fresh store: area 0 and the sectors behind the header are zeroed and flushed before the header
 *    is written.
 * 2. Exceptions: data, then a flush, then the entries with FUA. Whoever waits goes on after that.
 * 3. A full area: the next area is zeroed before the flush that precedes the full area's entries, so
 *    a full area is followed by an end of list.
 * 4. An invalidation is durable before it is answered.
 * 5. Whatever lies behind the end of the list when a store is loaded is cleared, durably, before the
 *    first entry is added. Otherwise entries of a torn write would come back to life once the list
 *    reaches them.
 * 6. A merge clears entries in as many areas as they are in, in any order, and then flushes: wherever the
 *    list ends meanwhile, behind its end nothing counts, and the next area is zeroed, as in 3, before
 *    the list goes on to it again.
 *
 * **Refused at load**, although the kernel accepts it: chunks outside their device, new chunks on top
 * of metadata. Not handed out, although the kernel tries: an entry that would fill an area whose
 * successor does not fit on the device.
 *
 * **Failure**: a commit that fails is taken back, but for what lies in areas that it closed. The device
 * may hold any of it, so the end of the list is cleared, as in 5, before it grows again. A merge that
 * fails leaves all exceptions, unsettled from the new end on: the device may have forgotten them.
 *
 * Longer than most files: the order on the device is one argument, and is read in one place.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-snap-persistent.c
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { flushStep, performInKernel, type Plan, type Step } from "../../block/plan.ts";
import { writeStep, zeroStep } from "../../block/plan.ts";
import { bytesToSectors, sectorsToBytes } from "../../block/units.ts";
import { AreaImage } from "./area_image.ts";
import { readAreas } from "./area_reader.ts";
import { planClearTail } from "./area_tail.ts";
import { AreaLayout, encodeHeader } from "./disk_format.ts";
import { EarlierAreas, type ListEnd } from "./earlier_areas.ts";
import {
  type ExceptionRun,
  type ExceptionStore,
  PartialCommit,
  type StoreType,
  type StoreUsage,
} from "./exception_store.ts";
import { readHeader } from "./header_reader.ts";

/** What a persistent store is made from. */
export interface PersistentStoreOptions {
  /** The COW device. */
  readonly cow: BlockDevice;
  /** The device whose chunks are excepted; its size bounds old chunks. */
  readonly source: BlockDevice;
  /** Sectors in a chunk as the table says; 0 for the default. A header on the device wins. */
  readonly chunkSectors: number;
  /** Whether a full device refuses snapshot writes instead of invalidating. */
  readonly hasOverflow: boolean;
  /** Takes what the kernel would log, without its `device-mapper: `. */
  readonly log: (line: string) => void;
}

/** What a commit has added so far. */
interface Addition {
  /** How many are in the image, or were. */
  addedCount: number;
  /** How many of them lie in areas that were closed, durably. */
  closedCount: number;
  /** Where in the current area it began. */
  start: number;
}

/** Remembers exceptions on the COW device. */
export class PersistentStore implements ExceptionStore {
  readonly type: StoreType;
  readonly #options: PersistentStoreOptions;
  readonly #cow: BlockDevice;
  readonly #blockSectors: number;
  #layout: AreaLayout;
  #image: AreaImage;
  #earlier: EarlierAreas;
  #area = 0;
  #entryCount = 0;
  /** How many of the entries are durable; below zero when some of earlier areas may not be, either. */
  #settledCount = 0;
  #preparedCount = 0;
  #nextFreeChunk: number;
  /** The chunk behind those that entries have named since the store was read. */
  #namedChunkEnd: number;
  /** Whether new chunks ascend, so that forgetting the newest entries frees the highest chunks. */
  #isAscending = true;
  #hasStaleTail = false;

  /**
   * A store on a COW device; does no I/O.
   *
   * @param options What it is made from.
   */
  constructor(options: PersistentStoreOptions) {
    this.#options = options;
    this.#cow = options.cow;
    this.type = options.hasOverflow ? "PO" : "P";
    this.#blockSectors = options.cow.limits.logicalSectors;
    this.#layout = new AreaLayout(Math.max(1, options.chunkSectors));
    this.#nextFreeChunk = this.#layout.firstDataChunk;
    this.#namedChunkEnd = this.#nextFreeChunk;
    this.#image = this.#emptyImage();
    this.#earlier = new EarlierAreas(this.#cow, this.#layout);
  }

  get chunkSectors(): number {
    return this.#layout.chunkSectors;
  }

  get unsettledCount(): number {
    return this.#entryCount - this.#settledCount;
  }

  *readMetadata(onRun: (run: ExceptionRun) => void): Plan<"fresh" | "loaded" | "invalid"> {
    const header = yield* readHeader(this.#options);
    this.#layout = new AreaLayout(header.chunkSectors);
    this.#image = this.#emptyImage();
    this.#earlier = new EarlierAreas(this.#cow, this.#layout);
    this.#requireAreas(1);
    if (header.state === "fresh") yield* this.#create();
    if (header.state !== "loaded") return header.state;
    const end = yield* readAreas(this.#cow, this.#options.source, this.#layout, onRun, this.#image);
    this.#area = end.area;
    this.#entryCount = end.entryCount;
    this.#settledCount = end.entryCount;
    this.#nextFreeChunk = this.#layout.skipMetadata(end.nextFreeChunk);
    this.#namedChunkEnd = end.nextFreeChunk;
    this.#isAscending = end.isAscending;
    this.#hasStaleTail = end.hasStaleTail;
    return "loaded";
  }

  prepareException(): number {
    const { chunkSectors, entriesPerArea } = this.#layout;
    const chunk = this.#nextFreeChunk;
    if (this.#cow.sectorCount < (chunk + 1) * chunkSectors) return -1;
    // An entry that fills its area needs a successor to end the list.
    const entryCount = this.#entryCount + this.#preparedCount + 1;
    if (entryCount >= entriesPerArea) {
      const area = this.#area + Math.floor(entryCount / entriesPerArea);
      if (!this.#hasRoomForArea(area)) return -1;
    }
    this.#nextFreeChunk = this.#layout.skipMetadata(chunk + 1);
    this.#preparedCount++;
    return chunk;
  }

  *commitExceptions(runs: readonly ExceptionRun[], durable: boolean): Plan {
    const total = runs.reduce((sum, { count }) => sum + count, 0);
    const addition: Addition = { addedCount: 0, closedCount: 0, start: this.#entryCount };
    this.#preparedCount -= total;
    try {
      if (this.#hasStaleTail) yield* this.#clearStaleTail();
      for (const run of runs) {
        for (let index = 0; index < run.count;) {
          if (this.#isAreaFull) yield* this.#openNextArea();
          index = this.#addEntries(run, index, addition);
          if (!this.#isAreaFull) continue;
          yield* this.#closeArea();
          addition.closedCount = addition.addedCount;
          addition.start = 0;
        }
      }
      if (durable && this.#isDirty) yield* this.#settle();
      else if (runs.length === 0) yield flushStep(this.#cow);
    } catch (error) {
      this.#takeBack(addition);
      throw addition.closedCount === 0 ? error : new PartialCommit(addition.closedCount, error);
    }
  }

  abandonException({ count }: ExceptionRun): void {
    this.#preparedCount -= count;
    // Chunks that no entry has named can be handed out again, once nobody has one of them.
    if (this.#preparedCount > 0) return;
    this.#nextFreeChunk = this.#layout.skipMetadata(this.#namedChunkEnd);
  }

  *invalidate(): Plan {
    try {
      yield* this.#writeHeader(false);
      return;
    } catch { /* Once more: a store that is not told will be trusted when it is opened again. */ }
    try {
      yield* this.#writeHeader(false);
    } catch (error) {
      this.#options.log("persistent snapshot: write header failed");
      throw error;
    }
  }

  usage(): StoreUsage {
    const { chunkSectors } = this.#layout;
    return {
      allocatedSectors: this.#nextFreeChunk * chunkSectors,
      totalSectors: this.#cow.sectorCount,
      metadataSectors: (this.#area + 2) * chunkSectors,
    };
  }

  *prepareMerge(countMax = 1): Plan<ExceptionRun[]> {
    if (this.#isDirty) yield* this.#settle();
    if (this.#entryCount === 0 && this.#area > 0) {
      const area = this.#area - 1;
      this.#goBack(area, yield* this.#earlier.image(area), this.#layout.entriesPerArea);
    }
    return yield* this.#earlier.newestRuns(this.#end, countMax);
  }

  *commitMerge(count: number): Plan {
    if (this.#hasStaleTail) yield* this.#clearStaleTail();
    const cleared = this.#earlier.clearNewest(this.#end, count);
    const [{ area, image, index: end, newChunk }] = cleared;
    try {
      yield* this.#settle();
    } catch (error) {
      // Which of them the device has forgotten is not known: all are to be written again.
      for (const { image, index, bytes } of cleared) image.restore(index, bytes);
      this.#settledCount = this.#entryCount - count;
      throw error;
    }
    this.#goBack(area, image, end);
    if (end === 0 && area === 0) this.#nextFreeChunk = this.#layout.firstDataChunk;
    else if (this.#isAscending) this.#nextFreeChunk = newChunk;
    this.#namedChunkEnd = Math.min(this.#namedChunkEnd, this.#nextFreeChunk);
  }

  destroy(): void {}

  /** Whether something that the device should hold is not written. */
  get #isDirty(): boolean {
    return this.#image.isDirty || this.unsettledCount > 0;
  }

  get #end(): ListEnd {
    return { area: this.#area, image: this.#image, entryCount: this.#entryCount };
  }

  get #isAreaFull(): boolean {
    return this.#entryCount === this.#layout.entriesPerArea;
  }

  /** Adds a run from an index on, as far as the area goes; tells the index behind. */
  #addEntries(
    { oldChunk, newChunk, count }: ExceptionRun,
    from: number,
    addition: Addition,
  ): number {
    const end = Math.min(count, from + this.#layout.entriesPerArea - this.#entryCount);
    for (let index = from; index < end; index++) {
      this.#image.set(this.#entryCount++, oldChunk + index, newChunk + index);
    }
    this.#namedChunkEnd = Math.max(this.#namedChunkEnd, newChunk + end);
    addition.addedCount += end - from;
    return end;
  }

  /** Takes back what a failed commit has added to the image. The device may hold any of it. */
  #takeBack({ start, addedCount, closedCount }: Addition): void {
    if (addedCount === closedCount) return;
    for (let index = start; index < this.#entryCount; index++) this.#image.set(index, 0, 0);
    this.#entryCount = start;
    this.#settledCount = Math.min(this.#settledCount, start);
    this.#hasStaleTail = true;
  }

  #emptyImage(): AreaImage {
    return new AreaImage(this.#layout.chunkBytes, sectorsToBytes(this.#blockSectors));
  }

  #hasRoomForArea(area: number): boolean {
    return this.#cow.sectorCount >= this.#layout.areaEndSector(area);
  }

  #requireAreas(areaCount: number): void {
    if (this.#hasRoomForArea(areaCount - 1)) return;
    const wanted = this.#layout.areaEndSector(areaCount - 1);
    throw new BlockDeviceError(
      "EIO",
      `Cannot keep exceptions on "${this.#cow.name}": it has ${this.#cow.sectorCount} sectors, ` +
        `want at least ${wanted} for chunks of ${this.chunkSectors}`,
      { device: this.#cow.name },
    );
  }

  *#create(): Plan {
    try {
      yield* this.#zeroArea(0);
    } catch (error) {
      this.#options.log("persistent snapshot: zero_disk_area(0) failed");
      throw error;
    }
    const rest = this.chunkSectors - this.#blockSectors;
    if (rest > 0) yield zeroStep(this.#cow, this.#blockSectors, rest);
    yield flushStep(this.#cow);
    yield* this.#writeHeader(true);
  }

  *#writeHeader(isValid: boolean): Plan {
    const header = new Uint8Array(sectorsToBytes(this.#blockSectors));
    encodeHeader(header, isValid, this.chunkSectors);
    yield writeStep(this.#cow, header, 0, true);
  }

  #areaSector(area: number): number {
    return this.#layout.areaChunk(area) * this.chunkSectors;
  }

  *#zeroArea(area: number): Plan {
    yield zeroStep(this.#cow, this.#areaSector(area), this.chunkSectors);
  }

  /** Makes the images durable; the flush makes durable what their entries point to. */
  *#settle(): Plan {
    const flush = flushStep(this.#cow);
    if (!performInKernel(flush)) yield flush;
    const earlier = this.#earlier.dirty;
    if (earlier.length > 0) yield* this.#settleAreas([...earlier, [this.#area, this.#image]]);
    else if (this.#image.isDirty) {
      const write = this.#writeStep(this.#area, this.#image, true);
      if (!performInKernel(write)) yield write;
      this.#image.settle();
    }
    this.#settledCount = this.#entryCount;
  }

  /** Several areas, by one flush; the oldest first, so that a list that is cut ends there at once. */
  *#settleAreas(areas: readonly (readonly [number, AreaImage])[]): Plan {
    const images = areas.filter(([, { isDirty }]) => isDirty);
    for (const [area, image] of images) yield this.#writeStep(area, image, false);
    yield flushStep(this.#cow);
    for (const [, image] of images) image.settle();
  }

  #writeStep(area: number, { dirtyBytes, dirtyOffsetBytes }: AreaImage, fua: boolean): Step {
    const sector = this.#areaSector(area) + bytesToSectors(dirtyOffsetBytes);
    return writeStep(this.#cow, dirtyBytes, sector, fua);
  }

  /** A full area: its successor ends the list before the area is written. */
  *#closeArea(): Plan {
    yield* this.#zeroArea(this.#area + 1);
    yield* this.#settle();
    this.#beginArea(this.#area + 1);
  }

  /** An area that a merge has gone back to, and taken nothing from yet. */
  *#openNextArea(): Plan {
    yield* this.#zeroArea(this.#area + 1);
    if (this.#isDirty) yield* this.#settle();
    else yield flushStep(this.#cow);
    this.#beginArea(this.#area + 1);
  }

  #beginArea(area: number): void {
    this.#area = area;
    this.#entryCount = 0;
    this.#settledCount = 0;
    this.#image.reset();
    this.#earlier.forgetFrom(0);
  }

  /** The list ends in this area, or in an earlier one, behind so many entries that are durable. */
  #goBack(area: number, image: AreaImage, entryCount: number): void {
    if (area < this.#area) this.#hasStaleTail = false;
    this.#earlier.forgetFrom(area);
    this.#area = area;
    this.#image = image;
    this.#entryCount = entryCount;
    this.#settledCount = entryCount;
  }

  *#clearStaleTail(): Plan {
    // The block of the end may hold entries whose data is not durable yet.
    if (this.unsettledCount > 0) yield flushStep(this.#cow);
    const offsetBytes = this.#image.blockStart(this.#entryCount);
    yield* planClearTail(this.#cow, {
      areaSector: this.#areaSector(this.#area),
      areaBytes: this.#layout.chunkBytes,
      offsetBytes,
      block: () => this.#image.block(offsetBytes),
    });
    this.#hasStaleTail = false;
  }
}

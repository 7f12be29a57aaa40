/**
 * Reading the areas of a persistent COW device, entry by entry, until the list ends.
 *
 * Accepted, as the kernel does: holes in the allocation, new chunks out of order, bytes of an earlier
 * life behind the end of the list (they are reported, and cleared before the list grows over them).
 * Refused, although the kernel does not look: an old chunk outside the source, a new chunk outside
 * the device or on top of metadata. The device may have been shrunk, the COW may belong to another
 * origin, or the area may be garbage; reading on would read wrong data.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { type Plan, readStep } from "../../block/plan.ts";
import { bytesToSectors } from "../../block/units.ts";
import { isZeroBytes } from "../../devices/byte_scan.ts";
import type { AreaImage } from "./area_image.ts";
import { type AreaLayout, ENTRY_BYTES, entryNewChunk, entryOldChunk } from "./disk_format.ts";
import { EntryBounds } from "./entry_faults.ts";
import type { ExceptionRun } from "./exception_store.ts";

/** Areas are read in pieces of at most this size. */
const PIECE_BYTES = 64 * 1024;

/** Where the list ended. */
export interface AreasEnd {
  /** The area that holds the end. */
  readonly area: number;
  /** Entries in it. */
  readonly entryCount: number;
  /** The chunk behind the highest new chunk; not yet skipped over metadata. */
  readonly nextFreeChunk: number;
  /** Whether new chunks were found in ascending order, as ours are and Linux's since 2013. */
  readonly isAscending: boolean;
  /** Whether bytes of an earlier life lie behind the end, in the same area. */
  readonly hasStaleTail: boolean;
}

/** Joins entries to runs, so that whoever listens hears of a thousand chunks at once. */
class RunJoiner {
  #oldChunk = 0;
  #newChunk = 0;
  #count = 0;

  constructor(readonly onRun: (run: ExceptionRun) => void) {}

  add(oldChunk: number, newChunk: number): void {
    const isNext = oldChunk === this.#oldChunk + this.#count &&
      newChunk === this.#newChunk + this.#count;
    if (!isNext || this.#count === 0) {
      this.end();
      this.#oldChunk = oldChunk;
      this.#newChunk = newChunk;
    }
    this.#count++;
  }

  end(): void {
    if (this.#count > 0) {
      this.onRun({ oldChunk: this.#oldChunk, newChunk: this.#newChunk, count: this.#count });
    }
    this.#count = 0;
  }
}

/**
 * Reads all exceptions.
 *
 * @param cow The COW device.
 * @param source The device whose chunks are excepted.
 * @param layout Where areas lie.
 * @param onRun Called for every run, in the order of allocation.
 * @param image Receives the entries of the last area.
 * @returns Where the list ended.
 * @throws {BlockDeviceError} `EIO`, or `EINVAL` for an entry that makes no sense.
 */
export function readAreas(
  cow: BlockDevice,
  source: BlockDevice,
  layout: AreaLayout,
  onRun: (run: ExceptionRun) => void,
  image: AreaImage,
): Plan<AreasEnd> {
  return new AreaReader(cow, source, layout, new RunJoiner(onRun), image).read();
}

/** One reading of the list. */
class AreaReader {
  readonly #piece: Uint8Array;
  readonly #view: DataView;
  readonly #bounds: EntryBounds;
  #nextFreeChunk: number;
  #isAscending = true;
  #area = 0;
  #entryCount = 0;

  constructor(
    readonly cow: BlockDevice,
    source: BlockDevice,
    readonly layout: AreaLayout,
    readonly joiner: RunJoiner,
    readonly image: AreaImage,
  ) {
    this.#piece = new Uint8Array(Math.min(layout.chunkBytes, PIECE_BYTES));
    this.#view = new DataView(this.#piece.buffer);
    this.#bounds = new EntryBounds(cow, source, layout);
    this.#nextFreeChunk = layout.firstDataChunk;
  }

  *read(): Plan<AreasEnd> {
    const { layout } = this;
    for (; layout.areaChunk(this.#area) < this.#bounds.newChunkEnd; this.#area++) {
      this.image.reset();
      this.#entryCount = 0;
      for (let offset = 0; offset < layout.chunkBytes; offset += this.#piece.length) {
        yield* this.#readPiece(offset);
        const endIndex = this.#takeEntries();
        if (endIndex >= 0) {
          const isStale = this.#hasBytes(endIndex) ||
            (yield* this.#hasBytesFrom(offset + this.#piece.length));
          return this.#end(this.#area, isStale);
        }
      }
    }
    // Nobody leaves a full area at the end of a device: a successor stood there.
    throw new BlockDeviceError(
      "EINVAL",
      `Cannot load exceptions from "${this.cow.name}": area ${this.#area - 1} is full, and the ` +
        `device ends in front of the next one, at sector ${this.cow.sectorCount}`,
      { device: this.cow.name },
    );
  }

  #end(area: number, hasStaleTail: boolean): AreasEnd {
    this.joiner.end();
    return {
      area,
      entryCount: this.#entryCount,
      nextFreeChunk: this.#nextFreeChunk,
      isAscending: this.#isAscending,
      hasStaleTail,
    };
  }

  *#readPiece(offsetBytes: number): Plan {
    const areaSector = this.layout.areaChunk(this.#area) * this.layout.chunkSectors;
    yield readStep(this.cow, this.#piece, areaSector + bytesToSectors(offsetBytes));
  }

  /** Takes the entries of a piece; tells at which the list ends, or -1. */
  #takeEntries(): number {
    const count = this.#piece.length / ENTRY_BYTES;
    for (let index = 0; index < count; index++) {
      const newChunk = entryNewChunk(this.#view, index);
      if (newChunk === 0) return index;
      const oldChunk = entryOldChunk(this.#view, index);
      this.#check(oldChunk, newChunk);
      this.joiner.add(oldChunk, newChunk);
      this.image.load(this.#entryCount, oldChunk, newChunk);
      this.#isAscending &&= newChunk >= this.#nextFreeChunk;
      this.#nextFreeChunk = Math.max(this.#nextFreeChunk, newChunk + 1);
      this.#entryCount++;
    }
    return -1;
  }

  #check(oldChunk: number, newChunk: number): void {
    const { cow } = this;
    const fault = this.#bounds.oldChunkFault(oldChunk) ?? this.#bounds.newChunkFault(newChunk);
    if (fault === null) return;
    const where = `entry ${this.#entryCount} of area ${this.#area}`;
    throw new BlockDeviceError(
      "EINVAL",
      `Cannot load exceptions from "${cow.name}": ${where} has ${fault.clause}`,
      { device: cow.name },
    );
  }

  #hasBytes(entry: number): boolean {
    return !isZeroBytes(this.#piece, entry * ENTRY_BYTES, this.#piece.length);
  }

  *#hasBytesFrom(startBytes: number): Plan<boolean> {
    const { chunkBytes } = this.layout;
    for (let offset = startBytes; offset < chunkBytes; offset += this.#piece.length) {
      yield* this.#readPiece(offset);
      if (this.#hasBytes(0)) return true;
    }
    return false;
  }
}

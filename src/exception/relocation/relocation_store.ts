/**
 * The exception store of relocated blocks: which block lives in which spare.
 *
 * Chunks are blocks of one device, counted from its start on both sides: old chunks are blocks that
 * went bad, new chunks are spares. The i-th spare has slot i of the table (`table_sector.ts`), the
 * table lies on the device twice (`table_copies.ts`).
 *
 * **State**: per spare free, used or retired, and the first spare that was never handed out. Spares
 * are handed out in order and never given back.
 *
 * **Order on the device**: data, then a flush, then the slot in both copies, each durably. Whoever
 * waits goes on after that.
 *
 * **A spare that goes bad** is retired, durably, and skipped from then on, also after a reload. When it
 * held a block, that block's new slot is written before the old one is retired; if power is lost in
 * between two slots name the same block, and the later spare counts.
 *
 * **Failure**: when neither copy can be written a commit fails, and with it the table's use for new
 * relocations; those that are remembered stay in use. Nothing is ever invalidated on the device.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { flushStep, type Plan } from "../../block/plan.ts";
import type { ExceptionRun, ExceptionStore, StoreUsage } from "../store/exception_store.ts";
import { slotFault } from "./slot_faults.ts";
import { TableCopies } from "./table_copies.ts";
import { type Slot, SLOTS_PER_SECTOR } from "./table_sector.ts";

/** Where relocated blocks, their spares and their table lie on a device. */
export interface RelocationLayout {
  /** The device. */
  readonly device: BlockDevice;
  /** Sectors in a block, the unit of relocation. */
  readonly blockSectors: number;
  /** The first sector whose block may be relocated; a multiple of `blockSectors`. */
  readonly startSector: number;
  /** How many sectors from there on. */
  readonly sectorCount: number;
  /** The first sector of the spares; a multiple of `blockSectors`, and not 0. */
  readonly spareSector: number;
  /** How many spares. */
  readonly spareCount: number;
  /** The first sectors of the table's copies. */
  readonly copySectors: readonly [number, number];
}

/** Remembers relocated blocks. */
export class RelocationStore implements ExceptionStore {
  readonly type = "bbr";
  readonly chunkSectors: number;
  readonly unsettledCount = 0;
  readonly #layout: RelocationLayout;
  readonly #copies: TableCopies;
  readonly #log: (line: string) => void;
  /** Which spare a block lives in, by the block's first sector. */
  readonly #spareOf = new Map<number, number>();
  #retiredCount = 0;
  #nextSpare = 0;

  /**
   * A store; does no I/O.
   *
   * @param layout Where everything lies; checked already.
   * @param log Takes what a kernel would log.
   */
  constructor(layout: RelocationLayout, log: (line: string) => void = () => {}) {
    this.#layout = layout;
    this.#log = log;
    this.chunkSectors = layout.blockSectors;
    this.#copies = new TableCopies({
      device: layout.device,
      copySectors: layout.copySectors,
      spareCount: layout.spareCount,
      slotFault: (sector, slot, index) => slotFault(layout, sector, slot, index),
    });
  }

  /** Blocks that are relocated. */
  get usedCount(): number {
    return this.#spareOf.size;
  }

  /** Spares that are bad themselves. */
  get retiredCount(): number {
    return this.#retiredCount;
  }

  /** Whether each copy of the table is whole, as far as is known. */
  get areCopiesWhole(): readonly [boolean, boolean] {
    return this.#copies.areWhole;
  }

  *readMetadata(onRun: (run: ExceptionRun) => void): Plan<"fresh" | "loaded"> {
    const state = yield* this.#copies.read();
    const { spareCount } = this.#layout;
    for (let spare = 0; spare < spareCount; spare++) {
      if (this.#slotOf(spare) !== "free") this.#nextSpare = spare + 1;
    }
    for (let spare = 0; spare < this.#nextSpare; spare++) this.#load(spare);
    for (const [badSector, spare] of this.#spareOf) {
      onRun({ oldChunk: this.#chunkOf(badSector), newChunk: this.#spareChunk(spare), count: 1 });
    }
    return state;
  }

  prepareException(): number {
    if (this.#nextSpare === this.#layout.spareCount) return -1;
    return this.#spareChunk(this.#nextSpare++);
  }

  *commitExceptions(runs: readonly ExceptionRun[], _durable: boolean): Plan {
    yield flushStep(this.#layout.device);
    for (const { oldChunk, newChunk, count } of runs) {
      for (let index = 0; index < count; index++) {
        yield* this.#commit(oldChunk + index, this.#spareOfChunk(newChunk + index));
      }
    }
  }

  *retireException({ newChunk, count }: ExceptionRun): Plan {
    for (let index = 0; index < count; index++) {
      const spare = this.#spareOfChunk(newChunk + index);
      this.#log(`bbr: spare sector ${this.#spareSector(spare)} is bad`);
      yield* this.#write(spare, "retired");
      this.#retiredCount++;
    }
  }

  // What is remembered stays true; only more of it cannot be written down.
  *invalidate(): Plan {
    this.#log("bbr: both copies of the table fail, no more blocks can be relocated");
  }

  /** Writes a fresh table, and brings a copy that is behind up to date, where the device lets it. */
  mend(): Plan {
    return this.#copies.mend();
  }

  usage(): StoreUsage {
    const { blockSectors, spareCount } = this.#layout;
    return {
      allocatedSectors: this.#nextSpare * blockSectors,
      totalSectors: spareCount * blockSectors,
      metadataSectors: 0,
    };
  }

  destroy(): void {}

  *#commit(oldChunk: number, spare: number): Plan {
    const badSector = oldChunk * this.chunkSectors;
    const before = this.#spareOf.get(badSector);
    yield* this.#write(spare, badSector);
    this.#spareOf.set(badSector, spare);
    if (before === undefined) return;
    this.#retiredCount++;
    yield* this.#write(before, "retired");
  }

  /** Changes a slot, in memory only if on the device as well. */
  *#write(spare: number, slot: Slot): Plan {
    yield* this.#copies.write(
      Math.floor(spare / SLOTS_PER_SECTOR),
      (sector) => sector.setSlot(spare % SLOTS_PER_SECTOR, this.#spareSector(spare), slot),
    );
  }

  /** Takes note of a spare that was handed out in an earlier life. */
  #load(spare: number): void {
    const slot = this.#slotOf(spare);
    if (typeof slot !== "number") {
      this.#retiredCount++;
      return;
    }
    // Slots come in order, so a second one for the same block is the later one.
    if (this.#spareOf.has(slot)) this.#retiredCount++;
    this.#spareOf.delete(slot);
    this.#spareOf.set(slot, spare);
  }

  #slotOf(spare: number): Slot | null {
    const sector = this.#copies.sector(Math.floor(spare / SLOTS_PER_SECTOR));
    return sector.slot(spare % SLOTS_PER_SECTOR, this.#spareSector(spare));
  }

  #spareSector(spare: number): number {
    return this.#layout.spareSector + spare * this.#layout.blockSectors;
  }

  #spareChunk(spare: number): number {
    return this.#spareSector(spare) / this.chunkSectors;
  }

  #spareOfChunk(newChunk: number): number {
    return newChunk - this.#spareChunk(0);
  }

  #chunkOf(sector: number): number {
    return sector / this.chunkSectors;
  }
}

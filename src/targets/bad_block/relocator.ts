/**
 * The relocator: reads and writes blocks of a disk some of whose blocks live in spares.
 *
 * | a block is | then |
 * |---|---|
 * | marked: it could not be read, or somebody said so | the next write relocates it |
 * | being relocated | other writers of it wait; those under way in place were waited for |
 * | relocated | its exception is settled, its mark gone |
 *
 * A relocation holds one block and waits for writers only, who never wait while they are inside their
 * fence: so relocations do not wait for each other in a circle.
 *
 * **Failure** of a spare retires it, and the next one is tried. A block of which only a part is
 * written needs the rest: it is read before a spare is taken, so that a block that cannot be read
 * costs no spare. When the table cannot be written nobody knows what a later load will find in it: the
 * block is marked, and takes no more writes in place that would be lost by then.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError, codeOf } from "../../block/errors.ts";
import { type Plan, readStep, type Step, writeStep, zeroStep } from "../../block/plan.ts";
import { bytesToSectors, chunkOf, sectorsToBytes } from "../../block/units.ts";
import { ChunkFence, type ExceptionTable, type RelocationStore } from "../../exception/mod.ts";
import type { RelocationLayout, TableEvent } from "../../exception/mod.ts";
import type { Mapping } from "../target.ts";

/** Something that happened to a disk with bad blocks. Sectors are the target's, spares the device's. */
export type BadBlockEvent =
  | Extract<TableEvent, { kind: "usage" }>
  | { readonly kind: "relocated"; readonly sector: number; readonly spareSector: number }
  | { readonly kind: "unreadable"; readonly sector: number }
  | { readonly kind: "spare retired"; readonly spareSector: number }
  | { readonly kind: "table copy failed"; readonly copy: 1 | 2 }
  | { readonly kind: "spares exhausted"; readonly sector: number };

/** A write, or a part of one, counted on the device, before relocation. */
export interface BlockWrite {
  /** The first sector. */
  readonly sector: number;
  /** How many. */
  readonly sectorCount: number;
  /** The bytes, or `null` for zeroes. */
  readonly source: Uint8Array | null;
  /** Whether it must be durable when it ends. */
  readonly fua: boolean;
}

/** Relocates blocks as requests find them bad. */
export class Relocator {
  readonly store: RelocationStore;
  readonly table: ExceptionTable;
  /** Blocks that the next write relocates. */
  readonly marked: Set<number>;
  readonly #layout: RelocationLayout;
  readonly #onEvent: (event: BadBlockEvent) => void;
  /** Writes under way, by block. */
  readonly #writers = new ChunkFence();
  /** Relocations under way, by block. */
  readonly #relocations = new ChunkFence();

  /**
   * A relocator over an open table.
   *
   * @param layout Where everything lies.
   * @param opened The table and its store.
   * @param marked Blocks that are marked already.
   * @param onEvent Told of what happens.
   */
  constructor(
    layout: RelocationLayout,
    opened: { readonly store: RelocationStore; readonly table: ExceptionTable },
    marked: Set<number>,
    onEvent: (event: BadBlockEvent) => void,
  ) {
    this.#layout = layout;
    this.store = opened.store;
    this.table = opened.table;
    this.marked = marked;
    this.#onEvent = onEvent;
    this.table.onEvent = (event) => {
      if (event.kind === "usage") onEvent(event);
    };
  }

  /** Whether requests are under way that a synchronous one would have to wait for. */
  get isBusy(): boolean {
    return !this.#writers.isEmpty || !this.#relocations.isEmpty || this.table.isBusy;
  }

  // Reading.

  /**
   * Reads sectors that lie together.
   *
   * @param target Filled whole.
   * @param sector The first sector, on the device, before relocation.
   * @param place Where they are now.
   * @returns How many sectors were read.
   * @throws {BlockDeviceError} `EIO`; blocks that cannot be read are marked then.
   */
  *read(target: Uint8Array, sector: number, place: number): Plan<number> {
    try {
      yield readStep(this.#layout.device, target, place);
    } catch (error) {
      if (codeOf(error) !== "EIO") throw error;
      yield* this.#readBlocks(target, sector, error);
    }
    return bytesToSectors(target.byteLength);
  }

  /** Reads block by block, where each is by now, to tell the bad ones from the others. */
  *#readBlocks(bytes: Uint8Array, sector: number, cause: unknown): Plan {
    const { device, blockSectors, startSector } = this.#layout;
    const end = sector + bytesToSectors(bytes.byteLength);
    let bad = -1;
    for (let at = sector; at < end;) {
      const block = chunkOf(at, blockSectors);
      const next = Math.min(end, (block + 1) * blockSectors);
      const piece = bytes.subarray(sectorsToBytes(at - sector), sectorsToBytes(next - sector));
      const place = this.#placeOf(at);
      try {
        yield readStep(device, piece, place);
      } catch (error) {
        if (codeOf(error) !== "EIO") throw error;
        if (bad < 0) bad = at;
        if (this.#placeOf(at) === place) this.#mark(block);
      }
      at = next;
    }
    if (bad < 0) return;
    throw new BlockDeviceError(
      "EIO",
      `Cannot read sector ${bad - startSector} of "${device.name}": its block is bad; a write ` +
        "will relocate it",
      { device: device.name, sector: bad - startSector, cause },
    );
  }

  #mark(block: number): void {
    if (this.marked.has(block)) return;
    const { blockSectors, startSector } = this.#layout;
    this.marked.add(block);
    this.#onEvent({ kind: "unreadable", sector: block * blockSectors - startSector });
  }

  /** Where a sector is now. */
  #placeOf(sector: number): number {
    const { blockSectors } = this.#layout;
    const block = chunkOf(sector, blockSectors);
    const spare = this.table.find(block, 1);
    return spare < 0 ? sector : sector + (spare - block) * blockSectors;
  }

  // Writing.

  /**
   * Writes sectors that lie together, relocating what needs it.
   *
   * @param write What, counted on the device, before relocation.
   * @param place Where the sectors are now.
   * @returns How many sectors were written, from the first on. 0: something was waited for, ask again.
   * @throws {BlockDeviceError} `EIO` when a block could neither be written nor relocated.
   */
  *write(write: BlockWrite, place: number): Plan<number> {
    const { blockSectors } = this.#layout;
    const { sector, sectorCount } = write;
    const first = chunkOf(sector, blockSectors);
    const last = chunkOf(sector + sectorCount - 1, blockSectors);
    if (this.#relocations.isOccupied(first, last)) return yield* this.#drained(first, last);
    const isCareful = this.marked.size > 0 && this.#hasMark(first, last);
    if (!isCareful && (yield* this.#couldWrite(write, place))) return sectorCount;
    for (let at = sector; at < sector + sectorCount;) {
      const block = chunkOf(at, blockSectors);
      const next = Math.min(sector + sectorCount, (block + 1) * blockSectors);
      if (!(yield* this.#writeBlock(block, part(write, at, next)))) return at - sector;
      at = next;
    }
    return sectorCount;
  }

  /**
   * Answers a discard: it goes where the sectors are, but not beside a relocation, which would bring
   * back what it has read before.
   *
   * @param request The discard.
   * @param sector Its first sector, on the device, before relocation.
   * @param sectorCount How many sectors from there on lie together.
   * @param place Where they are now.
   */
  mapDiscard(request: Mapping, sector: number, sectorCount: number, place: number): void {
    const { device, blockSectors } = this.#layout;
    const first = chunkOf(sector, blockSectors);
    const last = chunkOf(sector + sectorCount - 1, blockSectors);
    const isMoving = this.#relocations.isOccupied(first, last);
    if (isMoving) return request.submit(this.#drained(first, last));
    request.remap(device, place, sectorCount);
    request.track(this.#writers, first, last);
  }

  /** Waits for relocations; then the request is asked for again. */
  *#drained(first: number, last: number): Plan<number> {
    yield* this.#relocations.drain(first, last);
    return 0;
  }

  #hasMark(first: number, last: number): boolean {
    for (const block of this.marked) if (first <= block && block <= last) return true;
    return false;
  }

  /** Writes where the sectors are now; tells whether the device took it. */
  *#couldWrite(write: BlockWrite, place: number): Plan<boolean> {
    const { blockSectors } = this.#layout;
    const { sector, sectorCount } = write;
    const stay = this.#writers.enter(
      chunkOf(sector, blockSectors),
      chunkOf(sector + sectorCount - 1, blockSectors),
    );
    try {
      yield this.#stepFor(write, place);
      return true;
    } catch (error) {
      if (codeOf(error) !== "EIO") throw error;
      return false;
    } finally {
      this.#writers.leave(stay);
    }
  }

  #stepFor({ source, sectorCount, fua }: BlockWrite, place: number): Step {
    const { device } = this.#layout;
    return source === null
      ? zeroStep(device, place, sectorCount, fua)
      : writeStep(device, source, place, fua);
  }

  /** Writes in one block, relocating it if need be; tells whether it did, or has to be asked again. */
  *#writeBlock(block: number, write: BlockWrite): Plan<boolean> {
    if (this.#relocations.isOccupied(block, block)) {
      yield* this.#relocations.drain(block, block);
      return false;
    }
    if (!this.marked.has(block)) {
      if (yield* this.#couldWrite(write, this.#placeOf(write.sector))) return true;
      // Somebody else may have found out first.
      if (this.#relocations.isOccupied(block, block)) return false;
    }
    const stay = this.#relocations.enter(block, block);
    try {
      yield* this.#writers.drain(block, block);
      const bytes = yield* this.#blockWith(block, write);
      yield* this.#relocate(block, bytes);
      return true;
    } finally {
      this.#relocations.leave(stay);
    }
  }

  /** The whole block as it is to be. */
  *#blockWith(block: number, { source, sector, sectorCount }: BlockWrite): Plan<Uint8Array> {
    const { device, blockSectors } = this.#layout;
    if (sectorCount === blockSectors && source !== null) return source;
    const bytes = new Uint8Array(sectorsToBytes(blockSectors));
    if (sectorCount < blockSectors) {
      try {
        yield readStep(device, bytes, this.#placeOf(block * blockSectors));
      } catch (cause) {
        if (codeOf(cause) === "EIO") this.#mark(block);
        const why = "the rest of its block cannot be read; write the whole block";
        throw this.#failed(block, why, cause);
      }
    }
    const start = sectorsToBytes(sector - block * blockSectors);
    if (source === null) bytes.fill(0, start, start + sectorsToBytes(sectorCount));
    else bytes.set(source, start);
    return bytes;
  }

  /** Gives a block a spare that takes its bytes, durably. */
  *#relocate(block: number, bytes: Uint8Array): Plan {
    const { device, blockSectors, startSector } = this.#layout;
    const { table } = this;
    const sector = block * blockSectors - startSector;
    for (;;) {
      const isAgain = table.find(block, 1) >= 0;
      let spareSector = -1;
      const fill = function* ({ newChunk }: { newChunk: number }): Plan {
        spareSector = newChunk * blockSectors;
        yield writeStep(device, bytes, spareSector);
      };
      let madeCount = 0;
      const wasWhole = this.store.areCopiesWhole;
      try {
        while (!isAgain && table.breakableChunks(block, block) === 0) yield* table.unblocked(block);
        madeCount = isAgain
          ? yield* table.replace(block, fill)
          : yield* table.break(block, 1, "now", fill);
      } catch (cause) {
        this.#tellOfCopies(wasWhole);
        if (!table.isValid) {
          this.marked.add(block);
          throw this.#failed(block, "its table cannot be written", cause);
        }
        this.#onEvent({ kind: "spare retired", spareSector });
        continue;
      }
      this.#tellOfCopies(wasWhole);
      if (madeCount === 0) {
        this.#onEvent({ kind: "spares exhausted", sector });
        throw this.#failed(block, "no spare is left");
      }
      this.marked.delete(block);
      return this.#onEvent({ kind: "relocated", sector, spareSector });
    }
  }

  #tellOfCopies(wasWhole: readonly [boolean, boolean]): void {
    const isWhole = this.store.areCopiesWhole;
    for (const copy of [0, 1] as const) {
      if (!wasWhole[copy] || isWhole[copy]) continue;
      this.#onEvent({ kind: "table copy failed", copy: copy === 0 ? 1 : 2 });
    }
  }

  #failed(block: number, why: string, cause?: unknown): BlockDeviceError {
    const { device, blockSectors, startSector } = this.#layout;
    const sector = block * blockSectors - startSector;
    return new BlockDeviceError(
      "EIO",
      `Cannot relocate the block at sector ${sector} of "${device.name}": ${why}`,
      { device: device.name, sector, cause },
    );
  }
}

/** The part of a write from one sector to another, the last one excluded. */
function part({ sector, source, fua }: BlockWrite, start: number, end: number): BlockWrite {
  const bytes = source?.subarray(sectorsToBytes(start - sector), sectorsToBytes(end - sector));
  return { sector: start, sectorCount: end - start, source: bytes ?? null, fua };
}

/**
 * `bbr`: a disk whose bad blocks live elsewhere on it.
 *
 *     0 100000 bbr /dev/vda 0 100000 100001 1 100002 31 512
 *
 * The second consumer of the exception table, as the 2003 proposal wanted it: a relocated block is an
 * exception whose old chunk is the block and whose new chunk is a spare.
 *
 * | request | block in place | relocated |
 * |---|---|---|
 * | read | in place; when that fails: `EIO`, and the block is *marked* | its spare |
 * | write | in place; marked, or when that fails: relocated | its spare; when that fails: another one |
 *
 * **A read that fails is an error.** What was there is not known, so nothing is put in its place. The
 * mark makes the next write of the block relocate it at once, instead of trusting a weak place again.
 *
 * **A write that fails is relocated**, and answered only when its data and the table's entry are
 * durable. A spare that fails is retired and the next one tried. A write of part of a block needs the
 * rest: when that cannot be read the write fails, and a write of the whole block succeeds.
 *
 * **Order**: while a block is being relocated writers of it wait, and those that were under way in
 * place are waited for before the rest of the block is read. So no sector that somebody else wrote
 * beside is lost.
 *
 * **Failure**: no spare left, or both copies of the table fail: the write fails with `EIO`. Everything
 * else goes on, with the relocations there are.
 *
 * This module is browser compatible.
 *
 * @see dm-bbr of EVMS 2.5.5; `relocation/table_sector.ts` for what is kept of it and what is stricter
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../../block/device.ts";
import { assert } from "../../block/errors.ts";
import { flushStep, type Plan } from "../../block/plan.ts";
import { chunkOf, sectorsToBytes } from "../../block/units.ts";
import { ExceptionTable, type RelocationLayout, RelocationStore } from "../../exception/mod.ts";
import type { Mapping, Target } from "../target.ts";
import { type BadBlockLayout, checkLayout } from "./bad_block_layout.ts";
import { answerMessage } from "./bad_block_messages.ts";
import { type BadBlockEvent, Relocator } from "./relocator.ts";

/** What a bad-block target is made of. */
export interface BadBlockOptions extends BadBlockLayout {
  /** Told of what happens, as it happens. */
  readonly onEvent?: (event: BadBlockEvent) => void;
  /** Usage of the spares, in percent, at which an event is raised. Default 50, 80, 95. */
  readonly watermarksPercent?: readonly number[];
  /** Leave the table as it is: a copy that is behind is not mended. */
  readonly isReadOnly?: boolean;
  /** Takes what a kernel would log. */
  readonly log?: (line: string) => void;
  /** The device as table lines name it. Left out: its name. */
  readonly deviceWord?: (device: BlockDevice) => string;
}

interface OpenedTable {
  readonly store: RelocationStore;
  readonly table: ExceptionTable;
}

class BadBlockTarget implements Target {
  readonly type = "bbr";
  readonly sectorCount: number;
  readonly supports: DeviceSupports;
  readonly limits: DeviceLimits;
  readonly devices: readonly BlockDevice[];
  onEvent: () => void = () => {};
  readonly #options: BadBlockOptions;
  readonly #layout: RelocationLayout;
  readonly #marked = new Set<number>();
  #relocator: Relocator;
  /** Whether nobody else can have changed the table on the device since it was read. */
  #isCurrent = false;

  constructor(options: BadBlockOptions, layout: RelocationLayout, opened: OpenedTable) {
    this.#options = options;
    this.#layout = layout;
    this.#relocator = this.#relocatorOver(opened);
    this.sectorCount = layout.sectorCount;
    this.supports = layout.device.supports;
    this.limits = layout.device.limits;
    this.devices = [layout.device];
  }

  map(request: Mapping): void {
    const { blockSectors, startSector } = this.#layout;
    const sector = startSector + request.sector;
    const first = chunkOf(sector, blockSectors);
    const last = chunkOf(sector + request.sectorCount - 1, blockSectors);
    const { table } = this.#relocator;
    const spare = table.find(first, last - first + 1);
    const runEnd = (first + table.runLength) * blockSectors;
    const sectorCount = Math.min(request.sectorCount, runEnd - sector);
    const place = spare < 0 ? sector : sector + (spare - first) * blockSectors;
    if (request.kind === "discard") {
      return this.#relocator.mapDiscard(request, sector, sectorCount, place);
    }
    if (request.kind === "read") {
      assert(request.target !== null, "a read has a target");
      const target = request.target.subarray(0, sectorsToBytes(sectorCount));
      return request.submit(this.#relocator.read(target, sector, place));
    }
    const { fua } = request;
    const source = request.source?.subarray(0, sectorsToBytes(sectorCount)) ?? null;
    request.submit(this.#relocator.write({ sector, sectorCount, source, fua }, place));
  }

  *planFlush(): Plan {
    yield flushStep(this.#layout.device);
  }

  isBusy(): boolean {
    return this.#relocator.isBusy;
  }

  /** `used/total retired marked AA`: spares, marked blocks, a letter for each copy of the table. */
  status(): string {
    const { usedCount, retiredCount, areCopiesWhole } = this.#relocator.store;
    const letters = areCopiesWhole.map((isWhole) => isWhole ? "A" : "D").join("");
    const { spareCount } = this.#layout;
    return `${usedCount}/${spareCount} ${retiredCount} ${this.#marked.size} ${letters}`;
  }

  table(): string {
    const { device, startSector, copySectors, spareSector, spareCount, blockSectors } =
      this.#layout;
    const word = this.#options.deviceWord?.(device) ?? device.name;
    return `${word} ${startSector} ${copySectors.join(" ")} ${this.#options.tableSectors} ` +
      `${spareSector} ${spareCount} ${sectorsToBytes(blockSectors)}`;
  }

  message(words: readonly string[]): string {
    const { startSector, blockSectors } = this.#layout;
    return answerMessage(words, {
      sectorCount: this.sectorCount,
      relocations: () =>
        this.#relocator.table.runs().flatMap(({ oldChunk, newChunk, count }) =>
          Array.from({ length: count }, (_, index) => ({
            sector: (oldChunk + index) * blockSectors - startSector,
            spareSector: (newChunk + index) * blockSectors,
          }))
        ),
      marks: () => [...this.#marked].map((block) => block * blockSectors - startSector),
      mark: (sector) => void this.#marked.add(chunkOf(startSector + sector, blockSectors)),
      unmark: (sector) => this.#marked.delete(chunkOf(startSector + sector, blockSectors)),
      blockStart: (sector) => sector - (sector % blockSectors),
    });
  }

  /** Reads the table once more: until now another target may have relocated blocks of this device. */
  *resume(): Plan {
    if (!this.#isCurrent) {
      const opened = yield* openTable(this.#options, this.#layout);
      this.#relocator.table.destroy();
      this.#relocator = this.#relocatorOver(opened);
      this.#isCurrent = true;
    }
    const isWritable = this.#layout.device.supports.write && !(this.#options.isReadOnly ?? false);
    if (isWritable) yield* this.#relocator.store.mend();
  }

  *destroy(): Plan {
    this.#relocator.table.destroy();
  }

  #relocatorOver(opened: OpenedTable): Relocator {
    return new Relocator(this.#layout, opened, this.#marked, (event) => {
      this.#options.onEvent?.(event);
      this.onEvent();
    });
  }
}

function* openTable(
  { log, watermarksPercent }: BadBlockOptions,
  layout: RelocationLayout,
): Plan<OpenedTable> {
  const store = new RelocationStore(layout, log);
  const { table } = yield* ExceptionTable.open({
    source: layout.device,
    destination: layout.device,
    store,
    ...(watermarksPercent === undefined ? {} : { watermarksPercent }),
  });
  return { store, table };
}

/**
 * Plans a bad-block target: checks where everything lies and reads the table. A table of zeroes is a
 * new one; it is written when the target is resumed.
 *
 * @param options What it is made of.
 * @returns The target.
 * @throws {BlockDeviceError} When it cannot be made; nothing was changed.
 */
export function* planBadBlock(options: BadBlockOptions): Plan<Target> {
  const layout = checkLayout(options);
  return new BadBlockTarget(options, layout, yield* openTable(options, layout));
}

/**
 * A read cache: a read-only view of a slow origin that keeps what was read on a COW device.
 *
 * | request | exception complete | pending or absent |
 * |---|---|---|
 * | read | the COW device | see `copy_on_read.ts` |
 * | anything else | refused: the device is read-only | refused |
 *
 * It is an exception table and copy-on-read, and no snapshot: it is not among the origin's snapshots,
 * and nothing keeps the old data when the origin is overwritten. So the origin must stay as it is, its
 * size included, as long as the COW device is used for it.
 *
 * **Failure**: when the COW device fails, or its exceptions were invalid from the start, everything is
 * read from the origin and nothing is kept. A read fails because of the origin, or because the COW
 * device refuses to read back what it holds.
 *
 * dm has a target `cache` with other arguments and another purpose; this one has no table line.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../block/device.ts";
import { assert, BlockDeviceError } from "../block/errors.ts";
import type { Plan } from "../block/plan.ts";
import { chunkOf, isAligned } from "../block/units.ts";
import {
  chunkSizeFault,
  ExceptionTable,
  PersistentStore,
  type TableEvent,
  type TableTuning,
} from "../exception/mod.ts";
import { CopyOnRead, FETCH_SECTORS_MAX, requireFace } from "./copy_on_read.ts";
import type { Mapping, Target } from "./target.ts";

/** What a cache is made of. */
export interface CacheOptions extends Omit<TableTuning, "durability"> {
  /** The device that it is a view of. It needs neither writes nor the synchronous face. */
  readonly origin: BlockDevice;
  /** The device that keeps what was read. A new one begins with zeroes. */
  readonly cow: BlockDevice;
  /** Sectors in a chunk: what is fetched at least. 0, the default, is 32 on a new COW device. */
  readonly chunkSectors?: number;
  /** The share of the COW device, in percent, beyond which reads are not kept. Default 100. */
  readonly copyOnReadPercentMax?: number;
  /** Told of watermarks and invalidation, as they happen. */
  readonly onEvent?: (event: TableEvent) => void;
}

class CacheTarget implements Target {
  readonly type = "read-cache";
  readonly sectorCount: number;
  readonly supports: DeviceSupports;
  readonly limits: DeviceLimits;
  readonly devices: readonly BlockDevice[];
  readonly #table: ExceptionTable;
  readonly #copyOnRead: CopyOnRead;
  #onEvent: () => void = () => {};

  constructor(options: CacheOptions, table: ExceptionTable, copyOnRead: CopyOnRead) {
    const { origin, cow } = options;
    this.#table = table;
    this.#copyOnRead = copyOnRead;
    this.sectorCount = origin.sectorCount;
    this.devices = [origin, cow];
    this.supports = Object.freeze({
      sync: origin.supports.sync && cow.supports.sync,
      write: false,
      discard: false,
      discardZeroes: false,
      permanence: origin.supports.permanence,
    });
    this.limits = { logicalSectors: blockSectors(options), preferredSectors: table.chunkSectors };
    table.onEvent = (event) => {
      options.onEvent?.(event);
      this.#onEvent();
    };
  }

  set onEvent(listener: () => void) {
    this.#onEvent = listener;
  }

  map(request: Mapping): void {
    const { kind, sector, sectorCount } = request;
    assert(kind === "read", "a read-only device lets only reads through");
    const table = this.#table;
    if (!table.isValid) {
      requireFace(request, table.source);
      return request.remap(table.source, sector, sectorCount);
    }
    const { chunkSectors } = table;
    const chunk = chunkOf(sector, chunkSectors);
    const last = chunkOf(sector + sectorCount - 1, chunkSectors);
    const newChunk = table.find(chunk, last - chunk + 1);
    const runEnd = (chunk + table.runLength) * chunkSectors;
    const count = Math.min(sectorCount, runEnd - sector);
    if (newChunk >= 0) {
      return request.remap(table.destination, (newChunk - chunk) * chunkSectors + sector, count);
    }
    const read = this.#copyOnRead.planRead(request, table, count);
    if (read === null) request.remap(table.source, sector, count);
    else request.submit(read);
  }

  /** Makes durable what was kept. That it cannot be is nothing that a reader has to know. */
  *planFlush(): Plan {
    const table = this.#table;
    if (!table.isValid) return;
    try {
      yield* table.settle();
    } catch (error) {
      if (table.isValid) throw error;
    }
  }

  isBusy(): boolean {
    return this.#table.isBusy;
  }

  status(): string {
    return this.#table.status();
  }

  table(): string {
    const { source, destination, chunkSectors } = this.#table;
    return `${source.name} ${destination.name} ${chunkSectors}`;
  }

  *destroy(): Plan {
    yield* this.#table.freeze();
    yield* this.planFlush();
    this.#table.destroy();
  }
}

/** What requests must be aligned to. */
function blockSectors({ origin, cow }: CacheOptions): number {
  return Math.max(origin.limits.logicalSectors, cow.limits.logicalSectors);
}

function checkOptions(options: CacheOptions): void {
  const { origin, cow, chunkSectors = 0 } = options;
  const unit = blockSectors(options);
  const fault = chunkSectors === 0 ? null : chunkSizeFault(chunkSectors, [origin, cow]);
  const why = origin === cow
    ? "it is its own COW device, want another one"
    : chunkSectors > FETCH_SECTORS_MAX
    ? `chunks of ${chunkSectors} sectors are too large to be kept, want at most ${FETCH_SECTORS_MAX}`
    : !isAligned(origin.sectorCount, unit)
    ? `it has ${origin.sectorCount} sectors, want a multiple of ${unit}, a block of "${cow.name}"`
    : fault?.clause ?? null;
  if (why !== null) throw new BlockDeviceError("EINVAL", `Cannot cache "${origin.name}": ${why}`);
}

/**
 * Plans a cache: checks what it is made of and reads what an earlier one has kept.
 *
 * @param options What it is made of.
 * @returns The target.
 * @throws {BlockDeviceError} When it cannot be made; nothing was changed.
 */
export function* planCache(options: CacheOptions): Plan<Target> {
  checkOptions(options);
  const { origin, cow, chunkSectors = 0, log = () => {} } = options;
  const copyOnRead = new CopyOnRead(options.copyOnReadPercentMax ?? 100);
  const parts = { cow, source: origin, chunkSectors, hasOverflow: false, log };
  const store = new PersistentStore(parts);
  const opened = yield* ExceptionTable.open({
    ...options,
    source: origin,
    destination: cow,
    store,
  });
  return new CacheTarget(options, opened.table, copyOnRead);
}

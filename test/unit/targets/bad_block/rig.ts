/**
 * Disks with bad blocks: where everything lies on them, and the bad-block target over them.
 */
import type { BlockDevice } from "../../../../src/block/device.ts";
import { codeOf } from "../../../../src/block/errors.ts";
import { type Plan, runSync } from "../../../../src/block/plan.ts";
import type { MappedDevice } from "../../../../src/mapper/mapped_device.ts";
import { planDevice } from "../../../../src/mapper/stack.ts";
import {
  type BadBlockEvent,
  type BadBlockLayout,
  type BadBlockOptions,
  planBadBlock,
} from "../../../../src/targets/mod.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { SimulatedDisk } from "../../../../src/testing/simulated_disk.ts";

/** How large everything is. */
export interface PlaceSetUp {
  readonly blockSectors?: number;
  readonly blockCount?: number;
  readonly spareCount?: number;
  readonly logicalSectors?: number;
}

/** Where everything lies, apart from the device. */
export type Places = Omit<BadBlockLayout, "device"> & {
  readonly blockSectors: number;
  /** The size of a device that is just large enough. */
  readonly endSector: number;
};

/**
 * Lays out a device: two blocks that are nobody's, blocks in use, the copies with a gap in between,
 * spares.
 */
export function placesFor(setUp: PlaceSetUp = {}): Places {
  const { blockSectors = 1, blockCount = 40, spareCount = 8, logicalSectors = 1 } = setUp;
  const round = (sector: number, unit: number) => Math.ceil(sector / unit) * unit;
  const startSector = 2 * blockSectors;
  const sectorCount = blockCount * blockSectors;
  const tableSectors = round(Math.ceil(spareCount / 31), logicalSectors);
  const first = round(startSector + sectorCount, logicalSectors);
  const second = first + tableSectors + logicalSectors;
  const spareSector = round(second + tableSectors, blockSectors);
  return {
    startSector,
    sectorCount,
    copySectors: [first, second],
    tableSectors,
    spareSector,
    spareCount,
    blockSectors,
    endSector: spareSector + spareCount * blockSectors,
  };
}

/** The first write to every block: what a disk holds before a test begins. */
export const FIRST_WRITE = 1;

/** What the target reads as, before a test begins. Sectors are the target's. */
export function firstContents({ sectorCount }: Places): Uint8Array<ArrayBuffer> {
  return patternOf(FIRST_WRITE, 0, sectorCount);
}

/** A disk with contents everywhere in use and no table yet. */
export function createDisk(places: Places, options: PlaceSetUp & { seed?: string } = {}) {
  const bytes = new Uint8Array(places.endSector * 512);
  bytes.set(firstContents(places), places.startSector * 512);
  const { logicalSectors = 1, seed = "disk" } = options;
  return new SimulatedDisk({ name: "disk", bytes, logicalSectors, seed });
}

/** The target over a disk, as the mapper makes it. */
export function planOver(
  device: BlockDevice,
  places: Places,
  options: Partial<BadBlockOptions> = {},
): Plan<MappedDevice> {
  return planDevice("bbr", planBadBlock({ ...places, device, ...options }));
}

/** What is built of a set-up. */
export interface BadBlockBench {
  readonly places: Places;
  readonly disk: SimulatedDisk;
  readonly device: MappedDevice;
  readonly events: BadBlockEvent[];
  readonly log: string[];
  /** Breaks or mends blocks of the target, where they were at first. */
  breakBlocks(block: number, count: number, fails?: { reads: boolean; writes: boolean }): void;
  /** Breaks or mends a spare. */
  breakSpare(spare: number, fails?: { reads: boolean; writes: boolean }): void;
  /** Breaks or mends a sector of a copy of the table. */
  breakTable(copy: 0 | 1, fails?: { reads: boolean; writes: boolean }): void;
  status(): string;
  message(...words: string[]): string;
  write(write: number, sector: number, sectorCount: number): void;
  read(): Uint8Array;
  /** Closes the device, and opens one over the same disk, or another one. */
  reopen(disk?: SimulatedDisk): BadBlockBench;
}

const UNWRITABLE = { reads: false, writes: true };

/** A device over a disk, and power over both. */
export function openBench(
  setUp: PlaceSetUp & { seed?: string } = {},
  options: Partial<BadBlockOptions> = {},
  disk?: SimulatedDisk,
): BadBlockBench {
  const places = placesFor(setUp);
  const { blockSectors, startSector, spareSector, copySectors, tableSectors } = places;
  const below = disk ?? createDisk(places, setUp);
  const events: BadBlockEvent[] = [];
  const log: string[] = [];
  const device = runSync(planOver(below, places, {
    onEvent: (event) => events.push(event),
    log: (line) => log.push(line),
    ...options,
  }));
  const target = () => {
    const [target] = device.activeTargets ?? [];
    if (target === undefined) throw new Error("There is no target");
    return target;
  };
  return {
    places,
    disk: below,
    device,
    events,
    log,
    breakBlocks: (block, count, fails = UNWRITABLE) =>
      below.breakSectors(startSector + block * blockSectors, count * blockSectors, fails),
    breakSpare: (spare, fails = UNWRITABLE) =>
      below.breakSectors(spareSector + spare * blockSectors, blockSectors, fails),
    breakTable: (copy, fails = UNWRITABLE) =>
      below.breakSectors(copySectors[copy], tableSectors, fails),
    status: () => target().status(),
    message: (...words) => target().message?.(words) ?? "",
    write: (write, sector, sectorCount) =>
      device.writeSync(patternOf(write, sector, sectorCount), sector),
    read: () => contentsOf(device),
    reopen(other = below) {
      device.closeSync();
      return openBench(setUp, options, other);
    },
  };
}

/** Everything that a device reads as. */
export function contentsOf(device: MappedDevice): Uint8Array {
  const bytes = new Uint8Array(device.sectorCount * 512);
  device.readSync(bytes, 0);
  return bytes;
}

/** What the target reads as after writes, the later ones over the earlier. */
export function contentsAfter(
  places: Places,
  ...writes: readonly (readonly [write: number, sector: number, sectorCount: number])[]
): Uint8Array {
  const bytes = firstContents(places);
  for (const [write, sector, count] of writes) {
    bytes.set(
      write === 0 ? new Uint8Array(count * 512) : patternOf(write, sector, count),
      sector * 512,
    );
  }
  return bytes;
}

/** The code that a request fails with; `null` when it does not. */
export function failureOf(request: () => unknown): string | null {
  try {
    request();
    return null;
  } catch (error) {
    return codeOf(error);
  }
}

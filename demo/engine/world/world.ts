/**
 * The world: what there is, as a value. It says where everything lies on the medium, and is kept there
 * as text beside it, so that a page that is loaded again finds what it left.
 *
 * ```
 * sector 0          4096              2^23 + 4096        + 2^20      …       + 8 · 2^20
 * | notes, two slots | the origin's disk | COW device 0  | COW device 1 | … |
 * ```
 *
 * Each COW device has 512 MiB of address to grow in, and takes what was written of it: the medium is
 * sparse. The disk has its spare blocks behind its end, for `bad`.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { StoreType } from "../../../src/mod.ts";
import { MANIFEST_LOG_SECTORS } from "../../../src/disk/manifest/manifest_log.ts";
import type { Bill } from "../scene.ts";

/** The most sectors of an origin: a million chunks of 4 KiB. */
export const ORIGIN_SECTORS_MAX = 2 ** 23;
/** The most snapshots at a time. */
export const SNAPSHOTS_MAX = 8;
/** The most sectors of a COW device: 512 MiB. */
export const COW_SECTORS_MAX = 2 ** 20;
/** Sectors behind the disk's end for the tables and the spare blocks of `bbr`. */
export const SPARE_AREA_SECTORS = 1024;

const ORIGIN_START = MANIFEST_LOG_SECTORS;
const COWS_START = ORIGIN_START + ORIGIN_SECTORS_MAX + SPARE_AREA_SECTORS;
/** Sectors of the medium. */
export const MEDIUM_SECTORS = COWS_START + SNAPSHOTS_MAX * COW_SECTORS_MAX;

/** Where a device lies on the medium. */
export interface Region {
  readonly startSector: number;
  readonly sectorCount: number;
}

/** The disk that snapshots are taken of. */
export interface OriginFacts {
  readonly sectorCount: number;
  /** The unit in which it is written and drawn, in sectors. */
  readonly chunkSectors: number;
  /** Whether a bad-block target is between the disk and the origin. */
  readonly hasSpares: boolean;
  /** Its bad chunks. */
  readonly badChunks: readonly number[];
}

/** One snapshot. */
export interface SnapshotFacts {
  readonly name: string;
  readonly store: StoreType;
  readonly chunkSectors: number;
  /** Which COW device of the medium it has. */
  readonly slot: number;
  /** The size of its COW device. */
  readonly cowSectors: number;
  /** Whether it keeps what is read through it. */
  readonly isCache: boolean;
  /** `going on`: its merge has begun and has not ended. `done`: nothing was kept since it ended. */
  readonly merge: "none" | "going on" | "done";
}

/** Everything there is. Never changed: a command makes another one. */
export interface World {
  readonly origin: OriginFacts;
  /** In the order in which they were taken. */
  readonly snapshots: readonly SnapshotFacts[];
  readonly power: "on" | "off";
  readonly isCareless: boolean;
  readonly survivors: readonly string[];
  /** Writes of the visitor so far: the next one has the next number. */
  readonly writeCount: number;
  readonly bill: Omit<Bill, "usage">;
}

/**
 * A world with a disk of zeroes.
 *
 * @param sectorCount The disk's size.
 * @param chunkSectors Its unit.
 */
export function newWorld(sectorCount: number, chunkSectors: number): World {
  return {
    origin: { sectorCount, chunkSectors, hasSpares: false, badChunks: [] },
    snapshots: [],
    power: "on",
    isCareless: false,
    survivors: [],
    writeCount: 0,
    bill: { copiedSectors: 0, writtenSectors: 0, fullCopySectors: 0, commits: 0, flushes: 0 },
  };
}

/** Where the disk lies, with its spares. */
export function diskRegion({ origin }: World): Region {
  return { startSector: ORIGIN_START, sectorCount: origin.sectorCount + SPARE_AREA_SECTORS };
}

/** Where a snapshot's COW device lies. */
export function cowRegion({ slot, cowSectors }: SnapshotFacts): Region {
  return { startSector: COWS_START + slot * COW_SECTORS_MAX, sectorCount: cowSectors };
}

/** The name of a snapshot's COW device. */
export function cowName({ name }: Pick<SnapshotFacts, "name">): string {
  return `${name}-cow`;
}

/**
 * A COW device that nobody has.
 *
 * @returns Its number; -1 when there is none.
 */
export function freeSlot({ snapshots }: World): number {
  for (let slot = 0; slot < SNAPSHOTS_MAX; slot++) {
    if (snapshots.every((each) => each.slot !== slot)) return slot;
  }
  return -1;
}

/**
 * The world with one snapshot changed.
 *
 * @param world The world.
 * @param name Which one.
 * @param change What is different about it.
 */
export function withSnapshot(world: World, name: string, change: Partial<SnapshotFacts>): World {
  const snapshots = world.snapshots.map((each) =>
    each.name === name ? { ...each, ...change } : each
  );
  return { ...world, snapshots };
}

/**
 * The world when its stack has ended: what is only in memory is gone.
 *
 * @param world The world.
 * @returns The world without it, which says so, and what it was.
 */
export function withoutTransient(
  world: World,
): { readonly world: World; readonly lost: readonly SnapshotFacts[] } {
  const lost = world.snapshots.filter(({ store }) => store === "N");
  if (lost.length === 0) return { world, lost };
  const names = lost.map(({ name }) => name).join(", ");
  const sentence = `${names}: forgotten, as a transient store (N) is when its stack ends.`;
  const snapshots = world.snapshots.filter(({ store }) => store !== "N");
  return { world: { ...world, snapshots, survivors: [...world.survivors, sentence] }, lost };
}

/**
 * Where everything of a bad-block target lies on its device, and whether that can be.
 *
 *     |  blocks in use ......... | copy 1 | copy 2 | spares ... |
 *      startSector               copySectors        spareSector
 *
 * in any order, with anything between, but nothing on top of anything else. EVMS checked none of this
 * and believed its own planner.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { isAligned, isPowerOfTwo, SECTORS_MAX } from "../../block/units.ts";
import { type RelocationLayout, SLOTS_PER_SECTOR } from "../../exception/mod.ts";
import { TargetError } from "../target_error.ts";

/** The most spares a table is made for: it is held in memory. */
const SPARES_MAX = 2 ** 20;

/** The largest block, 1 MiB: a write of one sector may have to move it whole. */
const BLOCK_SECTORS_MAX = 2048;

/** What a layout is made of. All sectors are counted on the device. */
export interface BadBlockLayout extends Omit<RelocationLayout, "blockSectors"> {
  /** The device. */
  readonly device: BlockDevice;
  /** Sectors in each copy of the table. */
  readonly tableSectors: number;
  /** Sectors in a block, the unit of relocation: a power of two. Default: the device's block. */
  readonly blockSectors?: number;
}

/** A stretch of the device, with a name for people. */
interface Region {
  readonly name: string;
  readonly sector: number;
  readonly sectorCount: number;
}

function refuse(reason: string, why: string): TargetError {
  return new TargetError("EINVAL", reason, `Cannot relocate bad blocks: ${why}`);
}

function regionsOf(layout: BadBlockLayout, blockSectors: number): Region[] {
  const { startSector, sectorCount, copySectors, tableSectors, spareSector, spareCount } = layout;
  return [
    { name: "the blocks in use", sector: startSector, sectorCount },
    { name: "the first table", sector: copySectors[0], sectorCount: tableSectors },
    { name: "the second table", sector: copySectors[1], sectorCount: tableSectors },
    { name: "the spares", sector: spareSector, sectorCount: spareCount * blockSectors },
  ];
}

function requireNumbers(regions: readonly Region[]): void {
  for (const { name, sector, sectorCount } of regions) {
    if (
      Number.isSafeInteger(sector) && Number.isSafeInteger(sectorCount) && sector >= 0 &&
      sectorCount > 0 && sector + sectorCount <= SECTORS_MAX
    ) continue;
    throw refuse(
      "Invalid sector numbers",
      `${name} cannot be ${sectorCount} sectors at sector ${sector}`,
    );
  }
}

function requirePlaces(device: BlockDevice, regions: readonly Region[]): void {
  const { logicalSectors } = device.limits;
  for (const { name, sector, sectorCount } of regions) {
    if (sector + sectorCount > device.sectorCount) {
      const end = `"${device.name}" ends at sector ${device.sectorCount}`;
      throw refuse("Device too small", `${name} end at sector ${sector + sectorCount}, but ${end}`);
    }
    if (!isAligned(sector, logicalSectors) || !isAligned(sectorCount, logicalSectors)) {
      throw refuse(
        "Not aligned to the device's block",
        `${name} are ${sectorCount} sectors at sector ${sector}, want multiples of ${logicalSectors}`,
      );
    }
  }
  const sorted = [...regions].sort((a, b) => a.sector - b.sector);
  for (const [index, region] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next === undefined || region.sector + region.sectorCount <= next.sector) continue;
    throw refuse("Regions overlap", `${next.name} begin inside ${region.name}`);
  }
}

function requireBlocks(layout: BadBlockLayout, blockSectors: number): void {
  const { device, startSector, sectorCount, spareSector, spareCount, tableSectors } = layout;
  const { logicalSectors } = device.limits;
  if (
    !isPowerOfTwo(blockSectors) || blockSectors > BLOCK_SECTORS_MAX || blockSectors < logicalSectors
  ) {
    throw refuse(
      "Invalid block size",
      `a block of ${blockSectors} sectors cannot be used, want a power of two from ` +
        `${logicalSectors} to ${BLOCK_SECTORS_MAX}`,
    );
  }
  for (
    const [what, value] of [
      ["the first sector", startSector],
      ["the number of sectors", sectorCount],
      ["the first spare", spareSector],
    ] as const
  ) {
    if (isAligned(value, blockSectors)) continue;
    throw refuse(
      "Not aligned to the block size",
      `${what} is ${value}, want a multiple of ${blockSectors}, the block size`,
    );
  }
  if (spareSector === 0) throw refuse("Invalid sector numbers", "spares cannot begin at sector 0");
  if (!Number.isSafeInteger(spareCount)) {
    throw refuse("Invalid sector numbers", `there cannot be ${spareCount} spares`);
  }
  const roomCount = Math.min(SPARES_MAX, tableSectors * SLOTS_PER_SECTOR);
  if (spareCount <= roomCount) return;
  throw refuse(
    "Table too small",
    `${spareCount} spares are too many, want at most ${roomCount}: ${SLOTS_PER_SECTOR} a table ` +
      `sector, and no more than ${SPARES_MAX}`,
  );
}

/**
 * Checks a layout.
 *
 * @param layout The layout, from wherever.
 * @returns What the store needs of it.
 * @throws {TargetError} `EINVAL` when it cannot be.
 */
export function checkLayout(layout: BadBlockLayout): RelocationLayout {
  const blockSectors = layout.blockSectors ?? layout.device.limits.logicalSectors;
  const regions = regionsOf(layout, blockSectors);
  requireNumbers(regions);
  requireBlocks(layout, blockSectors);
  requirePlaces(layout.device, regions);
  return { ...layout, blockSectors };
}

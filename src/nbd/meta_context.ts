/**
 * `MetaContext`: something that can be said of every sector of an export, for BLOCK_STATUS.
 *
 * `base:allocation` is there for every export. It says which blocks of 4 KiB read as zeroes, by reading
 * them: right whatever the device is, and never a `hole`, of which a device does not tell. What a request
 * asks beyond 8 MiB is left to the next one, so that no request reads for long.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { type Plan, readStep } from "../block/plan.ts";
import { bytesToSectors, isAligned, sectorsToBytes } from "../block/units.ts";
import type { NbdExport } from "./export.ts";
import { ALLOCATION } from "./protocol.ts";
import { eachStretch } from "./zero_stretches.ts";

/** Sectors of which the same is said. */
export interface StatusExtent {
  /** How many. */
  readonly sectorCount: number;
  /** What is said of them: 32 bits whose meaning is the context's. */
  readonly flags: number;
}

/** Something that can be said of every sector. */
export interface MetaContext {
  /** For example `base:allocation`. */
  readonly name: string;
  /**
   * Plans an answer.
   *
   * @param sector The first sector.
   * @param sectorCount How many are asked for; at least one.
   * @returns Extents from `sector` on, at least one; they may end before what was asked for.
   */
  planStatus(sector: number, sectorCount: number): Plan<StatusExtent[]>;
}

const SCAN_SECTORS_MAX = bytesToSectors(8 * 1024 * 1024);

/** Whether what is read is aligned as the device wants it. */
function scanSectors(device: BlockDevice, sectorCount: number): number {
  const count = Math.min(sectorCount, SCAN_SECTORS_MAX);
  return isAligned(count, device.limits.logicalSectors) ? count : sectorCount;
}

/**
 * What `base:allocation` says of a device.
 *
 * @param device The device.
 * @returns The context.
 */
function allocationOf(device: BlockDevice): MetaContext {
  return {
    name: "base:allocation",
    *planStatus(sector, sectorCount) {
      const bytes = new Uint8Array(sectorsToBytes(scanSectors(device, sectorCount)));
      yield readStep(device, bytes, sector);
      const extents: StatusExtent[] = [];
      eachStretch(bytes, sectorsToBytes(sector), (from, to, isZero) => {
        extents.push({
          sectorCount: bytesToSectors(to - from),
          flags: isZero ? ALLOCATION.zero : 0,
        });
      });
      return extents;
    },
  };
}

/**
 * Everything that can be said of an export's sectors.
 *
 * @param each The export.
 * @returns Its contexts; the place of one is its number.
 */
export function contextsOf(each: NbdExport): readonly MetaContext[] {
  return [allocationOf(each.device), ...each.contexts ?? []];
}

/**
 * The contexts that a client's words choose.
 *
 * @param all What there is.
 * @param queries Names; with a colon at the end, a whole namespace if that is allowed.
 * @param allowsNamespace Whether it is: to list, not to choose.
 * @returns Places in `all`.
 */
export function chooseContexts(
  all: readonly MetaContext[],
  queries: readonly string[],
  allowsNamespace: boolean,
): number[] {
  const isChosen = (name: string) =>
    queries.some((query) =>
      query === name || (allowsNamespace && query.endsWith(":") && name.startsWith(query))
    );
  return [...all.keys()].filter((index) => isChosen((all[index] as MetaContext).name));
}

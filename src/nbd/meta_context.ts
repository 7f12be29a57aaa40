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
import { bytesToSectors, sectorsToBytes } from "../block/units.ts";
import { cutZeroes } from "../disk/image/image_pieces.ts";
import type { NbdExport } from "./export.ts";
import { ALLOCATION } from "./protocol.ts";

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

/** Zeroes are told from the rest by 4 KiB: fewer are not worth an extent, or a chunk of a reply. */
export const ZERO_UNIT_SECTORS = 8;

/** A multiple of every logical block. */
const SCAN_SECTORS_MAX = bytesToSectors(8 * 1024 * 1024);

/**
 * What `base:allocation` says of a device.
 *
 * @param device The device.
 * @returns The context.
 */
function zeroesOf(device: BlockDevice): MetaContext {
  return {
    name: "base:allocation",
    *planStatus(sector, sectorCount) {
      const bytes = new Uint8Array(sectorsToBytes(Math.min(sectorCount, SCAN_SECTORS_MAX)));
      yield readStep(device, bytes, sector);
      return [...cutZeroes(bytes, ZERO_UNIT_SECTORS)].map((part) => ({
        sectorCount: part.sectorCount,
        flags: part.isZero ? ALLOCATION.zero : 0,
      }));
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
  return [zeroesOf(each.device), ...each.contexts ?? []];
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

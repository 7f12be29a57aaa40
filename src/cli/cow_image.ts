/**
 * A COW image as it lies on disk, read without its origin.
 *
 * The origin's size is not written anywhere in it, so old chunks are taken as they are; everything
 * else is checked as it is when a snapshot is opened.
 *
 * @module
 */

import { checked } from "../block/checked.ts";
import type { BlockDevice } from "../block/device.ts";
import { type Plan, readStep, runSync } from "../block/plan.ts";
import { divCeil, SECTOR_BYTES, SECTORS_MAX } from "../block/units.ts";
import { AreaImage } from "../exception/store/area_image.ts";
import { readAreas } from "../exception/store/area_reader.ts";
import {
  AreaLayout,
  decodeHeader,
  type DiskHeader,
  HEADER_MAGIC,
} from "../exception/store/disk_format.ts";
import type { ExceptionRun } from "../exception/mod.ts";
import { readHeader } from "../exception/store/header_reader.ts";
import { CommandFailure } from "./failure.ts";

/** Stands in for an origin of any size. */
const ANY_ORIGIN = checked({
  name: "any origin",
  sectorCount: SECTORS_MAX,
  supports: { write: false, discard: false, discardZeroes: false, permanence: true },
  readSync: (target) => void target.fill(0),
  writeSync() {},
  flushSync() {},
  closeSync() {},
});

/** What a COW image says of itself. */
export interface CowHeader extends DiskHeader {
  /** Whether the exceptions may be used. */
  readonly isValid: boolean;
}

function* planHeader(cow: BlockDevice): Plan<CowHeader> {
  if (cow.sectorCount === 0) throw notCow(cow, "it is empty");
  const sector = new Uint8Array(SECTOR_BYTES * cow.limits.logicalSectors);
  yield readStep(cow, sector, 0);
  const header = decodeHeader(sector);
  if (header.magic !== HEADER_MAGIC) {
    throw notCow(cow, "it does not begin with a snapshot's header");
  }
  yield* readHeader({ cow, source: cow, chunkSectors: 0, log: () => {} });
  return { ...header, isValid: header.valid !== 0 };
}

function notCow(cow: BlockDevice, why: string): CommandFailure {
  return new CommandFailure(`"${cow.name}" is no COW image: ${why}`);
}

/**
 * Reads the header.
 *
 * @param cow The image.
 * @returns What it says; its chunk size can be used.
 * @throws {CommandFailure} When the image is something else.
 */
export function readCowHeader(cow: BlockDevice): CowHeader {
  return runSync(planHeader(cow));
}

/**
 * Reads the exceptions.
 *
 * @param cow The image.
 * @param header Its header.
 * @param onRun Called for every run, oldest first.
 * @returns How many areas there are.
 */
export function readCowRuns(
  cow: BlockDevice,
  header: CowHeader,
  onRun: (run: ExceptionRun) => void,
): number {
  const layout = new AreaLayout(header.chunkSectors);
  const image = new AreaImage(layout.chunkBytes, SECTOR_BYTES * cow.limits.logicalSectors);
  return runSync(readAreas(cow, ANY_ORIGIN, layout, onRun, image)).area + 1;
}

/**
 * Counts the exceptions.
 *
 * @param cow The image.
 * @param header Its header.
 * @returns How many chunks are excepted.
 */
export function countExceptions(cow: BlockDevice, header: CowHeader): number {
  let exceptionCount = 0;
  readCowRuns(cow, header, ({ count }) => exceptionCount += count);
  return exceptionCount;
}

/**
 * The smallest COW image that every chunk of an origin fits into, so that it never runs full.
 *
 * @param originSectors The origin's size.
 * @param chunkSectors Sectors in a chunk.
 * @returns Its size, in sectors.
 */
export function fittingSectors(originSectors: number, chunkSectors: number): number {
  return new AreaLayout(chunkSectors).fittingSectors(divCeil(originSectors, chunkSectors));
}

/**
 * Reading the header of a persistent COW device: fresh, loaded, invalid, or refused.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-snap-persistent.c, `read_header()` and `persistent_read_metadata()`
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError, type ErrorCode } from "../../block/errors.ts";
import { type Plan, readStep } from "../../block/plan.ts";
import { sectorsToBytes } from "../../block/units.ts";
import { chunkSizeFault } from "./chunk_size.ts";
import { decodeHeader } from "./disk_format.ts";
import { headerFaults } from "./header_faults.ts";

/** The chunk size of a fresh store when the table gives none: 16 KiB. */
const DEFAULT_CHUNK_SECTORS = 32;

/** What a header is read for. */
interface HeaderContext {
  readonly cow: BlockDevice;
  readonly source: BlockDevice;
  readonly chunkSectors: number;
  readonly log: (line: string) => void;
}

/** What was found. */
export interface HeaderFound {
  /** `fresh` when there is no store on the device yet. */
  readonly state: "fresh" | "loaded" | "invalid";
  /** Sectors in a chunk: the header's, else the table's, else the default. */
  readonly chunkSectors: number;
}

function refuse(cow: BlockDevice, code: ErrorCode, why: string): BlockDeviceError {
  return new BlockDeviceError(code, `Cannot load exceptions from "${cow.name}": ${why}`, {
    device: cow.name,
  });
}

/**
 * Reads and checks the header.
 *
 * @param context The devices, and what the table says.
 * @returns What was found.
 * @throws {BlockDeviceError} `EIO`, `ENXIO` for a foreign magic, `EINVAL` for a version or chunk size
 * that cannot be used.
 */
export function* readHeader(context: HeaderContext): Plan<HeaderFound> {
  const { cow, source, log } = context;
  const { logicalSectors } = cow.limits;
  if (cow.sectorCount < Math.max(logicalSectors, context.chunkSectors)) {
    throw refuse(cow, "EIO", `it has ${cow.sectorCount} sectors, too few for a header chunk`);
  }
  const block = new Uint8Array(sectorsToBytes(logicalSectors));
  yield readStep(cow, block, 0);
  const header = decodeHeader(block);
  if (header.magic === 0) {
    const chunkSectors = context.chunkSectors || Math.max(DEFAULT_CHUNK_SECTORS, logicalSectors);
    const sizeFault = chunkSizeFault(chunkSectors, [source, cow]);
    if (sizeFault !== null) throw refuse(cow, "EINVAL", sizeFault.clause);
    return { state: "fresh", chunkSectors };
  }
  const [fault] = headerFaults(header, [source, cow]);
  const { chunkSectors } = header;
  const isOverridden = context.chunkSectors !== 0 && chunkSectors !== context.chunkSectors;
  if (isOverridden && fault?.kind !== "foreignMagic") {
    log(
      `persistent snapshot: chunk size ${chunkSectors} in device metadata overrides ` +
        `table chunk size of ${context.chunkSectors}.`,
    );
  }
  if (fault !== undefined) {
    log(fault.log);
    throw refuse(cow, fault.code, fault.clause);
  }
  return { state: header.valid === 0 ? "invalid" : "loaded", chunkSectors };
}

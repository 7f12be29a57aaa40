/**
 * `NbdExport`: a device under a name that clients ask for.
 *
 * A server has a list of exports and nothing else: a name that is not in it leads nowhere, whatever it
 * looks like. The empty name is the first export's as well. The list may change: it is looked at anew
 * whenever a client asks. An export itself does not change, but that it ends; who has chosen it is told
 * `ESHUTDOWN` from then on.
 *
 * What an export can do is derived here, once, from its device. All connections to it share the device, so
 * a flush of one covers what was answered to any: `CAN_MULTI_CONN` is true.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { sectorsToBytes } from "../block/units.ts";
import type { MetaContext } from "./meta_context.ts";
import {
  type NbdMode,
  PAYLOAD_BYTES_MAX,
  STRING_BYTES_MAX,
  TRANSMISSION_FLAGS,
} from "./protocol.ts";
import type { Traffic } from "./traffic.ts";

/** A device that clients may use. */
export interface NbdExport {
  /** What clients ask for: at most 4096 bytes of UTF-8. */
  readonly name: string;
  /** A line for people. */
  readonly description: string;
  /** What is read and written. It stays open until `hasEnded`. */
  readonly device: BlockDevice;
  /** Refuses writes, whatever the device could do. */
  readonly isReadOnly?: boolean;
  /** What can be said of its sectors besides `base:allocation`. */
  readonly contexts?: readonly MetaContext[];
  /** Whether it is gone: every request is refused. */
  readonly hasEnded?: boolean;
  /** What is asked of it is counted here. */
  readonly traffic?: Traffic;
}

/** Sizes that requests must or should keep to. */
export interface BlockSizes {
  /** Every request is a multiple of this and aligned to it: any is. */
  readonly minimumBytes: number;
  /** What is handled well. */
  readonly preferredBytes: number;
  /** The longest READ or WRITE. */
  readonly maximumBytes: number;
}

/**
 * Finds an export.
 *
 * @param exports All of them.
 * @param name What a client asked for. Empty: the first.
 * @returns The export, or nothing.
 */
export function findExport(exports: readonly NbdExport[], name: string): NbdExport | null {
  return exports.find((each) => each.name === name) ?? (name === "" ? exports[0] ?? null : null);
}

/**
 * Refuses exports that cannot be told apart or named.
 *
 * @param exports All of them.
 * @throws {RangeError} When there is none, two have one name, or a text is too long.
 */
export function requireExports(exports: readonly NbdExport[]): void {
  if (exports.length === 0) {
    throw new RangeError("Cannot serve: found no export, want at least one");
  }
  const encoder = new TextEncoder();
  const seen = new Set<string>();
  for (const { name, description } of exports) {
    if (seen.has(name)) throw new RangeError(`Cannot serve two exports of the name "${name}"`);
    seen.add(name);
    for (const text of [name, description]) {
      const { length } = encoder.encode(text);
      if (length <= STRING_BYTES_MAX) continue;
      throw new RangeError(`Cannot serve: found ${length} bytes of text, want ${STRING_BYTES_MAX}`);
    }
  }
}

/**
 * The size of an export.
 *
 * @param each The export.
 * @returns Its bytes.
 */
export function exportBytes(each: NbdExport): number {
  return sectorsToBytes(each.device.sectorCount);
}

/**
 * Whether an export takes writes.
 *
 * @param each The export.
 * @returns Whether it does.
 */
export function isWritable(each: NbdExport): boolean {
  return each.device.supports.write && each.isReadOnly !== true;
}

/**
 * What an export can do.
 *
 * @param each The export.
 * @param mode The messages that were agreed on.
 * @param hasContexts Whether the client has chosen contexts of it.
 * @returns NBD's transmission flags.
 */
export function transmissionFlags(each: NbdExport, mode: NbdMode, hasContexts = false): number {
  const flags = TRANSMISSION_FLAGS;
  let all = flags.hasFlags | flags.sendFlush | flags.sendFua | flags.canMultiConn |
    flags.sendCache;
  if (mode !== "simple") all |= flags.sendDf;
  if (mode === "extended" && hasContexts) all |= flags.blockStatusPayload;
  if (!isWritable(each)) return all | flags.readOnly;
  all |= flags.sendWriteZeroes | flags.sendFastZero;
  return each.device.supports.discard ? all | flags.sendTrim : all;
}

/**
 * The sizes that requests must or should keep to.
 *
 * @param each The export.
 * @returns Them.
 */
export function blockSizes(each: NbdExport): BlockSizes {
  const { logicalSectors, preferredSectors } = each.device.limits;
  const blockBytes = sectorsToBytes(logicalSectors);
  // A client may refuse a preferred size that is no power of two, or is more than it may send.
  const preferredBytes = 2 ** Math.floor(Math.log2(Math.max(1, sectorsToBytes(preferredSectors))));
  return {
    minimumBytes: 1,
    preferredBytes: Math.min(Math.max(4096, blockBytes, preferredBytes), PAYLOAD_BYTES_MAX),
    maximumBytes: PAYLOAD_BYTES_MAX,
  };
}

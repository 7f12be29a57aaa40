/**
 * Taking a snapshot of an origin that clients read and write.
 *
 * | step | a client's write meanwhile |
 * |---|---|
 * | the COW image is made, without its name; the table is loaded | goes on |
 * | the disk is flushed, so that the flush below is short | goes on |
 * | the origin is suspended: requests under way end | waits |
 * | the snapshot is resumed: it guards its view, and what was before is durable | waits |
 * | the origin is resumed | goes on, and is not in the snapshot |
 * | the COW image gets its name | |
 *
 * Without the third step a long write, which other snapshots make go in parts, could be in the snapshot by
 * half. A WRITE_ZEROES of more than 32 MiB is several writes to the origin, and may be.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { divCeil } from "../../block/units.ts";
import { AreaLayout, chunkSizeFault } from "../../exception/mod.ts";
import {
  attachNew,
  type PlainOrigin,
  plainOrigin,
  refuse,
  snapshotLine,
  type StackParts,
} from "./stack_parts.ts";

/** A snapshot that is to be taken. */
export interface SnapshotRequest {
  /** Its name. */
  readonly name: string;
  /** Where its COW image is made. */
  readonly path: string;
  /** The unit of copy-on-write, in sectors. Default 8. */
  readonly chunkSectors?: number;
  /** The COW image's size. Default: so large that it never runs full. */
  readonly sectorCount?: number;
  /** dm's letters of the exception store. Default `P`. */
  readonly store?: "P" | "PO";
  /** Whether an image that is there is replaced. */
  readonly force?: boolean;
}

/** Refuses names that could not be told from another, or would draw on somebody's screen. */
function requirePrintable(name: string, what: string): void {
  if (/^[^\p{C}\s/](?:[^\p{C}/]*[^\p{C}\s/])?$/u.test(name)) return;
  throw refuse("EINVAL", what, "want a name of visible characters without a slash");
}

/** Begins a snapshot's view at a moment when no request of its origin is under way. */
async function beginView(
  { mapper }: StackParts,
  name: string,
  { device, disk }: PlainOrigin,
): Promise<void> {
  await disk.device.flush();
  const isHeld = device.isSuspended;
  if (!isHeld) await mapper.suspend(device.name);
  try {
    await mapper.resume(name);
  } finally {
    if (!isHeld) await mapper.resume(device.name);
  }
}

/**
 * Takes a snapshot. When that fails nothing has changed.
 *
 * @param parts The stack.
 * @param request What is wanted.
 */
export async function takeSnapshot(parts: StackParts, request: SnapshotRequest): Promise<void> {
  const { mapper } = parts;
  const { name, path, store = "P", chunkSectors = 8, force = false } = request;
  const what = `take the snapshot "${name}"`;
  requirePrintable(name, what);
  const fault = chunkSizeFault(chunkSectors, []);
  if (fault !== null) throw refuse("EINVAL", what, fault.clause);
  const origin = plainOrigin(parts, what);
  const { device, disk } = origin;
  if (device.inactiveTargets !== null) throw refuse("EBUSY", what, "the origin has two tables");
  const chunkCount = divCeil(device.sectorCount, chunkSectors);
  const sectorCount = request.sectorCount ??
    new AreaLayout(chunkSectors).fittingSectors(chunkCount);
  await attachNew(parts, { path, sectorCount, force }, async (image, appear) => {
    await mapper.create(name, null);
    try {
      await mapper.load(name, snapshotLine(disk, image, store, chunkSectors));
      await beginView(parts, name, origin);
      await appear();
    } catch (error) {
      await mapper.remove(name);
      throw error;
    }
  });
}

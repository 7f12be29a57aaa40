/**
 * Merging a snapshot into its origin while both are in use: how the exceptions change hands, and back.
 *
 * The table `snapshot-merge` is loaded into the origin beside the live one; the snapshot is suspended, so
 * that what was written to it is all there; when the origin is resumed it takes the exceptions over and
 * shows what the snapshot showed. What is left of the snapshot is removed. When all is merged, the table
 * `snapshot-origin` is loaded and resumed.
 *
 * This module is browser compatible.
 *
 * @see dm-snap.c, `__handover_exceptions()`
 * @module
 */

import { formatLine } from "../../mapper/table/table_line.ts";
import { RunningMerge } from "./running_merge.ts";
import {
  isInTransit,
  originLine,
  plainOrigin,
  refuse,
  snapshotOf,
  type StackParts,
} from "./stack_parts.ts";

/** Does the first thing; if the second fails, undoes it. */
async function reversibly(
  act: () => Promise<void>,
  next: () => Promise<void>,
  undo: () => Promise<void>,
): Promise<void> {
  await act();
  try {
    await next();
  } catch (error) {
    await undo();
    throw error;
  }
}

/**
 * Begins a merge. When that fails nothing has changed.
 *
 * @param parts The stack.
 * @param name The snapshot's name.
 * @returns The merge, which goes on.
 */
export async function beginMerge(parts: StackParts, name: string): Promise<RunningMerge> {
  const { mapper } = parts;
  const what = `merge "${name}"`;
  const snapshot = snapshotOf(parts, name, what);
  const { device: origin, disk } = plainOrigin(parts, what);
  const { target } = snapshot;
  const { sectorCount } = origin;
  if (snapshot.disk !== disk.device || target.sectorCount !== sectorCount) {
    throw refuse("EINVAL", what, "it is no snapshot of the whole origin");
  }
  if (isInTransit(snapshot.device) || isInTransit(origin)) {
    throw refuse("EBUSY", what, "it or the origin is suspended, or has two tables");
  }
  if (mapper.info(name).openCount > 0) throw refuse("EBUSY", what, "another table uses it");
  if (target.exceptions?.isValid !== true) throw refuse("EIO", what, "the snapshot is invalid");
  const chunkCount = target.exceptions.exceptionCount;
  const table = formatLine(0, sectorCount, "snapshot-merge", target.table());
  await reversibly(
    () => mapper.load(origin.name, table),
    () =>
      reversibly(
        () => mapper.suspend(name),
        () => mapper.resume(origin.name),
        () => mapper.resume(name),
      ),
    () => mapper.clear(origin.name),
  );
  await mapper.remove(name);
  return new RunningMerge(name, origin, chunkCount);
}

/**
 * Goes on with a merge that has failed.
 *
 * @param parts The stack.
 * @param merge The merge.
 */
export async function continueMerge({ mapper }: StackParts, merge: RunningMerge): Promise<void> {
  if (merge.origin.inactiveTargets !== null) {
    throw refuse("EBUSY", `merge "${merge.name}"`, "the origin has two tables");
  }
  // Resuming goes on with it, but only what is suspended is resumed.
  await mapper.suspend(merge.origin.name);
  await mapper.resume(merge.origin.name);
}

/**
 * Makes a plain origin again of a device whose merge has ended well.
 *
 * @param parts The stack.
 * @param merge The merge.
 * @returns Where the COW device is, which is detached if it is an image; `null` when somebody else was
 * quicker.
 */
export async function finishMerge(parts: StackParts, merge: RunningMerge): Promise<string | null> {
  const { mapper, images } = parts;
  const { origin } = merge;
  const [target] = origin.activeTargets ?? [];
  const disk = images.of(target?.devices[0]);
  const cow = target?.devices[1];
  if (merge.state !== "merged" || isInTransit(origin)) return null;
  if (disk === undefined || cow === undefined) return null;
  await mapper.load(origin.name, originLine(disk, origin.sectorCount));
  await mapper.resume(origin.name);
  const image = images.of(cow);
  if (image !== undefined && images.usersOf(cow).length === 0) await images.detach(image);
  return image?.path ?? cow.name;
}

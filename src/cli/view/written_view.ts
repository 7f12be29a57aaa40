/**
 * A view that is written, with everything that must not be lost by it.
 *
 * | the view is | then |
 * |---|---|
 * | an image | its snapshots keep their view if they are named |
 * | what a snapshot shows | its COW image is written; what it lies on is not, so nobody has to be named |
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { CommandFailure, EXIT_CODES } from "../failure.ts";
import { requireDistinct } from "../files.ts";
import { openKeptOrigin } from "./kept_origin.ts";
import { filesOf, openView, parseView } from "./view.ts";

/** What a command that writes is told. */
export interface WriteFlags {
  /** COW images of snapshots that keep their view. */
  readonly keep?: readonly string[];
}

/**
 * Opens a view, writes it, and makes that durable.
 *
 * @param word The view.
 * @param flags Who keeps what.
 * @param inputs Other files that the command was told, by what it calls them.
 * @param write Writes.
 * @returns What `write` returned.
 */
export async function writeView<Result>(
  word: string,
  { keep = [] }: WriteFlags,
  inputs: Readonly<Record<string, string>>,
  write: (device: BlockDevice) => Promise<Result>,
): Promise<Result> {
  const name = parseView(word);
  if (name.cows.length > 0 && keep.length > 0) {
    throw new CommandFailure(
      `--keep is for writes to an image: writing "${word}" changes no other snapshot`,
      EXIT_CODES.usage,
    );
  }
  const kept = Object.fromEntries(keep.map((path, index) => [`--keep ${index + 1}`, path]));
  requireDistinct({ ...filesOf(name), ...kept, ...inputs });
  await using view = await openView(word, "write");
  await using guarded = await openKeptOrigin(view.device, keep);
  const result = await write(guarded.origin);
  await guarded.origin.flush();
  guarded.requireKept();
  return result;
}
